"""What makes a command the same command, and where it came from."""

import contextvars
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from libs.errors import OmnithreadError
from libs.origin import Origin
from libs.rpc.call import CURRENT_CALL, Call, Caller, call_or_none, current_call, origin_of, remaining_seconds, stamp_of
from libs.timestamps import to_timestamp
from omnithread.cart.v1.cart_internal_service_pb2 import ReplayEventsRequest
from omnithread.cart.v1.cart_service_pb2 import ClearCartRequest
from omnithread.common.v1 import channel_pb2

STORE = Caller(channel_id="store-042", channel_kind=channel_pb2.CHANNEL_KIND_STORE, actor_id="emp-7")
CLEAR = Call(
    caller=STORE,
    journey_id="jrn_1",
    session_id="ses_1",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    method="/omnithread.cart.v1.CartService/ClearCart",
)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def being_answered() -> Iterator[None]:
    token = CURRENT_CALL.set(CLEAR)
    yield
    CURRENT_CALL.reset(token)


def request(issue_time: datetime = NOON, customer_id: str = "cus_1") -> ClearCartRequest:
    return ClearCartRequest(customer_id=customer_id, request_id="0123456789abcdef", issue_time=to_timestamp(issue_time))


def test_a_stamp_says_which_request_when_and_from_where() -> None:
    stamp = stamp_of(request())
    assert (stamp.request_id, stamp.issue_time) == ("0123456789abcdef", NOON)
    assert stamp.origin == Origin(
        channel_id="store-042",
        channel_kind=channel_pb2.CHANNEL_KIND_STORE,
        session_id="ses_1",
        actor_id="emp-7",
        traceparent=CLEAR.traceparent,
        journey_id="jrn_1",
    )
    assert stamp.origin == origin_of(current_call())


def test_a_retry_is_the_same_body_whenever_it_was_issued() -> None:
    asked = request()
    assert stamp_of(asked).body_hash == stamp_of(request(NOON.replace(hour=13))).body_hash
    assert asked.HasField("issue_time")


def test_another_body_or_another_method_is_another() -> None:
    here = stamp_of(request()).body_hash
    assert stamp_of(request(customer_id="cus_2")).body_hash != here
    CURRENT_CALL.set(Call(caller=STORE, method="/omnithread.cart.v1.CartService/Checkout"))
    assert stamp_of(request()).body_hash != here


def test_an_impossible_issue_time_is_refused() -> None:
    asked = request()
    asked.issue_time.seconds = 2**60
    with pytest.raises(OmnithreadError, match="INVALID_FIELD") as caught:
        stamp_of(asked)
    assert caught.value.field_faults[0].field == "issue_time"


def test_a_message_without_an_issue_time_has_none() -> None:
    asked = ClearCartRequest(customer_id="cus_1", request_id="0123456789abcdef")
    assert stamp_of(asked).issue_time is None
    with pytest.raises(AttributeError):
        stamp_of(ReplayEventsRequest())


def test_outside_of_a_call_there_is_none() -> None:
    assert current_call() is CLEAR
    outside = contextvars.Context()
    assert outside.run(call_or_none) is None
    assert outside.run(remaining_seconds) is None
    with pytest.raises(LookupError):
        outside.run(current_call)


def test_background_work_names_its_part_of_the_suite() -> None:
    origin = Origin.system("cart-sweep", traceparent=CLEAR.traceparent)
    assert (origin.channel_id, origin.channel_kind) == ("cart-sweep", channel_pb2.CHANNEL_KIND_SYSTEM)
