"""Two ports with certificates: channels come in by one, the suite's own services by the other, and nobody else."""

import asyncio
import socket
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from prometheus_client import CollectorRegistry

from deploy.local.authority import Authority, ensure_authority
from deploy.local.keys import Keys, mint_channel_token, write_service_token
from libs.clock import system_clock
from libs.errors import OmnithreadError
from libs.rpc.call import Caller
from libs.rpc.certificates import Certificates, TlsFiles
from libs.rpc.client import ServiceChannels, service_channel
from libs.rpc.peers import ANYBODY, Peer, Peers, check_peer
from libs.settings import ProcessSettings
from libs.telemetry.metrics import ClientMetrics
from omnithread.cart.v1.cart_internal_service_pb2 import ReplayEventsRequest, ReplayEventsResponse
from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceStub
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from tests.libs.rpc.opened_door import ASK, OpenedDoor, Refusal, as_channel, bearing, opened_door, refused
from tests.proxies.tcp import Proxy

SERVICES = ("cart", "aggregator", "messaging", "profile")
REPLAY = ReplayEventsRequest(customer_id="cus_1", after_seq=0)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return ensure_authority(tmp_path / "tls", SERVICES, now=system_clock())


@dataclass(frozen=True, slots=True)
class House:
    door: OpenedDoor
    authority: Authority

    def calling(self, service: str, *, files: TlsFiles | None = None, named: str = "cart") -> grpc.aio.Channel:
        """Open a channel to the internal port as a service, with its token, and its certificate or another."""
        return service_channel(
            f"127.0.0.1:{self.door.server.internal_port}",
            service=named,
            certificates=Certificates(files or self.authority.files_of(service)),
            token_file=write_service_token(self.door.keys.state, service),
        )

    def outside(self, *, port: int | None = None) -> grpc.aio.Channel:
        """Open a channel as a shop does: it trusts the authority and shows nothing."""
        trusted = grpc.ssl_channel_credentials(self.authority.file.read_bytes())
        return grpc.aio.secure_channel(f"127.0.0.1:{port or self.door.server.port}", trusted)

    async def replayed(self, channel: grpc.aio.Channel) -> ReplayEventsResponse:
        async with channel:
            return await CartInternalServiceStub(channel).ReplayEvents(REPLAY, timeout=20)

    async def refusal(self, channel: grpc.aio.Channel) -> Refusal:
        return await refused(self.replayed(channel))


@pytest.fixture
async def house(keys: Keys, authority: Authority) -> AsyncIterator[House]:
    async with opened_door(keys, certificates=Certificates(authority.files_of("cart"))) as door:
        yield House(door, authority)


async def test_a_channel_comes_in_by_the_public_port_and_finds_the_public_services_only(house: House) -> None:
    await house.replayed(house.calling("aggregator"))  # what was asked for on the other port stays there
    async with house.outside() as channel:
        metadata = as_channel(house.door.keys, "web-shop")
        assert (await CartServiceStub(channel).GetCart(ASK, metadata=metadata, timeout=20)).cart.customer_id == "cus_1"
        internal = CartInternalServiceStub(channel).ReplayEvents(REPLAY, metadata=metadata, timeout=20)
        assert (await refused(internal)).code is grpc.StatusCode.UNIMPLEMENTED


async def test_a_service_comes_in_by_the_internal_port_with_its_certificate_and_its_token(house: House) -> None:
    assert await house.replayed(house.calling("aggregator")) == ReplayEventsResponse()


async def test_a_service_passes_on_the_call_of_a_channel_with_the_token_of_that(house: House) -> None:
    token = house.door.keys.state / "forwarded"
    token.write_text(mint_channel_token(house.door.keys.state, "web-shop"))
    channel = service_channel(
        f"127.0.0.1:{house.door.server.internal_port}",
        service="cart",
        certificates=Certificates(house.authority.files_of("aggregator")),
        token_file=token,
    )
    async with channel:
        assert (await CartServiceStub(channel).GetCart(ASK, timeout=20)).cart.customer_id == "cus_1"
        refusal = await refused(CartInternalServiceStub(channel).ReplayEvents(REPLAY, timeout=20))
    assert refusal.reason == "CALLER_NOT_ALLOWED"


