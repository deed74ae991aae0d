"""Verification as channels call it: every refusal, and who is told a code."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode

from omnithread.profile.v1 import profile_service_pb2 as pb
from omnithread.profile.v1.identity_service_pb2 import StartVerificationRequest, VerifyIdentifierRequest
from omnithread.profile.v1.profile_internal_service_pb2 import GetVerificationCodeRequest
from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceStub
from omnithread.profile.v1.profile_pb2 import IDENTIFIER_KIND_PHONE, Identifier
from services.profile.service import SERVICE
from tests.services.calls import refusal, stamped
from tests.services.profile.reception import Reception, card, cookie, email, identify, reception_at
from tests.services.running import Services

if TYPE_CHECKING:  # the classes of stubs on asyncio channels are known to type checkers only
    from omnithread.profile.v1.identity_service_pb2_grpc import IdentityServiceAsyncStub
    from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceAsyncStub


@dataclass(frozen=True, slots=True)
class Desk:
    """Where addresses are proven."""

    reception: Reception
    web: "IdentityServiceAsyncStub"
    messaging: "ProfileInternalServiceAsyncStub"

    async def guest(self) -> str:
        return (await self.reception.web.Identify(identify(cookie()))).profile.customer_id

    async def code(self, customer_id: str, verification_id: str) -> str:
        request = GetVerificationCodeRequest(customer_id=customer_id, verification_id=verification_id)
        return (await self.messaging.GetVerificationCode(request)).code


@pytest.fixture(scope="package")
async def desk(services: Services) -> Desk:
    running = await services.start(SERVICE)
    return Desk(
        reception=reception_at(services, running),
        web=services.connect("web-shop", at=running).identity,
        messaging=ProfileInternalServiceStub(services.as_service("messaging", to=running)),
    )


def start(customer_id: str, identifier: Identifier) -> StartVerificationRequest:
    return StartVerificationRequest(customer_id=customer_id, identifier=identifier)


def verify(customer_id: str, verification_id: str, code: str) -> VerifyIdentifierRequest:
    return VerifyIdentifierRequest(customer_id=customer_id, verification_id=verification_id, code=code)


async def test_a_guest_becomes_the_customer_whose_address_they_prove(desk: Desk) -> None:
    address = email()
    known = (await desk.reception.store.Identify(identify(address))).profile.customer_id
    guest = await desk.guest()
    started = await desk.web.StartVerification(start(guest, address))
    request = stamped(verify(guest, started.verification_id, await desk.code(guest, started.verification_id)))
    verified = await desk.web.VerifyIdentifier(request)
    assert verified.profile.customer_id == known
    assert [merge.source_customer_id for merge in verified.pending_merges] == [guest]
    again = await desk.web.VerifyIdentifier(request)
    assert (again.replayed, again.profile) == (True, verified.profile)
    assert (await desk.reception.profile(guest)).customer_id == known


async def test_an_address_of_another_known_customer_is_set_aside_though_it_is_proven(desk: Desk) -> None:
    address = email()
    await desk.reception.store.Identify(identify(address))
    ben = (await desk.reception.web.Identify(identify(card()))).profile.customer_id
    started = await desk.web.StartVerification(start(ben, address))
    code = await desk.code(ben, started.verification_id)
    verified = await desk.web.VerifyIdentifier(verify(ben, started.verification_id, code))
    assert verified.profile.customer_id == ben
    assert [(one.identifier.value, one.reason) for one in verified.set_aside] == [
        (address.value, pb.SET_ASIDE_REASON_HELD_BY_ANOTHER)
    ]


async def test_only_messaging_is_told_a_code(desk: Desk) -> None:
    guest = await desk.guest()
    started = await desk.web.StartVerification(start(guest, email()))
    request = GetVerificationCodeRequest(customer_id=guest, verification_id=started.verification_id)
    details = await refusal(desk.reception.internal.GetVerificationCode(request))
    assert (details.code, details.reason) == (StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")


async def test_what_takes_no_code_is_refused(desk: Desk) -> None:
    guest = await desk.guest()
    number = Identifier(kind=IDENTIFIER_KIND_PHONE, value="+41446681800")
    for identifier, kind in ((number, "phone"), (card(), "loyalty_card"), (cookie(), "cookie")):
        details = await refusal(desk.web.StartVerification(start(guest, identifier)))
        assert (details.code, details.reason) == (StatusCode.INVALID_ARGUMENT, "VERIFICATION_NOT_POSSIBLE")
        assert dict(details.metadata) == {"kind": kind}
    details = await refusal(desk.web.StartVerification(start(guest, email("no address"))))
    assert (details.code, details.reason) == (StatusCode.INVALID_ARGUMENT, "IDENTIFIER_INVALID")
    assert [fault.field for fault in details.fields] == ["identifier.value"]


async def test_too_many_codes_are_refused_until_a_time_that_is_told(desk: Desk) -> None:
    guest, address = await desk.guest(), email()
    for _ in range(3):
        await desk.web.StartVerification(start(guest, address))
    details = await refusal(desk.web.StartVerification(start(guest, address)))
    assert (details.code, details.reason) == (StatusCode.RESOURCE_EXHAUSTED, "VERIFICATION_LIMIT")
    assert details.metadata["retry_time"].endswith("Z")


async def test_wrong_codes_are_counted_and_said(desk: Desk) -> None:
    guest = await desk.guest()
    started = await desk.web.StartVerification(start(guest, email()))
    right = await desk.code(guest, started.verification_id)
    wrong = [code for code in (f"{number:06}" for number in range(6)) if code != right][:5]
    for left, code in zip("43210", wrong, strict=True):
        details = await refusal(desk.web.VerifyIdentifier(verify(guest, started.verification_id, code)))
        assert (details.code, details.reason) == (StatusCode.FAILED_PRECONDITION, "CODE_WRONG")
        assert dict(details.metadata) == {"tries_left": left}
    details = await refusal(desk.web.VerifyIdentifier(verify(guest, started.verification_id, right)))
    assert (details.code, details.reason) == (StatusCode.FAILED_PRECONDITION, "VERIFICATION_TRIES_USED_UP")


async def test_what_is_no_code_and_what_is_no_verification_are_refused(desk: Desk) -> None:
    guest = await desk.guest()
    for code in ("12345", "1234567", "١٢٣٤٥٦", "abcdef", ""):
        details = await refusal(desk.web.VerifyIdentifier(verify(guest, "ver_x", code)))
        assert (details.code, details.reason) == (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    details = await refusal(desk.web.VerifyIdentifier(verify(guest, "ver_x", "123456")))
    assert (details.code, details.reason) == (StatusCode.NOT_FOUND, "VERIFICATION_NOT_FOUND")
    for call in (
        desk.web.VerifyIdentifier(verify("cus_nobody", "ver_x", "123456")),
        desk.web.StartVerification(start("cus_nobody", email())),
    ):
        details = await refusal(call)
        assert (details.code, details.reason) == (StatusCode.NOT_FOUND, "CUSTOMER_NOT_FOUND")


async def test_a_code_that_was_used_is_refused(desk: Desk) -> None:
    guest = await desk.guest()
    started = await desk.web.StartVerification(start(guest, email()))
    code = await desk.code(guest, started.verification_id)
    await desk.web.VerifyIdentifier(verify(guest, started.verification_id, code))
    details = await refusal(desk.web.VerifyIdentifier(verify(guest, started.verification_id, code)))
    assert (details.code, details.reason) == (StatusCode.FAILED_PRECONDITION, "VERIFICATION_EXPIRED")
    request = GetVerificationCodeRequest(customer_id=guest, verification_id=started.verification_id)
    assert (await refusal(desk.messaging.GetVerificationCode(request))).reason == "VERIFICATION_NOT_FOUND"
