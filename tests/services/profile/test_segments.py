"""Who belongs to a segment: by rule, by what is there, and by time; and what changes when it does."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.events import SegmentEntered, SegmentLeft
from services.profile.facts import Account, Facts, Spend
from services.profile.membership import MOST_CHANGES_AT_ONCE, Catalogue, Rule, with_memberships
from services.profile.model import Profile, TraitValue
from services.profile.segment_rules import faults_of
from services.profile.segments import Condition, Operator, Segment, Subject, explain, next_turn
from tests.services.profile.people import NOW, at, customer, email, trait

BUYER = replace(
    customer(
        "anna", email("anna@example.com"), traits=[trait("colour", "red"), trait("size", 41.0), trait("vip", True)]
    ),
    ledger=(
        Account(
            ("anna",),
            facts=Facts(
                order_count=3,
                spend=(Spend("EUR", 19_990_000_000, 3),),
                last_purchase_time=NOW - timedelta(days=10),
            ),
        ),
    ),
)
STRANGER = customer("guest")


def is_so(
    field: str, operator: Operator = Operator.EXISTS, value: TraitValue | None = None, *, negated: bool = False
) -> Condition:
    return Condition(field, operator, value, negated)


def segment(*groups: Iterable[Condition], segment_id: str = "loyal", active: bool = True) -> Segment:
    return Segment(segment_id, all_of=tuple(map(tuple, groups)), active=active)


def catalogue(*segments: Segment, version: int = 1) -> Catalogue:
    return Catalogue({one.segment_id: Rule(one, version) for one in segments})


def belongs(profile: Profile, *conditions: Condition, now: datetime = NOW) -> bool:
    """Whether somebody fulfils all of these."""
    return Subject(profile, now=now).belongs(segment(*([one] for one in conditions)))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (is_so("trait.colour", Operator.EQUAL, "red"), True),
        (is_so("trait.colour", Operator.EQUAL, "blue"), False),
        (is_so("trait.size", Operator.AT_LEAST, 41.0), True),
        (is_so("trait.size", Operator.GREATER, 41.0), False),
        (is_so("trait.size", Operator.EQUAL, "41"), False),
        (is_so("trait.vip", Operator.EQUAL, True), True),
        (is_so("trait.vip", Operator.EQUAL, 1.0), False),
        (is_so("kind", Operator.EQUAL, "known"), True),
        (is_so("fact.order_count", Operator.AT_LEAST, 3.0), True),
        (is_so("fact.spend.EUR", Operator.EQUAL, 19.99), True),
        (is_so("fact.spend.USD", Operator.AT_MOST, 0.0), True),
        (is_so("fact.last_purchase_time", Operator.WITHIN_DAYS, 10.0), True),
        (is_so("fact.last_purchase_time", Operator.OLDER_THAN_DAYS, 9.0), True),
        (is_so("fact.last_purchase_time", Operator.LESS, NOW), True),
        (is_so("fact.preferred_channel"), False),
        (is_so("fact.preferred_channel", negated=True), True),
    ],
)
def test_a_condition_compares_what_is_there(condition: Condition, expected: bool) -> None:
    assert belongs(BUYER, condition) is expected


values = st.none() | st.text(max_size=3) | st.floats(allow_nan=False) | st.booleans() | st.just(NOW)
conditions = st.builds(
    Condition,
    field=st.sampled_from(("trait.size", "trait.none", "kind", "fact.order_count", "fact.last_seen_time")),
    operator=st.sampled_from(Operator),
    value=values,
    negated=st.booleans(),
)


@given(conditions)
def test_a_value_that_is_not_there_fulfils_nothing_whichever_way_it_is_asked(condition: Condition) -> None:
    missing = replace(condition, field="trait.none")
    if condition.operator is not Operator.EXISTS:
        assert not belongs(STRANGER, missing)


@given(conditions)
def test_a_condition_and_its_opposite_are_never_both_fulfilled(condition: Condition) -> None:
    opposite = replace(condition, negated=not condition.negated)
    for profile in (BUYER, STRANGER):
        assert not (belongs(profile, condition) and belongs(profile, opposite))


@given(st.lists(st.lists(conditions, min_size=1, max_size=3), min_size=1, max_size=3))
def test_the_explanation_agrees_with_the_decision(groups: list[list[Condition]]) -> None:
    rule = segment(*groups)
    verdicts = explain(BUYER, rule, now=NOW)
    assert len(verdicts) == sum(map(len, groups))
    fulfilled = {verdict.group for verdict in verdicts if verdict.fulfilled}
    assert Subject(BUYER, now=NOW).belongs(rule) == (fulfilled == set(range(len(groups))))


@given(
    st.floats(0, 60),
    st.sampled_from((Operator.WITHIN_DAYS, Operator.OLDER_THAN_DAYS)),
)
def test_until_its_turn_time_changes_nothing_and_then_it_does(days: float, operator: Operator) -> None:
    rule = segment([is_so("fact.last_purchase_time", operator, days)])
    turn = next_turn(BUYER, [rule], now=NOW)
    before = Subject(BUYER, now=NOW).belongs(rule)
    if turn is None:
        assert Subject(BUYER, now=NOW + timedelta(days=4000)).belongs(rule) == before
    else:
        assert Subject(BUYER, now=turn - timedelta(milliseconds=1)).belongs(rule) == before
        assert Subject(BUYER, now=turn + timedelta(milliseconds=1)).belongs(rule) != before


def test_somebody_enters_once_and_leaves_once() -> None:
    rule = segment([is_so("fact.order_count", Operator.AT_LEAST, 3.0)])
    inside, events = with_memberships(BUYER, catalogue(rule), now=NOW)
    assert events == (SegmentEntered("loyal", 1),)
    assert [(one.segment_id, one.enter_time) for one in inside.standing.memberships] == [("loyal", NOW)]
    assert with_memberships(inside, catalogue(rule), now=at(5)) == (inside, ())
    outside, events = with_memberships(replace(inside, ledger=()), catalogue(rule), now=at(5))
    assert events == (SegmentLeft("loyal", 1),)
    assert outside.standing.memberships == ()


def test_nobody_belongs_to_a_segment_that_is_not_in_use() -> None:
    rule = segment([is_so("kind")])
    inside, _ = with_memberships(BUYER, catalogue(rule), now=NOW)
    outside, events = with_memberships(inside, catalogue(replace(rule, active=False), version=2), now=NOW)
    assert (outside.standing.memberships, events) == ((), (SegmentLeft("loyal", 2),))


def test_a_replica_that_is_behind_decides_nothing_and_asks_for_another_look() -> None:
    rule = segment([is_so("kind")])
    inside, _ = with_memberships(BUYER, catalogue(rule, version=2), now=NOW)
    seen, events = with_memberships(inside, catalogue(replace(rule, active=False), version=1), now=at(1))
    assert (seen.standing.memberships, events, seen.standing.due_time) == (inside.standing.memberships, (), at(1))


def test_who_enters_very_many_segments_does_so_a_few_at_a_time() -> None:
    rules = catalogue(*(segment([is_so("kind")], segment_id=f"s{number:02}") for number in range(40)))
    profile, rounds = BUYER, 0
    while profile.standing.due_time is not None or not rounds:
        profile, events = with_memberships(profile, rules, now=NOW)
        rounds += 1
        assert len(events) <= MOST_CHANGES_AT_ONCE
    assert (rounds, len(profile.standing.memberships)) == (3, 40)


@pytest.mark.parametrize(
    ("condition", "field"),
    [
        (is_so("fact.favourite_colour"), "field"),
        (is_so("fact.spend"), "field"),
        (is_so("fact.spend.euro"), "field"),
        (is_so("fact.order_count.EUR"), "field"),
        (is_so("kind", Operator.EXISTS, "known"), "value"),
        (is_so("kind", Operator.EQUAL), "value"),
        (is_so("kind", Operator.EQUAL, "friend"), "string_value"),
        (is_so("kind", Operator.LESS, "known"), "operator"),
        (is_so("fact.order_count", Operator.AT_LEAST, "three"), "value"),
        (is_so("fact.order_count", Operator.WITHIN_DAYS, 3.0), "operator"),
        (is_so("fact.last_seen_time", Operator.WITHIN_DAYS, 4000.0), "number_value"),
        (is_so("trait.born", Operator.OLDER_THAN_DAYS, "old"), "value"),
        (is_so("trait.vip", Operator.LESS, True), "operator"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_place(condition: Condition, field: str) -> None:
    [fault] = faults_of(segment([is_so("kind")], [is_so("kind"), condition]))
    assert fault.field == f"segment.all_of[1].any_of[1].{field}"
