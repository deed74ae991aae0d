"""The registry of channels says what each of them is, or why it cannot be read."""

from pathlib import Path

import pytest

from libs.rpc.channels import Channel, ChannelRegistry, ChannelsInvalid
from omnithread.common.v1 import channel_pb2
from tests.libs.rpc.opened_door import CHANNELS


def test_the_example_registers_every_kind_of_place_that_the_suite_shows() -> None:
    registry = ChannelRegistry.load(CHANNELS)
    assert {channel.id: channel.kind for channel in registry} == {
        "web-shop": channel_pb2.CHANNEL_KIND_WEB,
        "mobile-app": channel_pb2.CHANNEL_KIND_MOBILE_APP,
        "call-centre": channel_pb2.CHANNEL_KIND_CALL_CENTRE,
        "console": channel_pb2.CHANNEL_KIND_CALL_CENTRE,
        "store-042": channel_pb2.CHANNEL_KIND_STORE,
        "messenger": channel_pb2.CHANNEL_KIND_SOCIAL,
        "mail-gateway": channel_pb2.CHANNEL_KIND_EMAIL,
        "public-pages": channel_pb2.CHANNEL_KIND_WEB,
    }
    assert registry.find("store-042") == Channel(
        id="store-042",
        kind=channel_pb2.CHANNEL_KIND_STORE,
        brand="main",
        store_id="042",
        time_zone="Europe/Berlin",
    )
    assert registry.find("store-043") is None
    pages = registry.find("public-pages")
    assert pages is not None
    assert pages.scopes == frozenset()  # it comes as a service, and needs no token


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "channels"),
        ("[channels", "Expected"),
        ('[channels.shop]\nbrand = "main"', "kind"),
        ('[channels.shop]\nkind = "SHOP"\nbrand = "main"', "is no kind of channel"),
        ('[channels.shop]\nkind = "SYSTEM"\nbrand = "main"', "is no kind of channel"),
        ('[channels.shop]\nkind = "WEB"\nbrand = "main"\ntime_zone = "Mars/North"', "Mars/North"),
        ('[channels.shop]\nkind = "WEB"\nbrand = "main"\ncolour = "red"', "colour"),
        ('[channels."web shop"]\nkind = "WEB"\nbrand = "main"', "web shop is no id"),
        ('[channels."käthe"]\nkind = "WEB"\nbrand = "main"', "käthe is no id"),
        ('[channels.aggregator]\nkind = "WEB"\nbrand = "main"', "aggregator is a service"),
        ('[channels.shop]\nkind = "WEB"\nbrand = "main"\n[channels.shop]\nkind = "WEB"', "twice"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "channels.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ChannelsInvalid) as caught:
        ChannelRegistry.load(path)
    assert str(path) in str(caught.value)
    assert says in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChannelsInvalid, match="nowhere"):
        ChannelRegistry.load(tmp_path / "nowhere")
