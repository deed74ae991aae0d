"""An erasure goes on until every area has done it, profile first, and says what each erased."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from libs.origin import Origin
from services.aggregator.erasure import (
    AREAS,
    LONGEST_PAUSE,
    AreaReceipt,
    Erasure,
    accept,
    close,
    erasure_id_of,
    next_areas,
    note,
    put_off,
    take,
)
from tests.services.aggregator.samples import NOON

ORIGIN = Origin(channel_id="call-centre", channel_kind=4, actor_id="agent-17")
AGAIN = timedelta(minutes=15)


def accepted() -> Erasure:
    return accept("era_1", ["cus_a", "cus_b", "cus_a"], reason="requested-by-customer", origin=ORIGIN, now=NOON)


def receipt(area: str, minutes: int = 0) -> AreaReceipt:
    return AreaReceipt(area=area, rows=(), erase_time=NOON + timedelta(minutes=minutes))


def erased_in(erasure: Erasure, area: str, *customer_ids: str, minutes: int = 0) -> Erasure:
    now = NOON + timedelta(minutes=minutes)
    return note(erasure, receipt(area, minutes), customer_ids, now=now, again_after=AGAIN)


def test_nobody_is_asked_before_profile_has_forgotten_who_it_is() -> None:
    assert next_areas(accepted()) == ("profile",)
    assert next_areas(erased_in(accepted(), "profile", "cus_a")) == ("cart", "preference", "messaging", "context")


def test_profile_says_who_is_meant_and_nobody_else_does() -> None:
    erasure = erased_in(accepted(), "profile", "cus_b", "cus_a", "cus_c")
    assert erasure.customer_ids == ("cus_b", "cus_a", "cus_c")
    assert erased_in(erasure, "cart", "cus_z").customer_ids == ("cus_b", "cus_a", "cus_c")


@given(st.permutations(AREAS[1:]))
def test_it_is_done_when_the_last_area_is_in_whatever_order(order: list[str]) -> None:
    erasure = erased_in(accepted(), "profile", "cus_a")
    for minutes, area in enumerate(order, start=1):
        assert not erasure.is_done
        erasure = erased_in(erasure, area, minutes=minutes)
        assert erased_in(erasure, area, minutes=60) == erasure  # the first receipt stays
    assert erasure.is_done
    assert erasure.complete_time == NOON + timedelta(minutes=4)
    assert [one.area for one in erasure.receipts] == sorted(AREAS)
    assert erasure.due_time == NOON + timedelta(minutes=4) + AGAIN
    assert next_areas(erasure) == AREAS  # once more, for what a slow writer left
    assert close(erasure).due_time is None


@given(st.integers(0, 10_000))
def test_it_is_never_given_up_and_looked_at_every_five_minutes_at_least(attempts: int) -> None:
    erasure = put_off(replace(accepted(), attempts=attempts), now=NOON)
    assert erasure.due_time is not None
    assert timedelta() < erasure.due_time - NOON <= LONGEST_PAUSE
    assert erased_in(erasure, "profile", "cus_a").attempts == 0


def test_while_somebody_works_on_it_the_others_do_not() -> None:
    assert take(accepted(), now=NOON).due_time == NOON + timedelta(seconds=30)


def test_asked_for_twice_it_is_the_same() -> None:
    assert erasure_id_of("cus_a") == erasure_id_of("cus_a") != erasure_id_of("cus_b")