async def test_in_whoevers_name_a_service_calls_it_is_over_one_connection(house: House) -> None:
    async with Proxy.to(f"127.0.0.1:{house.door.server.internal_port}") as proxy:
        channels = ServiceChannels(
            ProcessSettings(
                cart_address=proxy.address,
                service_token_file=write_service_token(house.door.keys.state, "aggregator"),
            ),
            ClientMetrics(CollectorRegistry()),
            certificates=Certificates(house.authority.files_of("aggregator")),
            tracer=None,
        )
        own = channels.to("cart")
        forward = own.forwarding()
        for channel in (own, forward, channels.to("cart")):
            assert await CartInternalServiceStub(channel).ReplayEvents(REPLAY, timeout=20) == ReplayEventsResponse()
        assert proxy.accepted == 1
        await channels.close()
        with pytest.raises(grpc.aio.UsageError):
            await CartInternalServiceStub(forward).ReplayEvents(REPLAY, timeout=20)


async def test_a_token_of_a_service_opens_nothing_without_the_certificate_of_that_service(house: House) -> None:
    stolen = bearing(write_service_token(house.door.keys.state, "aggregator").read_text())
    async with house.outside() as channel:
        refusal = await refused(CartServiceStub(channel).GetCart(ASK, metadata=stolen, timeout=20))
    assert refusal.reason == "CALLER_NOT_ALLOWED"
    another = house.calling("aggregator", files=house.authority.files_of("messaging"))
    assert (await house.refusal(another)).reason == "CALLER_MISMATCH"


async def test_a_service_that_has_no_business_here_is_refused_with_a_channels_token_too(house: House) -> None:
    token = house.door.keys.state / "forwarded"
    token.write_text(mint_channel_token(house.door.keys.state, "web-shop"))
    channel = service_channel(
        f"127.0.0.1:{house.door.server.internal_port}",
        service="cart",
        certificates=Certificates(house.authority.issue("preference", now=system_clock())),
        token_file=token,
    )
    async with channel:
        assert (await refused(CartServiceStub(channel).GetCart(ASK, timeout=20))).reason == "CALLER_NOT_ALLOWED"


async def test_the_internal_port_lets_nobody_in_without_a_certificate_of_the_suite(
    house: House, tmp_path: Path
) -> None:
    now = system_clock()
    stranger = ensure_authority(tmp_path / "elsewhere", ["aggregator"], now=now).files_of("aggregator")
    strange = TlsFiles(stranger.certificate, stranger.key, house.authority.file)
    nameless = house.authority.issue("nameless", now=now, uris=())
    elsewhere = house.authority.issue("guest", now=now, uris=["spiffe://elsewhere/aggregator"])
    expired = house.authority.issue("late", now=now, days=-1, uris=["spiffe://omnithread/aggregator"])
    for shut_out in (strange, expired):
        refusal = await house.refusal(house.calling("aggregator", files=shut_out))
        assert refusal.code is grpc.StatusCode.UNAVAILABLE
    for shown in (nameless, elsewhere):
        refusal = await house.refusal(house.calling("aggregator", files=shown))
        assert refusal.reason == "CALLER_NOT_ALLOWED"
    async with house.outside(port=house.door.server.internal_port) as channel:
        call = CartServiceStub(channel).GetCart(ASK, metadata=as_channel(house.door.keys, "web-shop"), timeout=20)
        assert (await refused(call)).code is grpc.StatusCode.UNAVAILABLE
    async with grpc.aio.insecure_channel(f"127.0.0.1:{house.door.server.internal_port}") as plain:
        call = CartServiceStub(plain).GetCart(ASK, metadata=as_channel(house.door.keys, "web-shop"), timeout=20)
        assert (await refused(call)).code is grpc.StatusCode.UNAVAILABLE


