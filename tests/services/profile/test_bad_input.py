"""What no honest channel sends, or sends by mistake: a clear refusal, or taken as the plain text that it is."""

import unicodedata
from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode

from libs.ids import new_id
from omnithread.profile.v1 import profile_pb2
from omnithread.profile.v1 import profile_service_pb2 as pb
from omnithread.profile.v1.profile_pb2 import Identifier, Profile, Trait
from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from services.profile.service import SERVICE
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
from tests.services.running import Services

if TYPE_CHECKING:  # the classes of stubs on asyncio channels are known to type checkers only
    from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

OPERATORS = ["$where", "$ne", "a.b", "traits.$[]", "__proto__", "a\x00b", "", " size", "größe", "x" * 65]


@pytest.fixture(scope="package")
async def stock(services: Services) -> "ProfileServiceAsyncStub":
    """A channel without the client package, which would send nothing so large."""
    return ProfileServiceStub(services.bare("web-shop", to=await services.start(SERVICE)))


async def somebody(reception: Reception) -> Profile:
    answer = await reception.web.Identify(identify(cookie(), traits=[text("colour", "red")], given_name="Anna"))
    return answer.profile


def phone(value: str) -> Identifier:
    return Identifier(kind=profile_pb2.IDENTIFIER_KIND_PHONE, value=value, verified=True)


