from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from services.profile.details import MAX_TRAITS
from services.profile.events import CustomersMerged, ProfileUpdated
from services.profile.linking import Introduction, introduce
from services.profile.merging import (
    MOST_MERGES_KEPT,
    complete,
    may_be_merged_away,
    merge,
    shown_merges,
    without_reservation,
)
from services.profile.model import MERGE_AREAS, CustomerId, MergeId, Profile
from services.profile.rules import DEFAULT_RULES
from services.profile.store import profile_from_document, profile_to_fields
from services.profile.who import Holder, decide_who
from tests.services.profile.people import WEB, at, cookie, customer, device, email, held, reservation, trait


def test_the_survivor_holds_what_the_guest_held() -> None:
    guest = replace(customer("guest", cookie("c"), traits=[trait("size", 41.0)]), given_name="Anna")
    anna = replace(customer("anna", email("anna@example.com")), incoming=(reservation("guest"),), family_name="Meier")
    change = merge(guest, anna, reservation("guest"), rules=DEFAULT_RULES)
    assert {one.identifier.value for one in change.profile.identifiers} == {"anna@example.com", "c"}
    assert (change.profile.given_name, change.profile.family_name) == ("Anna", "Meier")
    assert change.profile.incoming == ()
    assert [(one.source_customer_id, one.pending_areas) for one in change.profile.merges] == [("guest", MERGE_AREAS)]
    assert change.events == (
        CustomersMerged(merge_id=MergeId("mrg_guest"), source_customer_id=CustomerId("guest")),
        ProfileUpdated(changed_fields=("given_name", "traits.size")),
    )


def test_of_each_trait_the_newest_word_stays() -> None:
    guest = customer("guest", traits=[trait("size", 41.0, minutes=5), trait("colour", "red", minutes=1)])
    anna = customer("anna", traits=[trait("size", 40.0, minutes=1), trait("colour", "blue", minutes=5)])
    after = merge(guest, anna, reservation("guest"), rules=DEFAULT_RULES).profile
    assert {one.name: one.value for one in after.traits} == {"size": 41.0, "colour": "blue"}


def test_a_merge_never_fails_for_a_limit() -> None:
    guest = replace(
        customer("guest", traits=[trait(f"g{n:03}", "🎿" * 512) for n in range(60)]),
        identifiers=tuple(held(cookie(f"g{n:02}"), minutes=n) for n in range(30)),
    )
    anna = replace(
        customer("anna", traits=[trait(f"a{n:03}", 1.0) for n in range(MAX_TRAITS - 1)]),
        identifiers=tuple(held(cookie(f"a{n:02}"), minutes=n) for n in range(30)),
    )
    change = merge(guest, anna, reservation("guest"), rules=DEFAULT_RULES)
    assert len(change.profile.identifiers) == 30
    assert len(change.dropped_keys) == 30
    assert len(change.profile.traits) == MAX_TRAITS
    assert set(anna.traits) < set(change.profile.traits)


def test_what_the_guest_was_about_to_take_over_becomes_the_survivors_task() -> None:
    guest = replace(customer("guest"), incoming=(reservation("older-guest"), reservation("anna")))
    after = merge(guest, customer("anna"), reservation("guest"), rules=DEFAULT_RULES).profile
    assert [one.source_customer_id for one in after.incoming] == ["older-guest"]


def test_the_newest_merges_are_shown_and_pending_ones_are_never_forgotten() -> None:
    anna = customer("anna", email("anna@example.com"))
    for n in range(60):
        anna = merge(customer(f"g{n}"), anna, reservation(f"g{n}", minutes=n), rules=DEFAULT_RULES).profile
    assert len(anna.merges) == 60
    for n in range(1, 60):
        for area in MERGE_AREAS:
            anna = complete(anna, f"mrg_g{n}", area).profile
    assert [one.merge_id for one in anna.merges] == ["mrg_g0", *(f"mrg_g{n}" for n in range(10, 60))]
    assert anna.merges[0].pending_areas == MERGE_AREAS
    assert len(anna.merges) == 1 + MOST_MERGES_KEPT
    assert [one.merge_id for one in shown_merges(anna)] == ["mrg_g0", *(f"mrg_g{n}" for n in range(40, 60))]


def test_completing_twice_is_completing_once_and_an_unknown_merge_is_not_found() -> None:
    anna = merge(customer("guest"), customer("anna"), reservation("guest"), rules=DEFAULT_RULES).profile
    once = complete(anna, "mrg_guest", "cart").profile
    assert once.merges[0].pending_areas == ("context", "messaging", "preference")
    assert complete(once, "mrg_guest", "cart").profile == once
    with pytest.raises(OmnithreadError) as refusal:
        complete(anna, "mrg_other", "cart")
    assert refusal.value.reason == "MERGE_NOT_FOUND"


