"""What a call is given on its way out."""

from datetime import UTC, datetime, timedelta

import grpc
import pytest

from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, GetCartRequest
from omnithread.errors import ErrorDetails
from omnithread.labels import Labels, carry, current_labels
from omnithread.outgoing import Again, headers, once_more
from omnithread.requests import ServerClock, stamped
from omnithread.tokens import TokenSource

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def clock_at(now: datetime) -> ServerClock:
    return ServerClock(lambda: now)


def refused(reason: str, code: grpc.StatusCode, **metadata: str) -> ErrorDetails:
    return ErrorDetails(code=code, reason=reason, domain="cart.omnithread", message="", metadata=metadata, fields=())


def test_a_mutation_gets_an_id_and_the_time_it_was_issued() -> None:
    request = AddItemRequest(customer_id="cus_1")
    sent = stamped(request, clock=clock_at(NOON), new_id=lambda: "0123456789abcdef")
    assert sent.request_id == "0123456789abcdef"
    assert sent.issue_time.ToDatetime(UTC) == NOON


def test_the_callers_message_is_left_as_it_is_so_that_using_it_twice_means_two_changes() -> None:
    request = AddItemRequest(customer_id="cus_1")
    first, second = (stamped(request, clock=clock_at(NOON)) for _ in range(2))
    assert not request.request_id
    assert first.request_id != second.request_id


def test_a_till_keeps_the_id_and_time_of_what_it_sold_offline() -> None:
    request = AddItemRequest(request_id="till-7-receipt-0001")
    request.issue_time.FromDatetime(NOON - timedelta(hours=9))
    assert stamped(request, clock=clock_at(NOON)) is request


def test_a_read_gets_neither() -> None:
    request = GetCartRequest(customer_id="cus_1")
    assert stamped(request, clock=clock_at(NOON)) is request


def test_a_wrong_clock_is_corrected_by_what_the_server_says_and_the_id_stays() -> None:
    clock, tokens = clock_at(NOON + timedelta(hours=2)), TokenSource("token")
    request = stamped(AddItemRequest(), clock=clock)
    error = refused("CLOCK_SKEW", grpc.StatusCode.FAILED_PRECONDITION, server_time="2026-11-22T12:00:00+00:00")
    again = once_more(request, error, tried=1, clock=clock, tokens=tokens)
    assert again is not None
    assert again.request.request_id == request.request_id
    assert again.request.issue_time.ToDatetime(UTC) == NOON
    assert once_more(request, error, tried=2, clock=clock, tokens=tokens) is None
    assert stamped(AddItemRequest(), clock=clock).issue_time.ToDatetime(UTC) == NOON


def test_an_expired_token_is_fetched_again_where_it_can_be() -> None:
    error = refused("TOKEN_EXPIRED", grpc.StatusCode.UNAUTHENTICATED)
    request = GetCartRequest()
    clock, source = clock_at(NOON), TokenSource(lambda: "next")
    assert once_more(request, error, tried=1, clock=clock, tokens=source) == Again(request, 0)
    assert once_more(request, error, tried=2, clock=clock, tokens=source) is None
    assert once_more(request, error, tried=1, clock=clock, tokens=TokenSource("fixed")) is None


@pytest.mark.parametrize("reason", ["CONFLICT", "OUTBOX_FULL"])
def test_a_refusal_that_passes_is_tried_again_with_the_same_id_a_few_times_and_ever_later(reason: str) -> None:
    request, clock, source = AddItemRequest(request_id="0123456789abcdef"), clock_at(NOON), TokenSource("fixed")
    error = refused(reason, grpc.StatusCode.ABORTED)
    tries = [
        once_more(request, error, tried=tried, clock=clock, tokens=source, jitter=lambda: 1.0) for tried in range(1, 6)
    ]
    assert tries[-1] is None
    assert [again.pause_seconds for again in tries if again] == [0.1, 0.2, 0.4, 0.8]
    assert all(again.request is request for again in tries if again)


def test_other_errors_reach_the_caller_at_once() -> None:
    error = refused("ETAG_MISMATCH", grpc.StatusCode.ABORTED)
    source = TokenSource(lambda: "next")
    assert once_more(AddItemRequest(), error, tried=1, clock=clock_at(NOON), tokens=source) is None


def test_calls_inside_carry_name_journey_and_session_and_the_others_do_not() -> None:
    with carry(Labels(journey_id="jrn_1", session_id="ses,1")):
        inside = dict(headers((), token="t"))
    assert inside["baggage"] == "journey.id=jrn_1,session.id=ses%2C1"
    assert inside["authorization"] == "Bearer t"
    assert "baggage" not in dict(headers((), token="t"))
    assert current_labels() == Labels()


def test_what_the_caller_sends_itself_wins() -> None:
    sent = headers([("authorization", "Bearer mine"), ("x-own", "1")], token="ours")
    assert sent == [("authorization", "Bearer mine"), ("x-own", "1")]
