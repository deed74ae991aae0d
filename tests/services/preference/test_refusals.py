"""Every error that a caller of preference can get: its status, its reason, what it names, and that nothing changed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode

from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_SMS
from omnithread.common.v1.error_reason_pb2 import ErrorReason as SharedErrorReason
from omnithread.preference.v1 import consent_service_pb2 as consent_pb
from omnithread.preference.v1 import preference_internal_service_pb2 as internal_pb
from omnithread.preference.v1 import preference_service_pb2 as pb
from omnithread.preference.v1.error_reason_pb2 import ErrorReason
from omnithread.preference.v1.preference_pb2 import ConsentChainHead, FrequencyCap, Pause, QuietHours
from tests.services.calls import refusal, stamped
from tests.services.preference.desk import NO, PENDING, Desk, consent, update

Call = Callable[[Desk, str], Awaitable[object]]
STALE = "0" * 32
CAP = FrequencyCap(purpose="newsletter", max_messages=1, period_days=1)


@dataclass(frozen=True)
class Refusal:
    code: StatusCode
    reason: str
    call: Call
    fields: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


def updating(*paths: str, **fields: Any) -> Call:
    return lambda desk, customer_id: desk.app.UpdatePreferences(update(customer_id, *paths, **fields))


def saying(**fields: Any) -> Call:
    return lambda desk, customer_id: desk.app.SetConsent(consent(customer_id, **fields))


def wrong(reason: str, call: Call, *fields: str) -> Refusal:
    return Refusal(StatusCode.INVALID_ARGUMENT, reason, call, fields)


REFUSALS = [
    wrong("UPDATE_MASK_INVALID", updating("*"), "update_mask"),
    wrong("UPDATE_MASK_INVALID", updating("consents"), "update_mask"),
    wrong("UPDATE_MASK_INVALID", updating(), "update_mask"),
    wrong("LANGUAGE_UNKNOWN", updating(language="klingonisch"), "preferences.language"),
    wrong("TIME_ZONE_UNKNOWN", updating(time_zone="Europe/Bernerhof"), "preferences.time_zone"),
    wrong("CAP_DUPLICATE", updating(frequency_caps=[CAP, CAP]), "preferences.frequency_caps[1].purpose"),
    wrong("CONTACT_POINT_INVALID", saying(contact_point="no-address"), "contact_point"),
    wrong("CONTACT_POINT_INVALID", saying(contact_point="079", delivery_kind=DELIVERY_KIND_SMS), "contact_point"),
    wrong(
        "INVALID_FIELD",
        updating(pauses=[Pause(until_time=Timestamp(seconds=10**15))]),
        "preferences.pauses[0].until_time",
    ),
    wrong(
        "INVALID_FIELD",
        updating(quiet_hours=QuietHours(start_minute=1440)),
        "preferences.quiet_hours.start_minute",
    ),
    wrong(
        "INVALID_FIELD",
        updating(preferred_channels=[DELIVERY_KIND_EMAIL, DELIVERY_KIND_EMAIL]),
        "preferences.preferred_channels",
    ),
    wrong("INVALID_FIELD", updating(interests=["x" * 65]), "preferences.interests[0]"),
    wrong("INVALID_FIELD", saying(purpose="Cart Reminder"), "purpose"),
    wrong("INVALID_FIELD", saying(wording=""), "wording"),
    wrong("INVALID_FIELD", saying(wording="x" * 2001), "wording"),
    wrong("INVALID_FIELD", saying(state=0), "state"),
    wrong("INVALID_FIELD", saying(state=PENDING), "state"),
    wrong("CONTACT_POINT_REQUIRED", saying(purpose="club"), "contact_point"),
    wrong(
        "CHAIN_HEAD_INVALID",
        lambda desk, customer_id: desk.consents.VerifyConsentChain(
            consent_pb.VerifyConsentChainRequest(
                customer_id=customer_id, kept_head=ConsentChainHead(customer_id="cus_bob", position=1)
            )
        ),
        "kept_head",
    ),
    wrong(
        "LINK_INVALID",
        lambda desk, _customer_id: desk.door.ShowLink(internal_pb.ShowLinkRequest(token="made-up")),
        "token",
    ),
    Refusal(
        StatusCode.FAILED_PRECONDITION,
        "CONSENT_NOT_PENDING",
        lambda desk, customer_id: desk.consents.ResendConfirmation(
            consent_pb.ResendConfirmationRequest(customer_id=customer_id, record_id="con_1")
        ),
    ),
    Refusal(
        StatusCode.NOT_FOUND,
        "CONFIRMATION_NOT_FOUND",
        lambda desk, customer_id: desk.messaging.GetConfirmation(
            internal_pb.GetConfirmationRequest(customer_id=customer_id, confirmation_id="cnf_1")
        ),
    ),
    wrong("INVALID_FIELD", saying(delivery_kind=99), "delivery_kind"),
    Refusal(StatusCode.ABORTED, "ETAG_MISMATCH", saying(etag=STALE)),
    Refusal(
        StatusCode.ABORTED,
        "ETAG_MISMATCH",
        lambda desk, customer_id: desk.app.UpdatePreferences(_with_etag(update(customer_id, language="en"))),
    ),
    wrong(
        "PAGE_TOKEN_INVALID",
        lambda desk, customer_id: desk.app.ListConsentRecords(
            pb.ListConsentRecordsRequest(customer_id=customer_id, page_token="damaged")
        ),
    ),
]
ELSEWHERE = {
    "CONSENT_LIMIT",
    "CONFIRMATION_EXPIRED",
    "CONFIRMATION_CODE_WRONG",
    "CONFIRMATION_TRIES_USED_UP",
    "LINK_ACTION_NOT_POSSIBLE",
}
"""Needs a hundred consents, below; or a code or a link, in the folders beside."""


def _with_etag(request: pb.UpdatePreferencesRequest) -> pb.UpdatePreferencesRequest:
    request.etag = STALE
    return request


@pytest.mark.parametrize("expected", REFUSALS, ids=lambda refusal: refusal.reason)
async def test_what_is_refused_says_why_and_changes_nothing(desk: Desk, expected: Refusal) -> None:
    customer_id = await desk.new_customer()
    await desk.app.SetConsent(consent(customer_id))
    before = await desk.app.GetPreferences(pb.GetPreferencesRequest(customer_id=customer_id))

    refused = await refusal(expected.call(desk, customer_id))
    assert (refused.code, refused.reason, refused.domain) == (expected.code, expected.reason, "preference.omnithread")
    assert tuple(violation.field for violation in refused.fields) == expected.fields
    assert refused.metadata == expected.metadata
    assert await desk.app.GetPreferences(pb.GetPreferencesRequest(customer_id=customer_id)) == before


def test_every_reason_of_preferences_own_is_among_the_refusals() -> None:
    own, shared = (
        {name.removeprefix("ERROR_REASON_") for name in reasons.DESCRIPTOR.values_by_name} - {"UNSPECIFIED"}
        for reasons in (ErrorReason, SharedErrorReason)
    )
    told = {expected.reason for expected in REFUSALS} | ELSEWHERE
    assert own <= told <= own | shared


async def test_the_101st_consent_is_refused_and_the_others_can_still_be_taken_back(desk: Desk) -> None:
    customer_id = await desk.new_customer()
    for number in range(100):
        await desk.app.SetConsent(consent(customer_id, purpose=f"purpose_{number}"))
    refused = await refusal(desk.app.SetConsent(consent(customer_id)))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "CONSENT_LIMIT")
    assert refused.metadata == {"limit": "100"}
    await desk.app.SetConsent(consent(customer_id, purpose="purpose_7", state=NO))


async def test_a_customer_whom_nobody_knows_has_no_preferences(desk: Desk) -> None:
    for call in (
        desk.app.GetPreferences(pb.GetPreferencesRequest(customer_id="cus_nobody")),
        desk.app.SetConsent(consent("cus_nobody")),
        desk.app.UpdatePreferences(update("cus_nobody", language="en")),
        desk.app.ListConsentRecords(pb.ListConsentRecordsRequest(customer_id="cus_nobody")),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (StatusCode.NOT_FOUND, "CUSTOMER_NOT_FOUND")


async def test_a_request_id_with_another_body_is_refused(desk: Desk) -> None:
    customer_id = await desk.new_customer()
    request = stamped(consent(customer_id))
    await desk.app.SetConsent(request)
    request.state = NO
    refused = await refusal(desk.app.SetConsent(request))
    assert (refused.code, refused.reason) == (StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")
