"""What a call is given on its way out."""

from datetime import UTC, datetime, timedelta

import grpc

from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, GetCartRequest
from omnithread.errors import ErrorDetails
from omnithread.labels import Labels, carry, current_labels
from omnithread.outgoing import headers, once_more
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
    again = once_more(request, error, clock=clock, tokens=tokens)
    assert again is not None
    assert again.request_id == request.request_id
    assert again.issue_time.ToDatetime(UTC) == NOON
    assert stamped(AddItemRequest(), clock=clock).issue_time.ToDatetime(UTC) == NOON


def test_an_expired_token_is_fetched_again_where_it_can_be() -> None:
    error = refused("TOKEN_EXPIRED", grpc.StatusCode.UNAUTHENTICATED)
    request = GetCartRequest()
    assert once_more(request, error, clock=clock_at(NOON), tokens=TokenSource(lambda: "next")) is request
    assert once_more(request, error, clock=clock_at(NOON), tokens=TokenSource("fixed")) is None


def test_other_errors_reach_the_caller_at_once() -> None:
    error = refused("ETAG_MISMATCH", grpc.StatusCode.ABORTED)
    assert once_more(AddItemRequest(), error, clock=clock_at(NOON), tokens=TokenSource(lambda: "next")) is None


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
