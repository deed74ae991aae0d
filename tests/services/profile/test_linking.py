from dataclasses import replace

import pytest

from libs.errors import OmnithreadError
from services.profile.details import MAX_TRAITS
from services.profile.events import Change, CustomerCreated, IdentifiersLinked, ProfileUpdated
from services.profile.linking import MOST_PENDING_MERGES, Introduction, introduce
from services.profile.model import CustomerId, CustomerKind, Identifier, IdentifierKind, Profile
from services.profile.rules import DEFAULT_RULES, KindRules
from tests.services.profile.people import (
    WEB,
    at,
    card,
    cookie,
    customer,
    device,
    email,
    reservation,
    trait,
)

NOBODY = Profile(customer_id=CustomerId("new"))


def link(profile: Profile, *identifiers: Identifier, minutes: float = 10) -> Change:
    return introduce(profile, Introduction(identifiers=identifiers), now=at(minutes), channel=WEB, rules=DEFAULT_RULES)


def values(profile: Profile) -> set[str]:
    return {one.identifier.value for one in profile.identifiers}


def test_a_first_visit_creates_a_guest() -> None:
    change = link(NOBODY, cookie("c"), device("d"))
    assert change.profile.create_time == at(10)
    assert change.events == (
        CustomerCreated(kind=CustomerKind.ANONYMOUS),
        IdentifiersLinked(kinds=(IdentifierKind.COOKIE, IdentifierKind.DEVICE), kind=CustomerKind.ANONYMOUS),
    )


def test_a_proof_makes_a_guest_known() -> None:
    change = link(customer("anna", cookie("c")), email("anna@example.com"))
    assert change.profile.kind is CustomerKind.KNOWN
    assert change.events == (IdentifiersLinked(kinds=(IdentifierKind.EMAIL,), kind=CustomerKind.KNOWN),)


def test_the_same_again_changes_and_announces_nothing() -> None:
    told = Introduction(
        identifiers=(email("anna@example.com"), cookie("c"), card("7", verified=False)),
        traits=(trait("size", 41.0, minutes=10), trait("vip", value=True, minutes=10)),
        given_name="Anna",
    )
    once = introduce(NOBODY, told, now=at(10), channel=WEB, rules=DEFAULT_RULES).profile
    again = introduce(once, told, now=at(20), channel=WEB, rules=DEFAULT_RULES)
    assert (again.profile, again.events, again.dropped_keys) == (once, (), ())


def test_an_email_in_another_case_is_the_one_that_is_held() -> None:
    anna = customer("anna", email("Anna@example.com"))
    assert link(anna, email("anna@example.com")).profile == anna


def test_an_unproven_claim_is_kept_and_becomes_a_proof() -> None:
    claimed = link(customer("anna", cookie("c")), email("anna@example.com", verified=False))
    assert claimed.profile.kind is CustomerKind.ANONYMOUS
    assert claimed.events == (ProfileUpdated(changed_fields=("identifiers",)),)
    proven = link(claimed.profile, email("anna@example.com"))
    assert proven.profile.kind is CustomerKind.KNOWN
    assert len(proven.profile.identifiers) == 2
    assert link(proven.profile, email("anna@example.com", verified=False)).events == ()


@pytest.mark.parametrize(("kind", "most"), [("email", 5), ("loyalty_card", 1)])
def test_one_proven_identifier_too_many_is_refused(kind: str, most: int) -> None:
    def make(number: int) -> Identifier:
        return email(f"anna{number}@example.com") if kind == "email" else card(str(number))

    full = customer("anna", *(make(n) for n in range(most)))
    with pytest.raises(OmnithreadError) as refusal:
        link(full, make(most))
    assert refusal.value.reason == "IDENTIFIER_LIMIT"
    assert refusal.value.metadata == {"kind": kind, "most": str(most)}
    assert link(full, make(0)).profile == full