async def test_a_service_does_not_take_another_one_for_the_one_it_calls(house: House) -> None:
    refusal = await house.refusal(house.calling("aggregator", named="preference"))
    assert refusal.code is grpc.StatusCode.UNAVAILABLE


async def test_health_is_asked_on_both_ports(house: House) -> None:
    async with house.outside() as channel:
        check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/grpc.health.v1.Health/Check")
        assert await check(b"", timeout=20) == b"\x08\x01"
    async with house.calling("aggregator") as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        assert await check(b"", timeout=20) == b"\x08\x01"


async def test_a_certificate_that_was_replaced_is_shown_to_the_next_who_connects(keys: Keys, tmp_path: Path) -> None:
    times = iter(range(0, 10_000, 2))
    now = system_clock()
    authority = ensure_authority(tmp_path / "tls", SERVICES, now=now)
    seen = Certificates(authority.files_of("cart"), monotonic=lambda: float(next(times)))
    async with opened_door(keys, certificates=seen) as door:
        house = House(door, authority)
        assert await house.replayed(house.calling("aggregator")) == ReplayEventsResponse()
        before = authority.file.read_bytes()
        successor = ensure_authority(tmp_path / "next", SERVICES, now=now)
        for service in ("cart", "aggregator"):
            files, newer = authority.files_of(service), successor.files_of(service)
            files.key.write_bytes(newer.key.read_bytes())
            assert seen.get().authorities == before  # half of an exchange is not taken up
            files.certificate.write_bytes(newer.certificate.read_bytes())
        authority.file.write_bytes(successor.file.read_bytes())
        assert await house.replayed(house.calling("aggregator")) == ReplayEventsResponse()
        old = ssl_of(tmp_path / "old", before)
        assert (await house.refusal(house.calling("aggregator", files=old))).code is grpc.StatusCode.UNAVAILABLE


def ssl_of(folder: Path, authority: bytes) -> TlsFiles:
    """Give a valid pair of an authority of its own, which believes another one."""
    files = ensure_authority(folder, ["aggregator"], now=system_clock()).files_of("aggregator")
    files.authorities.write_bytes(authority)
    return files


async def test_a_service_whose_certificate_is_replaced_shows_the_new_one_over_the_same_channel(
    house: House, tmp_path: Path
) -> None:
    times = iter(range(0, 10_000, 2))
    files = house.authority.files_of("aggregator")
    held = Certificates(files, monotonic=lambda: float(next(times)))
    token = write_service_token(house.door.keys.state, "aggregator")
    address = f"127.0.0.1:{house.door.server.internal_port}"
    async with service_channel(address, service="cart", certificates=held, token_file=token) as channel:
        stub = CartInternalServiceStub(channel)
        assert await stub.ReplayEvents(REPLAY, timeout=20) == ReplayEventsResponse()
        wrong = house.authority.files_of("messaging")
        files.key.write_bytes(wrong.key.read_bytes())
        files.certificate.write_bytes(wrong.certificate.read_bytes())
        assert (await refused(stub.ReplayEvents(REPLAY, timeout=20))).reason == "CALLER_MISMATCH"
        house.authority.issue("aggregator", now=system_clock())
        assert await stub.ReplayEvents(REPLAY, timeout=20) == ReplayEventsResponse()


async def test_nothing_older_than_tls_1_2_is_spoken(house: House) -> None:
    spoken = {ssl.TLSVersion.TLSv1_1: None, ssl.TLSVersion.TLSv1_2: "TLSv1.2", ssl.TLSVersion.TLSv1_3: "TLSv1.3"}
    ours = house.authority.files_of("aggregator")
    for port in (house.door.server.port, house.door.server.internal_port):
        found = {newest: await asyncio.to_thread(shaken_hands, port, newest, ours) for newest in spoken}
        assert found == spoken


