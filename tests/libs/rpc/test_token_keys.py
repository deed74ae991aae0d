"""Tokens are good by keys of three kinds, each with its own algorithm, from a file or from an issuer's address."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from deploy.local.keys import ensure_keys, mint_channel_token
from libs.clock import system_clock
from libs.errors import OmnithreadError
from libs.process import migrate
from libs.rpc import fetched_keys
from libs.rpc.admission import Admission
from libs.rpc.channels import ChannelRegistry
from libs.rpc.fetched_keys import FetchedKeys, KeysNotFetched
from libs.rpc.limit import Limit
from libs.rpc.token_keys import parse_keys
from libs.rpc.tokens import KeyRing, TokenVerifier
from libs.serving import serving
from libs.settings import ServiceSettings
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from tests.libs.rpc.opened_door import ASK, CHANNELS, as_channel, bearing, opened_door, refused
from tests.libs.tiny_service import TINY

Private = Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KEYS: dict[str, Private] = {
    "EdDSA": Ed25519PrivateKey.generate(),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "RS256": rsa.generate_private_key(65537, 2048),
}


def public(kid: str, algorithm: str, **more: object) -> dict[str, object]:
    key: Any = KEYS[algorithm].public_key()
    kind = {"EdDSA": OKPAlgorithm, "ES256": ECAlgorithm, "RS256": RSAAlgorithm}[algorithm]
    return {**cast("Any", kind).to_jwk(key, as_dict=True), "kid": kid, **more}


def jwks(*entries: dict[str, object]) -> str:
    return json.dumps({"keys": entries})


def token(algorithm: str, kid: str, key: Private | None = None, **claims: object) -> str:
    now = time.time()
    body = {"iss": "omnithread", "aud": "omnithread", "iat": now, "exp": now + 60, "channel": "web-shop", **claims}
    return jwt.encode(body, cast("Any", key or KEYS[algorithm]), algorithm=algorithm, headers={"kid": kid})


def checking(ring: KeyRing) -> TokenVerifier:
    return TokenVerifier(
        keys=ring,
        issuer="omnithread",
        audience="omnithread",
        channels=ChannelRegistry.load(CHANNELS),
        clock=system_clock,
    )


@pytest.fixture
def filed(tmp_path: Path) -> Callable[..., TokenVerifier]:
    def make(*entries: dict[str, object]) -> TokenVerifier:
        (tmp_path / "jwks.json").write_text(jwks(*entries))
        return checking(KeyRing(file=tmp_path / "jwks.json"))

    return make


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_signed_in_each_of_three_ways_is_good(filed: Callable[..., TokenVerifier], algorithm: str) -> None:
    verifier = filed(public("k", algorithm, alg=algorithm, use="sig"))
    assert verifier.verify(token(algorithm, "k")).channel_id == "web-shop"


def test_no_key_is_good_for_another_algorithm_than_its_own(filed: Callable[..., TokenVerifier]) -> None:
    verifier = filed(*(public(f"k-{algorithm}", algorithm) for algorithm in KEYS))
    pem = b"the public key of the pair, as if it were a secret"
    forged = [token(named, f"k-{of}") for named in KEYS for of in KEYS if named != of]
    forged += [jwt.encode({"channel": "web-shop"}, pem, algorithm="HS256", headers={"kid": f"k-{of}"}) for of in KEYS]
    forged += [jwt.encode({"channel": "web-shop"}, "", algorithm="none", headers={"kid": f"k-{of}"}) for of in KEYS]
    forged += [token("RS256", "k-RS256").replace("UlMyNTYi", "UlM1MTIi")]
    for one in forged:
        with pytest.raises(OmnithreadError, match="TOKEN_INVALID"):
            verifier.verify(one)


def test_keys_that_are_weak_or_for_something_else_are_left_out() -> None:
    small = rsa.generate_private_key(65537, 1024)  # noqa: S505  that is what is refused
    weak: Any = RSAAlgorithm.to_jwk(small.public_key(), as_dict=True)
    curve: Any = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True)
    left_out = [
        {**weak, "kid": "weak"},
        {**curve, "kid": "p384"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "secret"},
        public("encrypting", "RS256", use="enc"),
        public("pss", "RS256", alg="PS256"),
        public("signing", "ES256", key_ops=["sign"]),
    ]
    assert set(parse_keys(jwks(*left_out, public("good", "EdDSA"))).by_id) == {"good"}
    with pytest.raises(ValueError, match="without a key"):
        parse_keys(jwks(*left_out))


@pytest.mark.parametrize(
    "written",
    [
        "",
        "[]",
        "{}",
        '{"keys": 7}',
        '{"keys": [7]}',
        '{"keys": []}',
        '{"keys": [{"kty": "RSA", "kid": "k", "n": "", "e": ""}]}',
        jwks(public("same", "EdDSA"), public("same", "ES256")),
        jwks(*(public(str(number), "EdDSA") for number in range(101))),
        " " * 300_000,
    ],
)
def test_what_is_no_list_of_keys_is_refused_whole(written: str) -> None:
    with pytest.raises(ValueError, match="JWKS"):
        parse_keys(written)


def test_a_token_is_good_for_a_quarter_of_an_hour_at_most(filed: Callable[..., TokenVerifier]) -> None:
    verifier, now = filed(public("k", "EdDSA")), time.time()
    verifier.verify(token("EdDSA", "k", iat=now, exp=now + 900))
    for iat, exp in ((now, now + 901), (now - 3600, now + 10), (now + 9000, now + 9100)):
        with pytest.raises(OmnithreadError, match="TOKEN_INVALID") as refusal:
            verifier.verify(token("EdDSA", "k", iat=iat, exp=exp))
        assert refusal.value.metadata == {"claim": "exp"}


@pytest.mark.parametrize("claim", ["iat", "exp", "nbf"])
def test_a_time_beyond_all_numbers_is_no_time(filed: Callable[..., TokenVerifier], claim: str) -> None:
    claims: dict[str, Any] = {claim: 10**400}
    with pytest.raises(OmnithreadError, match="TOKEN_INVALID"):
        filed(public("k", "EdDSA")).verify(token("EdDSA", "k", **claims))


@dataclass
class Issuer:
    """An address that answers with what it is told, and counts."""

    address: str = ""
    answer: bytes = b""
    asked: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    def publishes(self, *entries: dict[str, object]) -> None:
        body = jwks(*entries).encode()
        self.answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body)


@asynccontextmanager
async def issuer() -> AsyncIterator[Issuer]:
    told = Issuer()
    told.may_answer.set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            told.asked += 1
            told.begun.set()
            await told.may_answer.wait()
            writer.write(told.answer)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        told.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"
        yield told


async def fetched_from(told: Issuer, now: list[float] | None = None) -> FetchedKeys:
    """Fetch the keys that the issuer publishes; `now` is a clock that the test sets."""
    fetched = FetchedKeys(told.address, monotonic=(lambda: now[0]) if now else time.monotonic)
    await fetched.start()
    return fetched


async def wait_for_key(verifier: TokenVerifier, one: str) -> None:
    waiting = verifier.missing_key(tuple(bearing(one)))
    if waiting is not None:
        await waiting


async def test_a_key_that_the_issuer_begins_to_use_is_looked_for_once_in_a_few_seconds() -> None:
    now = [0.0]
    async with issuer() as told:
        told.publishes(public("old", "EdDSA"))
        fetched = await fetched_from(told, now)
        verifier = checking(KeyRing(file=None, fetched=fetched))
        verifier.verify(token("EdDSA", "old"))
        told.publishes(public("old", "EdDSA"), public("new", "ES256"))
        fresh = token("ES256", "new")
        await wait_for_key(verifier, fresh)
        with pytest.raises(OmnithreadError, match="TOKEN_INVALID"):
            verifier.verify(fresh)  # it was asked a moment ago
        now[0] += 6
        told.may_answer.clear()
        calls = [asyncio.create_task(wait_for_key(verifier, fresh)) for _ in range(20)]
        await asyncio.wait_for(told.begun.wait(), 30)
        told.may_answer.set()
        await asyncio.gather(*calls)
        assert verifier.verify(fresh).channel_id == "web-shop"
        assert told.asked == 2
        for _ in range(50):
            await wait_for_key(verifier, token("EdDSA", "nobody-has-it"))
        assert told.asked == 2
        await fetched.close()


async def test_what_came_last_stays_in_use_while_the_address_is_away_or_answers_nonsense() -> None:
    now = [0.0]
    async with issuer() as told:
        told.publishes(public("k", "EdDSA"))
        fetched = await fetched_from(told, now)
        verifier = checking(KeyRing(file=None, fetched=fetched))
        for answer in (
            b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b" " * 300_000,
            b"\x00\x01",
            b"",
        ):
            told.answer = answer
            now[0] += 300
            await fetched.look()
            assert verifier.verify(token("EdDSA", "k")).channel_id == "web-shop"
        assert told.asked == 7
        told.publishes(public("next", "RS256"))
        now[0] += 300
        await fetched.look()
        assert verifier.verify(token("RS256", "next")).channel_id == "web-shop"
        with pytest.raises(OmnithreadError, match="TOKEN_INVALID"):
            verifier.verify(token("EdDSA", "k"))
        await fetched.close()


async def test_an_address_that_does_not_end_its_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetched_keys, "FETCH_SECONDS", 0.2)
    async with issuer() as told:
        told.may_answer.clear()
        with pytest.raises(KeysNotFetched):
            await FetchedKeys(told.address).start(seconds=0)
        told.may_answer.set()


async def test_nobody_waits_long_for_an_address_that_is_silent_and_it_is_left_alone_for_a_while() -> None:
    now = [0.0]
    async with issuer() as told:
        told.publishes(public("k", "EdDSA"))
        fetched = await fetched_from(told, now)
        verifier = checking(KeyRing(file=None, fetched=fetched))
        now[0] += 6
        told.may_answer.clear()
        await asyncio.wait_for(wait_for_key(verifier, token("EdDSA", "unknown")), 3)
        begun = time.process_time()
        for _ in range(100):  # it is still being asked
            await asyncio.wait_for(wait_for_key(verifier, token("EdDSA", "unknown")), 1)
        assert time.process_time() - begun < 1
        told.answer = b""
        told.may_answer.set()
        async with asyncio.timeout(30):
            while fetched.is_asking:
                await asyncio.sleep(0.01)
        assert told.asked == 2
        now[0] += 29
        await wait_for_key(verifier, token("EdDSA", "unknown"))
        assert told.asked == 2
        now[0] += 2
        await wait_for_key(verifier, token("EdDSA", "unknown"))
        assert told.asked == 3
        await fetched.close()


async def test_keys_of_a_file_and_of_an_address_count_beside_one_another(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path)
    async with issuer() as told:
        told.publishes(public("issuer", "ES256"))
        fetched = await fetched_from(told)
        verifier = checking(KeyRing(file=keys.jwks_file, fetched=fetched))
        assert verifier.verify(mint_channel_token(keys.state, "store-042")).channel_id == "store-042"
        assert verifier.verify(token("ES256", "issuer")).channel_id == "web-shop"
        assert verifier.missing_key(tuple(as_channel(keys, "web-shop"))) is None
        await fetched.close()


async def test_calls_with_a_key_that_nobody_knows_keep_no_good_call_waiting_while_the_address_is_silent(
    tmp_path: Path,
) -> None:
    keys, now = ensure_keys(tmp_path), [0.0]
    async with issuer() as told:
        told.publishes(public("issuer", "ES256"))
        fetched = await fetched_from(told, now)
        now[0] += 6
        told.may_answer.clear()
        told.begun.clear()
        admission = Admission(limit=Limit())
        async with opened_door(keys, fetched=fetched, admission=admission) as door:
            forged = bearing(token("EdDSA", "unknown", scope="cart:read"))
            rubbish = [asyncio.ensure_future(door.stub.GetCart(ASK, metadata=forged, timeout=60)) for _ in range(90)]
            await asyncio.wait_for(told.begun.wait(), 30)
            async with asyncio.timeout(3):
                assert (await door.ask()).cart.customer_id == "cus_1"
            refusals = await asyncio.gather(*(refused(call) for call in rubbish))
            assert {refusal.reason for refusal in refusals} <= {"TOKEN_INVALID"}
        told.may_answer.set()
        await fetched.close()


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("https://login.example.com/jwks", ""),
        ("http://127.0.0.1:8080/jwks", ""),
        ("http://login.example.com/jwks", "https"),
        ("ftp://login.example.com/jwks", "https"),
        ("https://user:password@login.example.com/jwks", "https"),  # not a secret: made up
        ("https://:password@login.example.com/jwks", "https"),  # not a secret: made up
        ("https://login.example.com:port/jwks", "port"),
        ("login.example.com", "https"),
    ],
)
def test_keys_come_over_https_only(address: str, fault: str) -> None:
    if not fault:
        assert ServiceSettings(jwks_address=address).jwks_address == address
        return
    with pytest.raises(ValueError, match=fault):
        ServiceSettings(jwks_address=address)


def test_a_service_without_any_place_for_keys_does_not_start() -> None:
    with pytest.raises(ValueError, match="jwks_file or jwks_address"):
        KeyRing(file=None)


def test_a_known_token_is_good_until_its_end_only(tmp_path: Path) -> None:
    keys, now = ensure_keys(tmp_path), [system_clock()]
    verifier = TokenVerifier(
        keys=KeyRing(file=keys.jwks_file),
        issuer="omnithread",
        audience="omnithread",
        channels=ChannelRegistry.load(CHANNELS),
        clock=lambda: now[0],
    )
    one = mint_channel_token(keys.state, "web-shop")
    verifier.verify(one)
    now[0] += timedelta(seconds=899)
    verifier.verify(one)
    now[0] += timedelta(seconds=2)
    with pytest.raises(OmnithreadError, match="TOKEN_EXPIRED"):
        verifier.verify(one)


async def test_a_service_takes_up_a_key_that_its_issuer_began_to_use_a_moment_ago(
    mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetched_keys, "PAUSE_SECONDS", 0.0)
    async with issuer() as told:
        told.publishes(public("old", "EdDSA"))
        settings = ServiceSettings(
            mongo_uri=mongo_uri,
            mongo_database=unique_prefix,
            kafka_bootstrap_servers=kafka_bootstrap,
            topic_prefix=unique_prefix,
            jwks_address=told.address,
            channels_file=CHANNELS,
        )
        await migrate(TINY, settings)
        async with (
            serving(TINY, settings) as running,
            grpc.aio.insecure_channel(f"127.0.0.1:{running.port}") as channel,
        ):
            for algorithm, kid in (("EdDSA", "old"), ("ES256", "new")):
                told.publishes(public(kid, algorithm))
                metadata = bearing(token(algorithm, kid, scope="cart:read"))
                answer = await CartServiceStub(channel).GetCart(ASK, metadata=metadata, timeout=20)
                assert answer.cart.customer_id == "cus_1"
            old = bearing(token("EdDSA", "old", scope="cart:read"))
            refusal = await refused(CartServiceStub(channel).GetCart(ASK, metadata=old, timeout=20))
            assert refusal.reason == "TOKEN_INVALID"