def test_who_has_more_than_the_rules_allow_by_now_keeps_them_and_gets_no_more() -> None:
    anna = customer("anna", *(email(f"a{number}@example.com") for number in range(4)))
    kinds = {**DEFAULT_RULES.kinds, IdentifierKind.EMAIL: KindRules(most=2)}
    strict = replace(DEFAULT_RULES, kinds=kinds)
    same = introduce(anna, Introduction(identifiers=(cookie("c"),)), now=at(1), channel=WEB, rules=strict).profile
    assert len(same.identifiers) == 5
    with pytest.raises(OmnithreadError) as refusal:
        introduce(anna, Introduction(identifiers=(email("b@example.com"),)), now=at(1), channel=WEB, rules=strict)
    assert (refusal.value.reason, refusal.value.metadata["most"]) == ("IDENTIFIER_LIMIT", "2")


def test_the_oldest_cookie_makes_room_and_leads_here_no_longer() -> None:
    profile = NOBODY
    for n in range(30):
        profile = link(profile, cookie(f"c{n:02}"), minutes=n).profile
    change = link(profile, cookie("new"), cookie("c00"), minutes=60)
    assert change.dropped_keys == ("cookie:c01",)
    assert values(change.profile) == {"new", "c00", *(f"c{n:02}" for n in range(2, 30))}


def test_unproven_claims_push_out_only_each_other() -> None:
    profile = link(NOBODY, card("mine")).profile
    profile = link(profile, card("typed", verified=False), minutes=11).profile
    change = link(profile, card("typed-again", verified=False), minutes=12)
    assert values(change.profile) == {"mine", "typed-again"}
    assert change.dropped_keys == ()


def test_names_fill_only_what_is_empty() -> None:
    told = Introduction(identifiers=(cookie("c"),), given_name="Anna", family_name="Meier")
    anna = introduce(NOBODY, told, now=at(0), channel=WEB, rules=DEFAULT_RULES).profile
    other = introduce(anna, Introduction(identifiers=(), given_name="Ben"), now=at(1), channel=WEB, rules=DEFAULT_RULES)
    assert (other.profile.given_name, other.events) == ("Anna", ())


def test_traits_are_set_and_too_many_are_refused() -> None:
    anna = customer("anna", cookie("c"), traits=[trait(f"t{n:03}", 1.0) for n in range(MAX_TRAITS)])
    told = Introduction(identifiers=(), traits=(trait("t000", value=True, minutes=9),))
    change = introduce(anna, told, now=at(10), channel=WEB, rules=DEFAULT_RULES)
    assert change.events == (ProfileUpdated(changed_fields=("traits.t000",)),)
    with pytest.raises(OmnithreadError) as refusal:
        introduce(
            anna,
            Introduction(identifiers=(), traits=(trait("one_more", "x"),)),
            now=at(10),
            channel=WEB,
            rules=DEFAULT_RULES,
        )
    assert refusal.value.reason == "TRAIT_LIMIT"


def test_traits_that_are_too_long_together_are_refused() -> None:
    traits = tuple(trait(f"t{n:03}", "ä" * 500 + "🎿" * 300) for n in range(70))
    with pytest.raises(OmnithreadError) as refusal:
        introduce(NOBODY, Introduction(identifiers=(), traits=traits), now=at(10), channel=WEB, rules=DEFAULT_RULES)
    assert refusal.value.reason == "RECORD_TOO_LARGE"


def test_a_merge_is_reserved_once_and_too_many_pending_ones_wait() -> None:
    anna = customer("anna", email("anna@example.com"))
    reserved = introduce(
        anna, Introduction(identifiers=(), guests=(reservation("g"),)), now=at(1), channel=WEB, rules=DEFAULT_RULES
    ).profile
    again = Introduction(identifiers=(), guests=(reservation("g", merge_id="mrg_other"),))
    assert introduce(reserved, again, now=at(2), channel=WEB, rules=DEFAULT_RULES).profile == reserved
    many = Introduction(identifiers=(), guests=tuple(reservation(f"g{n}") for n in range(MOST_PENDING_MERGES + 1)))
    with pytest.raises(OmnithreadError) as refusal:
        introduce(anna, many, now=at(1), channel=WEB, rules=DEFAULT_RULES)
    assert refusal.value.reason == "OUTBOX_FULL"
