"""What a call is given on its way out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo

from omnithread.budget import RetryBudget
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
    again = once_more(request, error, tried=1, clock=clock, tokens=tokens, token="", budget=RetryBudget())
    assert again is not None
    assert again.request.request_id == request.request_id
    assert again.request.issue_time.ToDatetime(UTC) == NOON
    assert once_more(request, error, tried=2, clock=clock, tokens=tokens, token="", budget=RetryBudget()) is None
    assert stamped(AddItemRequest(), clock=clock).issue_time.ToDatetime(UTC) == NOON


@pytest.mark.parametrize("reason", ["TOKEN_EXPIRED", "TOKEN_INVALID"])
def test_a_token_that_is_refused_is_fetched_again_where_it_can_be(reason: str) -> None:
    error = refused(reason, grpc.StatusCode.UNAUTHENTICATED)
    request = GetCartRequest()
    clock, source = clock_at(NOON), TokenSource(lambda: "next")
    assert once_more(request, error, tried=1, clock=clock, tokens=source, token="", budget=RetryBudget()) == Again(
        request, 0
    )
    assert once_more(request, error, tried=2, clock=clock, tokens=source, token="", budget=RetryBudget()) is None
    assert (
        once_more(
            request, error, tried=1, clock=clock, tokens=TokenSource("fixed"), token="fixed", budget=RetryBudget()
        )
        is None
    )


@pytest.mark.parametrize("reason", ["CONFLICT", "OUTBOX_FULL"])
def test_a_refusal_that_passes_is_tried_again_with_the_same_id_a_few_times_and_ever_later(reason: str) -> None:
    request, clock, source = AddItemRequest(request_id="0123456789abcdef"), clock_at(NOON), TokenSource("fixed")
    error = refused(reason, grpc.StatusCode.ABORTED)
    tries = [
        once_more(
            request, error, tried=tried, clock=clock, tokens=source, token="", budget=RetryBudget(), jitter=lambda: 1.0
        )
        for tried in range(1, 6)
    ]
    assert tries[-1] is None
    assert [again.pause_seconds for again in tries if again] == [0.1, 0.2, 0.4, 0.8]
    assert all(again.request is request for again in tries if again)


def test_what_a_stopping_server_cancels_is_sent_again_while_the_budget_lasts() -> None:
    request, budget = AddItemRequest(request_id="0123456789abcdef"), RetryBudget()
    cancelled = refused("", grpc.StatusCode.CANCELLED)

    def again(tried: int = 1) -> Again[AddItemRequest] | None:
        return once_more(
            request,
            cancelled,
            tried=tried,
            clock=clock_at(NOON),
            tokens=TokenSource("fixed"),
            token="",
            budget=budget,
            jitter=lambda: 1.0,
        )

    assert again() == Again(request, 0.1)
    assert again(tried=5) is None
    assert [again() is not None for _ in range(10)] == [True] * 9 + [False]


def too_much(reason: str, seconds: float) -> ErrorDetails:
    told = any_pb2.Any()
    told.Pack(RetryInfo(retry_delay=Duration(nanos=int(seconds * 1e9))))
    return replace(refused(reason, grpc.StatusCode.RESOURCE_EXHAUSTED), others=(told,))


@pytest.mark.parametrize("reason", ["OVERLOADED", "RATE_LIMITED"])
def test_what_was_too_much_is_sent_again_when_the_server_says_and_no_sooner(reason: str) -> None:
    request, clock, source = AddItemRequest(request_id="0123456789abcdef"), clock_at(NOON), TokenSource("fixed")
    again = once_more(
        request,
        too_much(reason, 0.5),
        tried=1,
        clock=clock,
        tokens=source,
        token="",
        budget=RetryBudget(),
        jitter=lambda: 0.5,
    )
    assert again == Again(request, 0.625)


def test_in_a_long_outage_a_call_comes_to_at_most_one_and_a_tenth_attempts() -> None:
    budget, clock, source = RetryBudget(), clock_at(NOON), TokenSource("fixed")
    retries = 0
    for _ in range(1000):
        budget.called()
        tried = 1
        error = too_much("OVERLOADED", 0.1)
        while once_more(AddItemRequest(), error, tried=tried, clock=clock, tokens=source, token="", budget=budget):
            retries, tried = retries + 1, tried + 1
    assert 100 <= retries <= 110


def once_more_of(reason: str, budget: RetryBudget, *, seconds: float = 0.1, left_seconds: float = 5.0) -> bool:
    again = once_more(
        AddItemRequest(),
        too_much(reason, seconds),
        tried=1,
        clock=clock_at(NOON),
        tokens=TokenSource("fixed"),
        token="",
        budget=budget,
        left_seconds=left_seconds,
    )
    return again is not None


def test_a_wait_that_the_call_has_no_time_for_takes_nothing_of_the_budget() -> None:
    budget = RetryBudget()
    assert not any(once_more_of("RATE_LIMITED", budget, seconds=0.9, left_seconds=0.5) for _ in range(100))
    assert once_more_of("OVERLOADED", budget)


def test_an_outbox_that_stays_full_is_not_asked_again_and_again_and_a_lost_race_costs_nothing() -> None:
    budget = RetryBudget()
    assert all(once_more_of("CONFLICT", budget) for _ in range(100))
    assert sum(once_more_of("OUTBOX_FULL", budget) for _ in range(100)) == 10


def test_other_errors_reach_the_caller_at_once() -> None:
    error = refused("ETAG_MISMATCH", grpc.StatusCode.ABORTED)
    source = TokenSource(lambda: "next")
    assert (
        once_more(AddItemRequest(), error, tried=1, clock=clock_at(NOON), tokens=source, token="", budget=RetryBudget())
        is None
    )


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
