"""Every error that a caller of profile can get: its status, its reason, what it names, and that nothing changed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from google.type.postal_address_pb2 import PostalAddress
from grpc import StatusCode

from libs.mongo.absorb import MAX_LINEAGE
from omnithread.common.v1.error_reason_pb2 import ErrorReason as SharedErrorReason
from omnithread.profile.v1 import profile_internal_service_pb2 as internal_pb
from omnithread.profile.v1 import profile_pb2
from omnithread.profile.v1 import profile_service_pb2 as pb
from omnithread.profile.v1.error_reason_pb2 import ErrorReason
from omnithread.profile.v1.profile_pb2 import Identifier, Profile, Trait
from services.profile.who import MOST_MERGED
from tests.services.profile.reception import (
    Reception,
    card,
    cookie,
    email,
    identify,
    refusal,
    stamped,
    text,
    update,
)

Call = Callable[[Reception, Profile], Awaitable[object]]


@dataclass(frozen=True)
class Refusal:
    code: StatusCode
    reason: str
    call: Call
    metadata: dict[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()


def mine(customer: Profile) -> Identifier:
    return next(one for one in customer.identifiers if one.kind == profile_pb2.IDENTIFIER_KIND_COOKIE)


def identifying(*identifiers: Identifier, traits: tuple[Trait, ...] = (), **names: str) -> Call:
    return lambda reception, customer: reception.web.Identify(
        identify(mine(customer), *identifiers, traits=traits, **names)
    )


def updating(*paths: str, etag: str = "", **fields: object) -> Call:
    return lambda reception, customer: reception.web.UpdateProfile(
        update(customer.customer_id, *paths, etag=etag, **fields)
    )


def phone(value: str) -> Identifier:
    return Identifier(kind=profile_pb2.IDENTIFIER_KIND_PHONE, value=value, verified=True)


NOBODY = {"customer_id": "cus_nobody"}
REFUSALS = [
    Refusal(
        StatusCode.INVALID_ARGUMENT,
        "IDENTIFIER_INVALID",
        identifying(email("no address")),
        fields=("identifiers[1].value",),
    ),
    Refusal(
        StatusCode.INVALID_ARGUMENT,
        "IDENTIFIER_INVALID",
        identifying(email(), phone("044 668 18 00")),
        fields=("identifiers[2].value",),
    ),
    Refusal(
        StatusCode.INVALID_ARGUMENT,
        "IDENTIFIER_INVALID",
        lambda reception, _: reception.web.GetProfile(pb.GetProfileRequest(identifier=phone("12"))),
        fields=("identifier.value",),
    ),
    Refusal(
        StatusCode.FAILED_PRECONDITION,
        "IDENTIFIER_LIMIT",
        identifying(card("1"), card("2")),
        {"kind": "loyalty_card", "most": "1"},
    ),
    Refusal(
        StatusCode.FAILED_PRECONDITION,
        "IDENTIFIER_LIMIT",
        identifying(*(email() for _ in range(6))),
        {"kind": "email", "most": "5"},
    ),
    Refusal(
        StatusCode.FAILED_PRECONDITION,
        "TRAIT_LIMIT",
        identifying(traits=tuple(text(f"t{n}", "x") for n in range(100))),
        {"most": "100"},
    ),
    Refusal(
        StatusCode.FAILED_PRECONDITION,
        "TRAIT_LIMIT",
        updating("traits", traits=[text(f"t{n}", "x") for n in range(100)]),
        {"most": "100"},
    ),
    Refusal(
        StatusCode.RESOURCE_EXHAUSTED,
        "RECORD_TOO_LARGE",
        updating("traits", traits=[text(f"t{n}", "🎿" * 512) for n in range(70)]),
    ),
    Refusal(StatusCode.INVALID_ARGUMENT, "UPDATE_MASK_INVALID", updating(given_name="Eva"), fields=("update_mask",)),
    Refusal(StatusCode.INVALID_ARGUMENT, "UPDATE_MASK_INVALID", updating("*"), fields=("update_mask",)),
    Refusal(
        StatusCode.INVALID_ARGUMENT, "UPDATE_MASK_INVALID", updating("given_name", "version"), fields=("update_mask",)
    ),
    Refusal(StatusCode.ABORTED, "ETAG_MISMATCH", updating("given_name", given_name="Eva", etag="0" * 32)),
    Refusal(
        StatusCode.NOT_FOUND,
        "CUSTOMER_NOT_FOUND",
        lambda reception, _: reception.web.UpdateProfile(update("cus_nobody", "given_name", given_name="Eva")),
        NOBODY,
    ),
    Refusal(
        StatusCode.NOT_FOUND,
        "CUSTOMER_NOT_FOUND",
        lambda reception, _: reception.web.GetProfile(pb.GetProfileRequest(customer_id="cus_nobody")),
        NOBODY,
    ),
    Refusal(
        StatusCode.NOT_FOUND,
        "CUSTOMER_NOT_FOUND",
        lambda reception, _: reception.web.GetProfile(pb.GetProfileRequest(identifier=cookie())),
    ),
    Refusal(
        StatusCode.NOT_FOUND,
        "CUSTOMER_NOT_FOUND",
        lambda reception, customer: reception.web.GetProfile(pb.GetProfileRequest(identifier=typed(customer))),
    ),
    Refusal(
        StatusCode.NOT_FOUND,
        "CUSTOMER_NOT_FOUND",
        lambda reception, _: reception.internal.ResolveCustomer(
            internal_pb.ResolveCustomerRequest(customer_id="cus_nobody")
        ),
        NOBODY,
    ),
    Refusal(
        StatusCode.NOT_FOUND,
        "CUSTOMER_NOT_FOUND",
        lambda reception, _: reception.internal.CompleteMerge(
            internal_pb.CompleteMergeRequest(merge_id="mrg_x", survivor_customer_id="cus_nobody", area="cart")
        ),
        NOBODY,
    ),
    Refusal(
        StatusCode.NOT_FOUND,
        "MERGE_NOT_FOUND",
        lambda reception, customer: reception.internal.CompleteMerge(
            internal_pb.CompleteMergeRequest(merge_id="mrg_x", survivor_customer_id=customer.customer_id, area="cart")
        ),
        {"merge_id": "mrg_x"},
    ),
    Refusal(
        StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", identifying(traits=(Trait(name="size"),)), fields=("traits[0]",)
    ),
    Refusal(
        StatusCode.INVALID_ARGUMENT,
        "INVALID_FIELD",
        updating("traits", traits=[text("size", "41"), text("size", "42")]),
        fields=("profile.traits[1].name",),
    ),
    Refusal(
        StatusCode.INVALID_ARGUMENT,
        "INVALID_FIELD",
        updating("postal_address", postal_address=PostalAddress(address_lines=["x" * 1000] * 5)),
        fields=("profile.postal_address",),
    ),
    Refusal(
        StatusCode.INVALID_ARGUMENT,
        "INVALID_FIELD",
        lambda reception, _: reception.web.Identify(identify()),
        fields=("identifiers",),
    ),
]


def typed(customer: Profile) -> Identifier:
    return next(one for one in customer.identifiers if one.kind == profile_pb2.IDENTIFIER_KIND_EMAIL)


@pytest.mark.parametrize("case", REFUSALS, ids=[f"{case.reason}-{n}" for n, case in enumerate(REFUSALS)])
async def test_a_refusal_says_why_and_changes_nothing(reception: Reception, case: Refusal) -> None:
    customer = (
        await reception.web.Identify(
            identify(cookie(), email(verified=False), traits=[text("colour", "red")], given_name="Anna")
        )
    ).profile
    details = await refusal(case.call(reception, customer))
    assert (details.code, details.reason, details.domain) == (case.code, case.reason, "profile.omnithread")
    assert dict(details.metadata) == case.metadata
    assert tuple(fault.field for fault in details.fields) == case.fields
    assert await reception.profile(customer.customer_id) == customer


async def test_identifiers_of_a_refused_request_lead_nowhere(reception: Reception) -> None:
    address = email()
    details = await refusal(reception.web.Identify(identify(address, card("a"), card("b"))))
    assert details.reason == "IDENTIFIER_LIMIT"
    assert (await refusal(reception.web.GetProfile(pb.GetProfileRequest(identifier=address)))).reason == (
        "CUSTOMER_NOT_FOUND"
    )


async def test_a_request_id_is_not_used_twice_for_different_things(reception: Reception) -> None:
    visitor = cookie()
    request = stamped(identify(visitor))
    customer = (await reception.web.Identify(request)).profile
    request.given_name = "Eva"
    assert (await refusal(reception.web.Identify(request))).reason == "REQUEST_ID_REUSED"
    assert await reception.profile(customer.customer_id) == customer


def test_every_reason_is_in_the_contract() -> None:
    known = {name.removeprefix("ERROR_REASON_") for name in (*ErrorReason.keys(), *SharedErrorReason.keys())}
    assert {case.reason for case in REFUSALS} <= known
    own_names = ErrorReason.keys()
    own = {name.removeprefix("ERROR_REASON_") for name in own_names} - {"UNSPECIFIED"}
    told = "".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py"))
    assert {reason for reason in own if f'"{reason}"' not in told} == set()  # others tell of what is theirs


def test_as_many_may_become_one_as_records_take() -> None:
    assert MOST_MERGED == MAX_LINEAGE
