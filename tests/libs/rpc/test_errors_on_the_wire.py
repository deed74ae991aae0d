"""What a channel is told when something goes wrong, and what it is never told."""

from datetime import UTC, datetime

import grpc
import pytest

from deploy.local.keys import Keys
from libs import errors
from libs.errors import OmnithreadError, Status
from libs.rpc.status import CODES, error_from_rpc
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from tests.libs.rpc.opened_door import OpenedDoor, opened_door

SERVER_TIME = datetime(2026, 3, 1, 12, 0, 0, 7000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raised", "code", "metadata"),
    [
        (errors.invalid_argument("PRICE_INVALID", "no price"), grpc.StatusCode.INVALID_ARGUMENT, {}),
        (errors.customer_not_found("cus_9"), grpc.StatusCode.NOT_FOUND, {"customer_id": "cus_9"}),
        (errors.failed_precondition("CART_EMPTY", "empty"), grpc.StatusCode.FAILED_PRECONDITION, {}),
        (
            errors.clock_skew(SERVER_TIME),
            grpc.StatusCode.FAILED_PRECONDITION,
            {"server_time": "2026-03-01T12:00:00.007Z"},
        ),
        (errors.etag_mismatch(), grpc.StatusCode.ABORTED, {}),
        (errors.outbox_full(), grpc.StatusCode.RESOURCE_EXHAUSTED, {}),
        (errors.dependency_unavailable("profile"), grpc.StatusCode.UNAVAILABLE, {"dependency": "profile"}),
        (errors.permission_denied("CALLER_NOT_ALLOWED", "no"), grpc.StatusCode.PERMISSION_DENIED, {}),
        (errors.unauthenticated("TOKEN_INVALID", "no"), grpc.StatusCode.UNAUTHENTICATED, {}),
        (errors.deadline_exceeded(), grpc.StatusCode.DEADLINE_EXCEEDED, {}),
    ],
    ids=lambda value: value.reason if isinstance(value, OmnithreadError) else "",
)
async def test_every_refusal_says_its_reason_and_who_refused(
    door: OpenedDoor, raised: OmnithreadError, code: grpc.StatusCode, metadata: dict[str, str]
) -> None:
    door.will_raise(raised)
    refusal = await door.refusal()
    assert (refusal.code, refusal.reason, refusal.domain) == (code, raised.reason, "cart.omnithread")
    assert refusal.message == raised.message
    assert refusal.metadata == metadata
    assert door.counted(code.name) == 1


async def test_a_field_that_breaks_a_rule_of_ours_is_named(door: OpenedDoor) -> None:
    door.will_raise(errors.invalid_field("unit_price.nanos", "has more digits than EUR"))
    refusal = await door.refusal()
    assert refusal.reason == "INVALID_FIELD"
    assert refusal.faults == {"unit_price.nanos": "has more digits than EUR"}


async def test_an_exception_nobody_expected_tells_the_caller_nothing(door: OpenedDoor) -> None:
    address = "mongodb://root:secret@db"  # not a secret: made up
    door.will_raise(ValueError(f"could not parse 'anna@example.com' at {address}"))
    refusal = await door.refusal()
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    for leaked in ("ValueError", "anna", "secret", "Traceback", ".py"):
        assert leaked not in refusal.everything


async def test_an_exception_nobody_expected_is_on_the_span_without_its_values(door: OpenedDoor) -> None:
    door.will_raise(ValueError("could not parse 'anna@example.com'"))
    await door.refusal()
    [event] = door.span().events
    attributes = dict(event.attributes or {})
    assert attributes["exception.type"] == "ValueError"
    assert attributes["exception.message"] == "could not parse …"
    assert "test_errors_on_the_wire" not in str(attributes["exception.message"])
    assert "opened_door.py" in str(attributes["exception.stacktrace"])


async def test_an_answer_that_cannot_be_encoded_is_an_error_of_ours(door: OpenedDoor) -> None:
    async def answer(request: GetCartRequest) -> GetCartResponse:
        return "no message"  # type: ignore[return-value]

    door.will(answer)
    assert (await door.refusal()).code is grpc.StatusCode.INTERNAL


async def test_an_error_that_cannot_be_encoded_is_an_error_of_ours(door: OpenedDoor) -> None:
    door.will_raise(errors.not_found("LINE_NOT_FOUND", "no line", metadata={"quantity": 7}))  # type: ignore[dict-item]
    refusal = await door.refusal()
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")


async def test_an_enormous_error_still_fits_into_what_a_client_takes(door: OpenedDoor) -> None:
    faults = tuple(errors.FieldFault(field="f" * 900, description="d" * 900) for _ in range(500))
    metadata = {f"key{number}": "v" * 5000 for number in range(100)}
    door.will_raise(errors.invalid_argument("INVALID_FIELD", "m" * 9000, field_faults=faults, metadata=metadata))
    refusal = await door.refusal()
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_an_error_of_another_service_is_passed_on_as_that_services(keys: Keys, door: OpenedDoor) -> None:
    async with opened_door(keys) as behind:
        behind.will_raise(
            OmnithreadError(
                status=Status.NOT_FOUND,
                reason="CUSTOMER_NOT_FOUND",
                message="No customer has this id.",
                metadata={"customer_id": "cus_1"},
                domain="profile.omnithread",
            )
        )

        async def ask_behind(request: GetCartRequest) -> GetCartResponse:
            return await behind.ask()

        door.will(ask_behind)
        refusal = await door.refusal()
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "CUSTOMER_NOT_FOUND")
    assert refusal.domain == "profile.omnithread"
    assert refusal.metadata == {"customer_id": "cus_1"}


async def test_another_services_error_reads_back_as_it_was_raised(door: OpenedDoor) -> None:
    raised = errors.invalid_field("sku", "is unknown")
    door.will_raise(raised)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await door.ask()
    error = error_from_rpc(caught.value, dependency="cart")
    assert (error.status, error.reason, error.message) == (raised.status, raised.reason, raised.message)
    assert error.field_faults == raised.field_faults
    assert error.domain == "cart.omnithread"


async def test_a_service_that_is_not_there_is_named_as_unavailable() -> None:
    raised = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), "refused")
    error = error_from_rpc(raised, dependency="profile")
    assert (error.status, error.reason) == (Status.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE")
    assert error.metadata == {"dependency": "profile"}


async def test_an_answer_that_is_not_of_our_making_is_an_error_of_ours() -> None:
    trailing = grpc.aio.Metadata(("grpc-status-details-bin", b"\xff\xff"))
    raised = grpc.aio.AioRpcError(grpc.StatusCode.UNIMPLEMENTED, grpc.aio.Metadata(), trailing, "Method not found!")
    assert error_from_rpc(raised).status is Status.INTERNAL


def test_every_status_of_ours_is_one_of_grpcs() -> None:
    assert {code.name for code in CODES.values()} == {status.name for status in Status}
