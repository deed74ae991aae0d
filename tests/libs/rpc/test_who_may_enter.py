"""Who is let in at the door, as whom, and who is not."""

import time
from datetime import timedelta
from pathlib import Path

import grpc
import jwt
import pytest

from deploy.local.keys import Keys, ensure_keys, mint_channel_token, mint_service_token
from libs.clock import system_clock
from libs.rpc.call import Caller, current_call
from libs.rpc.scopes import EVERY
from omnithread.cart.v1.cart_internal_service_pb2 import AbsorbCustomerRequest, ReplayEventsRequest
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from omnithread.common.v1 import channel_pb2
from tests.libs.rpc.opened_door import ASK, OpenedDoor, as_channel, bearing, opened_door, refused

REPLAY = ReplayEventsRequest(customer_id="cus_1")


async def caller_of(door: OpenedDoor, metadata: list[tuple[str, str | bytes]]) -> Caller:
    """Give whom the servicer sees."""
    seen: list[Caller] = []

    async def look(request: GetCartRequest) -> GetCartResponse:
        seen.append(current_call().caller)
        return GetCartResponse()

    door.will(look)
    await door.stub.GetCart(ASK, metadata=metadata)
    return seen[0]


async def test_a_store_is_what_the_registry_says_with_its_member_of_staff(door: OpenedDoor) -> None:
    caller = await caller_of(door, as_channel(door.keys, "store-042", actor="emp-7"))
    assert caller == Caller(
        channel_id="store-042",
        channel_kind=channel_pb2.CHANNEL_KIND_STORE,
        brand="main",
        store_id="042",
        time_zone="Europe/Berlin",
        actor_id="emp-7",
        scopes=EVERY,
    )


async def test_a_call_without_a_token_is_refused(door: OpenedDoor) -> None:
    for metadata in ([], [("authorization", "Basic YTpi")], [("authorization", "Bearer ")]):
        refusal = await refused(door.stub.GetCart(ASK, metadata=metadata))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING")
        assert refusal.domain == "cart.omnithread"
    assert door.counted("UNAUTHENTICATED") == 3


async def test_an_expired_token_is_refused_even_where_it_was_good_before(keys: Keys) -> None:
    now = [system_clock()]
    async with opened_door(keys, clock=lambda: now[0]) as door:
        metadata = bearing(mint_channel_token(keys.state, "web-shop", lifetime_seconds=60))
        await door.stub.GetCart(ASK, metadata=metadata)
        now[0] += timedelta(seconds=61)
        for _ in range(2):
            refusal = await refused(door.stub.GetCart(ASK, metadata=metadata))
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED")


async def test_a_token_of_somebody_elses_key_is_refused(door: OpenedDoor, tmp_path: Path) -> None:
    foreign = ensure_keys(tmp_path / "foreign")
    refusal = await refused(door.stub.GetCart(ASK, metadata=as_channel(foreign, "web-shop")))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID")


def claims(**changed: object) -> dict[str, object]:
    good = {
        "iss": "omnithread",
        "aud": "omnithread",
        "iat": time.time(),
        "exp": time.time() + 60,
        "channel": "web-shop",
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "somebody"}, "TOKEN_INVALID"),
        ({"aud": "another-suite"}, "TOKEN_INVALID"),
        ({"exp": None}, "TOKEN_INVALID"),
        ({"exp": True}, "TOKEN_INVALID"),
        ({"iat": None}, "TOKEN_INVALID"),
        ({"iat": "yesterday"}, "TOKEN_INVALID"),
        ({"exp": time.time() + 3600}, "TOKEN_INVALID"),
        ({"iat": time.time() + 86000, "exp": time.time() + 86400}, "TOKEN_INVALID"),
        ({"exp": float("inf")}, "TOKEN_INVALID"),
        ({"nbf": time.time() + 3600}, "TOKEN_INVALID"),
        ({"channel": 7}, "TOKEN_INVALID"),
        ({"actor": "Anna Example <anna@example.com>"}, "TOKEN_INVALID"),
        ({"actor": ["emp-7"]}, "TOKEN_INVALID"),
        ({"service": "cart"}, "TOKEN_INVALID"),
        ({"channel": None, "service": "billing"}, "TOKEN_INVALID"),
        ({"channel": None, "service": ["aggregator"]}, "TOKEN_INVALID"),
        ({"channel": "shop-of-yesterday"}, "CHANNEL_UNKNOWN"),
        ({"channel": None}, "CHANNEL_UNKNOWN"),
    ],
)
async def test_a_token_that_says_something_wrong_is_refused(
    door: OpenedDoor, changed: dict[str, object], reason: str
) -> None:
    refusal = await refused(door.stub.GetCart(ASK, metadata=bearing(signed(door.keys, claims(**changed)))))
    assert refusal.reason == reason