def test_a_merge_whose_guest_became_known_is_given_up() -> None:
    anna = replace(customer("anna"), incoming=(reservation("guest"), reservation("other")))
    after = without_reservation(anna, MergeId("mrg_guest"))
    assert [one.source_customer_id for one in after.profile.incoming] == ["other"]
    assert after.events == ()


IDS = "abc"
COOKIES = {one: cookie(one) for one in IDS}
PAIRS = [(one, other) for one in IDS for other in IDS if one != other]


class Replicas:
    """Customers whose merges are decided on what was true once, and carried out on what is true now."""

    def __init__(self, ages: list[int]) -> None:
        self.profiles = {one: customer(one, COOKIES[one], minutes=ages[n]) for n, one in enumerate(IDS)}
        self.merged_into: dict[str, str] = {}
        self.decided: list[tuple[str, str]] = []

    def living(self, one: str) -> str:
        seen = {one}
        while one in self.merged_into:
            one = self.merged_into[one]
            assert one not in seen, "a circle"
            seen.add(one)
        return one

    def decide(self, one: str, other: str) -> None:
        pair = {self.living(one), self.living(other)}
        holders = {COOKIES[who].key: Holder(customer_id=CustomerId(who), profile=self.profiles[who]) for who in pair}
        verdict = decide_who([COOKIES[who] for who in pair], holders, rules=DEFAULT_RULES)
        self.decided += [(guest, verdict.customer_id or "") for guest in verdict.guests]

    def prove(self, one: str) -> None:
        who = self.living(one)
        told = Introduction(identifiers=(email(f"{who}@example.com"),))
        self.profiles[who] = introduce(self.profiles[who], told, now=at(99), channel=WEB, rules=DEFAULT_RULES).profile

    def seal(self, place: int) -> None:
        if self.decided:
            source, survivor = self.decided.pop(place % len(self.decided))
            if source not in self.merged_into and may_be_merged_away(self.profiles[source], self.profiles[survivor]):
                self.merged_into[source] = survivor


@settings(max_examples=300, deadline=None)
@given(
    ages=st.permutations(range(len(IDS))),
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("decide"), st.sampled_from(PAIRS)),
            st.tuples(st.just("prove"), st.sampled_from(PAIRS)),
            st.tuples(st.just("seal"), st.sampled_from(PAIRS)),
        ),
        min_size=5,
        max_size=30,
    ),
)
def test_merges_that_cross_each_other_never_make_a_circle(
    ages: list[int], steps: list[tuple[str, tuple[str, str]]]
) -> None:
    replicas = Replicas(ages)
    for act, (one, other) in steps:
        if act == "decide":
            replicas.decide(one, other)
        elif act == "prove":
            replicas.prove(one)
        else:
            replicas.seal(PAIRS.index((one, other)))
        for who in IDS:
            replicas.living(who)


def test_a_guest_who_was_proven_meanwhile_is_not_merged_into_who_was_a_guest_then() -> None:
    replicas = Replicas([0, 1, 2])
    replicas.decide("a", "b")
    replicas.prove("b")
    replicas.decide("a", "b")
    assert replicas.decided == [("b", "a"), ("a", "b")]
    replicas.seal(0)
    replicas.seal(0)
    assert (replicas.living("a"), replicas.living("b")) == ("b", "b")


def test_only_a_guest_is_merged_away_into_who_is_known_or_older() -> None:
    guest = customer("guest", cookie("c"), device("d"), email("x@example.com", verified=False), minutes=1)
    anna = customer("anna", email("anna@example.com"), minutes=2)
    unborn = Profile(customer_id=CustomerId("unborn"))
    assert may_be_merged_away(guest, anna)
    assert not may_be_merged_away(anna, guest)
    assert not may_be_merged_away(anna, customer("ben", email("ben@example.com")))
    assert may_be_merged_away(guest, customer("older", minutes=0))
    assert not may_be_merged_away(guest, customer("younger", minutes=2))
    assert may_be_merged_away(unborn, guest)
    assert not may_be_merged_away(guest, unborn)


def test_who_was_never_seen_is_merged_without_a_word() -> None:
    anna = replace(customer("anna"), incoming=(reservation("unborn"),))
    change = merge(Profile(customer_id=CustomerId("unborn")), anna, reservation("unborn"), rules=DEFAULT_RULES)
    assert (change.profile, change.events) == (customer("anna"), ())


def test_merges_from_before_they_named_their_rule_are_read() -> None:
    anna = merge(customer("guest"), customer("anna"), reservation("guest"), rules=DEFAULT_RULES).profile
    waiting = replace(anna, incoming=(reservation("other"),))
    document = {"_id": "anna", **profile_to_fields(waiting)}
    newer = ("rule", "evidence", "actor_id", "reason", "traceparent", "undoing")
    for name in ("merges", "incoming"):
        document[name] = [{key: one[key] for key in one if key not in newer} for one in document[name]]
    for name in ("returning", "kept_apart"):
        del document[name]
    for held_or_trait in (*document["identifiers"], *document["traits"]):
        del held_or_trait["entrance"]
    assert profile_from_document(document) == waiting