def shaken_hands(port: int, newest: ssl.TLSVersion, ours: TlsFiles) -> str | None:
    """Give the version that a client gets which speaks `newest` and all before, and shows a certificate if asked."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(ours.certificate, ours.key)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
    context.set_alpn_protocols(["h2"])
    try:
        with socket.create_connection(("127.0.0.1", port), 20) as raw, context.wrap_socket(raw) as wrapped:
            return wrapped.version()
    except (ssl.SSLError, ConnectionError):
        return None


@pytest.mark.parametrize(
    ("peer", "service", "reason"),
    [
        (ANYBODY, "", ""),
        (ANYBODY, "cart", "CALLER_NOT_ALLOWED"),
        (Peer(shows_certificate=True), "", "CALLER_NOT_ALLOWED"),
        (Peer(shows_certificate=True, service="aggregator"), "aggregator", ""),
        (Peer(shows_certificate=True, service="aggregator"), "", ""),
        (Peer(shows_certificate=True, service="aggregator"), "messaging", "CALLER_MISMATCH"),
        (Peer(shows_certificate=True, service="preference"), "", "CALLER_NOT_ALLOWED"),
        (Peer(shows_certificate=True, service="preference"), "preference", "CALLER_NOT_ALLOWED"),
    ],
)
def test_certificate_and_token_have_to_agree(peer: Peer, service: str, reason: str) -> None:
    caller = Caller(channel_id=service or "web-shop", channel_kind=1, service=service)
    refused = pytest.raises(OmnithreadError, match=reason) if reason else nullcontext()
    with refused:
        check_peer(peer, caller, may_call=lambda name: name == "aggregator")


def test_a_certificate_with_two_names_or_a_name_of_nobody_is_nobody() -> None:
    peers = Peers(trust_domain="omnithread", services=frozenset({"cart"}))
    pem = {"x509_pem_cert": [b"-"]}
    assert peers.of({}) == ANYBODY
    assert peers.of({**pem, "peer_uri": [b"spiffe://omnithread/cart"]}).service == "cart"
    for uris in ([], [b"spiffe://omnithread/billing"], [b"spiffe://omnithread/cart", b"spiffe://omnithread/cart"]):
        assert peers.of({**pem, "peer_uri": uris}) == Peer(shows_certificate=True)


def test_a_process_without_a_whole_certificate_does_not_start(tmp_path: Path, authority: Authority) -> None:
    good, other = authority.files_of("cart"), authority.files_of("profile")
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("-----BEGIN PRIVATE KEY-----\nsecret-secret\n-----END PRIVATE KEY-----\n")
    for files in (
        TlsFiles(good.certificate, other.key, good.authorities),
        TlsFiles(good.certificate, rubbish, good.authorities),
        TlsFiles(rubbish, good.key, good.authorities),
        TlsFiles(good.certificate, good.key, rubbish),
    ):
        with pytest.raises(ValueError, match=r"key|certificate") as refusal:
            Certificates(files)
        assert "secret-secret" not in repr(refusal.value)
    with pytest.raises(OSError, match="nowhere"):
        Certificates(TlsFiles(good.certificate, tmp_path / "nowhere", good.authorities))
    assert "PRIVATE" not in repr(Certificates(good).get())


def test_certificates_are_made_once_and_again_before_they_end(tmp_path: Path) -> None:
    now = system_clock()
    certificate, private = tmp_path / "cart.pem", tmp_path / "cart-key.pem"
    ensure_authority(tmp_path, ["cart"], now=now)
    first = certificate.read_bytes()
    assert private.stat().st_mode & 0o777 == 0o600
    ensure_authority(tmp_path, ["cart"], now=now + timedelta(days=10))
    assert certificate.read_bytes() == first
    ensure_authority(tmp_path, ["cart"], now=now + timedelta(days=25))
    assert certificate.read_bytes() != first