async def test_a_token_that_is_rubbish_is_refused(door: OpenedDoor) -> None:
    good = mint_channel_token(door.keys.state, "web-shop")
    header, body, _ = good.split(".")
    for rubbish in ("x", "a.b.c", f"{header}.{body}.", good[:-8] + "AAAAAAAA", "e" * 5000):
        refusal = await refused(door.stub.GetCart(ASK, metadata=bearing(rubbish)))
        assert refusal.reason == "TOKEN_INVALID"


async def test_a_token_without_a_signature_or_signed_with_the_public_key_is_refused(door: OpenedDoor) -> None:
    kid = jwt.get_unverified_header(mint_channel_token(door.keys.state, "web-shop"))["kid"]
    unsigned = jwt.encode(claims(), "", algorithm="none", headers={"kid": kid})
    symmetric = jwt.encode(claims(), "k" * 32, algorithm="HS256", headers={"kid": kid})
    for forged in (unsigned, symmetric):
        assert (await refused(door.stub.GetCart(ASK, metadata=bearing(forged)))).reason == "TOKEN_INVALID"


async def test_internal_services_are_closed_to_channels(door: OpenedDoor) -> None:
    refusal = await refused(door.internal.ReplayEvents(REPLAY, metadata=as_channel(door.keys, "call-centre")))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")


async def test_services_call_those_they_are_meant_to_call(door: OpenedDoor) -> None:
    for service in ("aggregator", "messaging"):
        await door.internal.ReplayEvents(REPLAY, metadata=bearing(mint_service_token(door.keys.state, service)))
    refusal = await refused(
        door.internal.ReplayEvents(REPLAY, metadata=bearing(mint_service_token(door.keys.state, "preference")))
    )
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")


async def test_profile_hears_what_cart_announces_and_asks_it_nothing_else(door: OpenedDoor) -> None:
    profile = bearing(mint_service_token(door.keys.state, "profile"))
    await door.internal.ReplayEvents(REPLAY, metadata=profile)
    absorb = AbsorbCustomerRequest(merge_id="mrg_1", source_customer_id="cus_1", survivor_customer_id="cus_2")
    for call in (door.stub.GetCart(ASK, metadata=profile), door.internal.AbsorbCustomer(absorb, metadata=profile)):
        assert (await refused(call)).reason == "CALLER_NOT_ALLOWED"


async def test_a_service_acts_for_the_channel_that_its_work_came_from(door: OpenedDoor) -> None:
    token = mint_service_token(door.keys.state, "messaging")
    for_store = await caller_of(door, bearing(token, baggage="channel.id=store-042"))
    assert (for_store.channel_id, for_store.store_id, for_store.service) == ("store-042", "042", "messaging")
    for baggage in ("", "channel.id=shop-of-yesterday"):
        alone = await caller_of(door, bearing(token, baggage=baggage))
        assert (alone.channel_id, alone.channel_kind) == ("messaging", channel_pb2.CHANNEL_KIND_SYSTEM)
        assert alone.service == "messaging"


def signed(keys: Keys, body: dict[str, object]) -> str:
    kid = jwt.get_unverified_header(mint_channel_token(keys.state, "web-shop"))["kid"]
    private = (keys.state / "signing-key.pem").read_text(encoding="utf-8")
    return jwt.encode(body, private, algorithm="EdDSA", headers={"kid": kid})
