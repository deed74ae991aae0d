"""How many more ordered than of those who got nothing, and how sure that is."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.messaging.campaigns.reporting.lift import Group, LiftVerdict, lift_of, wilson

GROUPS = st.integers(0, 20_000).flatmap(lambda size: st.builds(Group, st.just(size), st.integers(0, size)))


def test_the_interval_is_the_one_that_books_print() -> None:
    # Newcombe 1998, Table II: 56/70 against 48/80, by method 10.
    lift = lift_of(Group(70, 56), Group(80, 48))
    assert (round(lift.difference, 4), round(lift.low, 4), round(lift.high, 4)) == (0.2, 0.0524, 0.3339)
    none = lift_of(Group(10, 0), Group(20, 0))
    assert (round(none.low, 4), round(none.high, 4)) == (-0.1611, 0.2775)


@pytest.mark.parametrize(
    ("group", "control", "verdict"),
    [
        (Group(10_000, 900), Group(1_000, 60), LiftVerdict.MORE),
        (Group(1_000, 60), Group(10_000, 900), LiftVerdict.FEWER),
        (Group(1_000, 65), Group(1_000, 60), LiftVerdict.UNDECIDED),
        (Group(10_000, 900), Group(99, 2), LiftVerdict.TOO_FEW),
        (Group(10_000, 5), Group(10_000, 4), LiftVerdict.TOO_FEW),
        (Group(0, 0), Group(0, 0), LiftVerdict.TOO_FEW),
    ],
)
def test_what_it_shows_is_said_plainly(group: Group, control: Group, verdict: LiftVerdict) -> None:
    assert lift_of(group, control).verdict is verdict


def test_it_is_said_in_a_sentence() -> None:
    assert lift_of(Group(10, 1), Group(10, 0)).sentence == (
        "Too few to say anything: 10.0% ordered, and 0.0% of those who got nothing."
    )
    assert lift_of(Group(10_000, 900), Group(1_000, 60)).sentence == (
        "9.0% ordered, and 6.0% of those who got nothing: more for the campaign, "
        "the difference lies between +1.3 and +4.4 points."
    )


@given(GROUPS, GROUPS)
def test_the_difference_lies_in_its_interval_and_turned_round_it_is_the_opposite(one: Group, other: Group) -> None:
    lift, turned = lift_of(one, other), lift_of(other, one)
    assert -1.0 <= lift.low <= lift.difference + 1e-9
    assert lift.difference - 1e-9 <= lift.high <= 1.0
    assert (lift.low, lift.high) == pytest.approx((-turned.high, -turned.low))
    opposite = {LiftVerdict.MORE: LiftVerdict.FEWER, LiftVerdict.FEWER: LiftVerdict.MORE}
    assert turned.verdict is opposite.get(lift.verdict, lift.verdict)


@given(GROUPS, st.integers(2, 20))
def test_with_more_customers_alike_it_is_surer(group: Group, times: int) -> None:
    assume(group.size > 0)
    (low, high), (surer_low, surer_high) = wilson(group), wilson(Group(group.size * times, group.bought * times))
    assert low - 1e-9 <= surer_low <= surer_high <= high + 1e-9
