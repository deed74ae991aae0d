"""The reasons that all services share are those of the contract."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from libs import errors
from libs.errors import OmnithreadError
from omnithread.common.v1.error_reason_pb2 import ErrorReason

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "error",
    [
        errors.deadline_exceeded(),
        errors.invalid_field("sku", "is unknown"),
        errors.request_id_reused(),
        errors.clock_skew(NOW),
        errors.request_too_old(),
        errors.etag_mismatch(),
        errors.conflict(),
        errors.outbox_full(),
        errors.record_too_large(),
        errors.page_token_invalid(),
        errors.customer_not_found("cus_1"),
        errors.dependency_unavailable("profile"),
        errors.outcome_unknown(),
    ],
    ids=lambda error: error.reason,
)
def test_a_shared_reason_is_in_the_contract_and_says_what_happened(error: OmnithreadError) -> None:
    assert f"ERROR_REASON_{error.reason}" in ErrorReason.DESCRIPTOR.values_by_name
    assert error.message.endswith(".") or error.field_faults
    assert str(error) == f"{error.reason}: {error.message}"


def test_every_reason_that_the_door_gives_is_in_the_contract() -> None:
    raised = re.compile(r'\b(?:invalid_argument|resource_exhausted|permission_denied|unauthenticated)\(\s*"(\w+)"')
    given = {reason for path in Path("libs/rpc").glob("*.py") for reason in raised.findall(path.read_text())}
    assert given >= {"UNDECODABLE", "INVALID_FIELD", "TOKEN_MISSING", "CALLER_NOT_ALLOWED", "TOO_LARGE"}
    assert {f"ERROR_REASON_{reason}" for reason in given} <= set(ErrorReason.DESCRIPTOR.values_by_name)
