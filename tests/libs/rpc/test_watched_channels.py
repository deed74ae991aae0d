"""The registry of channels is read again when its file changes: who may call, what for and how often follows it."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from deploy.local.keys import Keys, mint_channel_token
from libs.clock import system_clock
from libs.crowds import admission_and_quotas
from libs.errors import OmnithreadError
from libs.rpc.call import Caller
from libs.rpc.channels import ChannelRegistry, ChannelsInvalid
from libs.rpc.tokens import KeyRing, TokenVerifier
from libs.rpc.watched_channels import watched_channels
from libs.settings import ServiceSettings

SHOP = '[channels.web-shop]\nkind = "WEB"\nbrand = "main"\n'
STORE = '[channels.store-042]\nkind = "STORE"\nbrand = "main"\nstore_id = "042"\n'


class Watching:
    """A file that is replaced, and the registry that follows it as time goes by."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "channels.toml"
        self.seconds = 0.0
        self.put(SHOP)
        self.metrics = CollectorRegistry()
        self.channels = watched_channels(self.file, registry=self.metrics, monotonic=lambda: self.seconds)

    def put(self, text: str) -> None:
        fresh = self.file.with_name("fresh")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self.file)
        self.seconds += 1

    @property
    def ids(self) -> list[str]:
        return [channel.id for channel in self.channels]

    @property
    def refused(self) -> float | None:
        return self.metrics.get_sample_value("omnithread_channels_file_refused")


@pytest.fixture
def watching(tmp_path: Path) -> Watching:
    return Watching(tmp_path)


def test_channels_come_and_go_without_a_restart(watching: Watching) -> None:
    assert watching.ids == ["web-shop"]
    with capture_logs() as logs:
        watching.put(SHOP + STORE)
        assert watching.ids == ["web-shop", "store-042"]
        watching.put(STORE)
        assert watching.ids == ["store-042"]
        assert watching.channels.find("web-shop") is None
    assert [(line["event"], line["channels"]) for line in logs] == [("channels_reloaded", 2), ("channels_reloaded", 1)]


@pytest.mark.parametrize("broken", ["[channels", SHOP + 'colour = "red"', SHOP.replace("WEB", "MARS"), "", None])
def test_a_broken_file_changes_nothing_and_is_told_once_in_the_log_and_as_long_as_it_is_so_in_a_metric(
    watching: Watching, broken: str | None
) -> None:
    assert watching.refused == 0
    with capture_logs() as logs:
        if broken is None:
            watching.file.unlink()
        else:
            watching.put(broken)
        for _ in range(50):
            watching.seconds += 1
            assert watching.ids == ["web-shop"]
    assert [line["event"] for line in logs] == ["file_not_reloaded"]
    assert watching.refused == 1
    watching.put(SHOP + STORE)
    assert watching.ids == ["web-shop", "store-042"]
    assert watching.refused == 0


def test_a_service_without_a_good_file_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ChannelsInvalid, match="nowhere"):
        watched_channels(tmp_path / "nowhere", registry=CollectorRegistry())


def test_whose_channel_is_taken_out_gets_in_no_longer_although_the_token_was_good_a_moment_ago(
    watching: Watching, keys: Keys
) -> None:
    checking = verifier(keys, watching.channels)
    token = mint_channel_token(keys.state, "web-shop", scopes=["cart:read", "cart:write"])
    assert checking.verify(token).scopes == {"cart:read", "cart:write"}
    watching.put(SHOP + 'scopes = ["cart:read"]\n')
    assert checking.verify(token).scopes == {"cart:read"}
    watching.put(STORE)
    with pytest.raises(OmnithreadError, match="CHANNEL_UNKNOWN"):
        checking.verify(token)


def test_how_often_a_channel_may_call_follows_the_file(watching: Watching) -> None:
    _, quotas = admission_and_quotas(
        ServiceSettings(), channels=watching.channels, registry=CollectorRegistry(), clock=system_clock
    )
    shop = Caller(channel_id="web-shop", channel_kind=1)
    assert [quotas.take(shop) for _ in range(100)] == [None] * 100
    watching.put(SHOP + "calls_per_day = 3\n")
    assert sum(quotas.take(shop) is None for _ in range(10)) == 3
    watching.put(SHOP)
    assert quotas.take(shop) is None


def verifier(keys: Keys, channels: ChannelRegistry) -> TokenVerifier:
    return TokenVerifier(
        keys=KeyRing(file=keys.jwks_file),
        issuer="omnithread",
        audience="omnithread",
        channels=channels,
        clock=system_clock,
    )