@pytest.mark.parametrize(
    ("count", "code", "reason"),
    [
        (21, StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
        (3000, StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
        (20_000, StatusCode.RESOURCE_EXHAUSTED, "TOO_LARGE"),
    ],
)
async def test_thousands_of_identifiers_in_one_call_are_refused_and_lead_nowhere(
    reception: Reception, stock: "ProfileServiceAsyncStub", count: int, code: StatusCode, reason: str
) -> None:
    first = cookie()
    details = await refusal(stock.Identify(stamped(identify(first, *(cookie() for _ in range(count - 1))))))
    assert (details.code, details.reason) == (code, reason)
    assert (await refusal(reception.web.GetProfile(pb.GetProfileRequest(identifier=first)))).reason == (
        "CUSTOMER_NOT_FOUND"
    )


@pytest.mark.parametrize(
    "address",
    [
        "用户@例え.jp",
        "δοκιμή@παράδειγμα.gr",
        "имя@пример.com",
        "الاسم@example.com",
        "ñandú@españa.es",
        "żółć@münchen.de",
    ],
)
async def test_an_address_in_any_script_finds_its_customer_however_it_is_written(
    reception: Reception, address: str
) -> None:
    tag = new_id("t")
    address = address.replace("@", f"{tag}@")
    local_part, _, domain = address.partition("@")
    customer = (await reception.web.Identify(identify(email(address)))).profile
    ways = [
        unicodedata.normalize("NFD", address),
        f"{local_part}@{domain.encode('idna').decode('ascii')}",
        address.upper() if address.upper().lower() == address else address,
        f"  {address} ",
    ]
    for written in ways:
        found = await reception.store.GetProfile(pb.GetProfileRequest(identifier=email(written)))
        assert found.profile.customer_id == customer.customer_id


async def test_letters_that_only_look_alike_make_another_address(reception: Reception) -> None:
    tag = new_id("t")
    latin = (await reception.web.Identify(identify(email(f"anna{tag}@example.com")))).profile
    cyrillic = (await reception.web.Identify(identify(email(f"\u0430nna{tag}@example.com")))).profile
    assert latin.customer_id != cyrillic.customer_id


@pytest.mark.parametrize(
    "address",
    [
        "an\u200bna@example.com",
        "anna\u202e@example.com",
        "an na@example.com",
        "anna@exam\u00adple .com",
        "a@b@example.com",
    ],
)
async def test_an_address_with_hidden_or_stray_characters_is_refused(reception: Reception, address: str) -> None:
    details = await refusal(reception.web.Identify(identify(cookie(), email(address))))
    assert (details.code, details.reason) == (StatusCode.INVALID_ARGUMENT, "IDENTIFIER_INVALID")
    assert [fault.field for fault in details.fields] == ["identifiers[1].value"]
    assert address not in str(details)


@pytest.mark.parametrize("number", ["044 668 18 00", "0446681800", "668 18 00", "+", "+999 123", "tel:12"])
async def test_a_phone_without_its_country_is_refused_and_not_guessed(reception: Reception, number: str) -> None:
    details = await refusal(reception.web.Identify(identify(phone(number))))
    assert (details.code, details.reason) == (StatusCode.INVALID_ARGUMENT, "IDENTIFIER_INVALID")
    assert number not in str(details.fields[0].description)


@pytest.mark.parametrize("name", OPERATORS)
async def test_a_trait_named_like_an_operator_is_refused(reception: Reception, name: str) -> None:
    customer = await somebody(reception)
    for call in (
        reception.web.Identify(identify(cookie(), traits=[text(name, "x")])),
        reception.web.UpdateProfile(update(customer.customer_id, "traits", traits=[text(name, "x")])),
    ):
        details = await refusal(call)
        assert (details.code, details.reason) == (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert await reception.profile(customer.customer_id) == customer


@pytest.mark.parametrize("path", ["traits.$where", "traits.colour", "$set", "identifiers", "customer_id", ""])
async def test_a_mask_that_reaches_into_a_document_is_refused(reception: Reception, path: str) -> None:
    customer = await somebody(reception)
    details = await refusal(reception.web.UpdateProfile(update(customer.customer_id, path)))
    assert (details.code, details.reason) == (StatusCode.INVALID_ARGUMENT, "UPDATE_MASK_INVALID")
    assert await reception.profile(customer.customer_id) == customer


@pytest.mark.parametrize(
    "value", ['{"$gt": ""}', "$where", "a.b.c", "constructor", "'; drop table customers", "{{ x }}"]
)
async def test_a_value_that_looks_like_a_query_is_the_text_that_it_is(reception: Reception, value: str) -> None:
    tagged = f"{value}{new_id('v')}"
    customer = (await reception.web.Identify(identify(cookie(tagged), traits=[text("note", value)]))).profile
    assert customer.traits[0].string_value == value
    found = await reception.web.GetProfile(pb.GetProfileRequest(identifier=cookie(tagged)))
    assert found.profile.customer_id == customer.customer_id
    nobody = await refusal(reception.web.GetProfile(pb.GetProfileRequest(identifier=card(f"{value}$"))))
    assert nobody.reason == "CUSTOMER_NOT_FOUND"


@pytest.mark.parametrize(
    ("characters", "code", "reason"),
    [
        (513, StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
        (1024 * 1024, StatusCode.RESOURCE_EXHAUSTED, "TOO_LARGE"),
    ],
)
async def test_a_trait_too_long_is_refused(
    reception: Reception, stock: "ProfileServiceAsyncStub", characters: int, code: StatusCode, reason: str
) -> None:
    customer = await somebody(reception)
    long = text("note", "x" * characters)
    details = await refusal(stock.UpdateProfile(stamped(update(customer.customer_id, "traits", traits=[long]))))
    assert (details.code, details.reason) == (code, reason)
    assert await reception.profile(customer.customer_id) == customer


async def test_a_number_that_is_none_and_a_time_that_is_none_are_refused(reception: Reception) -> None:
    never = Trait(name="when")
    never.time_value.seconds = 10**15
    for trait in (Trait(name="size", number_value=float("nan")), Trait(name="size", number_value=float("inf")), never):
        details = await refusal(reception.web.Identify(identify(cookie(), traits=[trait])))
        assert (details.code, details.reason) == (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_what_programs_write_for_nothing_makes_no_two_people_one(reception: Reception) -> None:
    nothing = [card("null"), email("anonymous"), phone("000000"), cookie("-1")]
    once = await reception.web.Identify(identify(*nothing))
    again = await reception.store.Identify(identify(*nothing))
    assert once.profile.customer_id != again.profile.customer_id
    assert len(once.profile.identifiers) == 0
    assert [one.reason for one in once.set_aside] == [pb.SET_ASIDE_REASON_BLOCKED] * 4
    for identifier in nothing:
        details = await refusal(reception.web.GetProfile(pb.GetProfileRequest(identifier=identifier)))
        assert details.reason == "CUSTOMER_NOT_FOUND"


async def test_a_blocked_value_beside_a_real_one_is_set_aside_and_the_rest_decides(reception: Reception) -> None:
    address = email()
    known = (await reception.web.Identify(identify(address))).profile
    answer = await reception.store.Identify(identify(card("0000000"), address))
    assert answer.profile.customer_id == known.customer_id
    assert [(one.identifier.value, one.reason) for one in answer.set_aside] == [
        ("0000000", pb.SET_ASIDE_REASON_BLOCKED)
    ]
    assert len(answer.profile.identifiers) == 1


async def test_where_a_trait_comes_from_is_kept_and_shown(reception: Reception) -> None:
    said = Trait(name="size", number_value=42, source="checkout-form")
    customer = (await reception.web.Identify(identify(cookie(), traits=[said]))).profile
    assert (await reception.profile(customer.customer_id)).traits[0].source == "checkout-form"
    details = await refusal(
        reception.web.Identify(identify(cookie(), traits=[Trait(name="size", number_value=1, source="a b")]))
    )
    assert details.reason == "INVALID_FIELD"
