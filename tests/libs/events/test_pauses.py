"""How long a customer's stream waits after a failure depends on whether the failure is the customer's own."""

from datetime import timedelta

import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError, Metadata

from libs.errors import OmnithreadError, conflict, outbox_full, overloaded, record_too_large
from libs.events.follower import LONGEST_PAUSE, pause_after
from libs.events.streams import OwnerAway
from libs.rpc.status import to_wire


def told_by_a_service(error: OmnithreadError) -> AioRpcError:
    code, message, trailing = to_wire(error, domain="profile.omnithread")
    return AioRpcError(code, Metadata(), Metadata(*trailing), message)


@pytest.mark.parametrize(
    "error",
    [
        OwnerAway("cart"),
        outbox_full(),
        conflict(),
        overloaded(retry_seconds=1),
        told_by_a_service(overloaded(retry_seconds=1)),
        AioRpcError(StatusCode.UNAVAILABLE, Metadata(), Metadata()),
        TimeoutError(),
    ],
    ids=repr,
)
def test_what_passes_for_everybody_is_tried_again_within_seconds_however_often_it_failed(error: Exception) -> None:
    assert pause_after(error, attempts=1) == timedelta(seconds=1)
    assert pause_after(error, attempts=20) == timedelta(seconds=5)


@pytest.mark.parametrize("error", [ValueError(), record_too_large(), told_by_a_service(record_too_large())], ids=repr)
def test_what_is_the_customers_own_is_tried_more_and_more_rarely(error: Exception) -> None:
    assert pause_after(error, attempts=20) == LONGEST_PAUSE
