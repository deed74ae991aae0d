"""What is remembered of a customer's interest, in whatever order it becomes known, through merges and their undoing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from libs.journey_rules import BUILT_IN
from omnithread.context.v1 import context_pb2
from services.aggregator.hearing import absorb
from services.aggregator.interests import MAX_VIEWS, check_fields, with_interest
from services.aggregator.model import Sighting, record, start_session
from services.aggregator.splitting import Sides, split
from services.aggregator.values import Thread, Touchpoint
from tests.services.aggregator.samples import NOBODY_YET, NOON, STORE, WEB, ids, minutes

VIEWED, CLICKED = context_pb2.TOUCHPOINT_KIND_PRODUCT_VIEWED, context_pb2.TOUCHPOINT_KIND_AD_CLICKED


def seen(
    number: int, sku: str = "boots", *, kind: int = VIEWED, at: float = 0, skus: tuple[str, ...] = ()
) -> Touchpoint:
    channel = WEB if number % 2 else STORE
    return Touchpoint(
        touchpoint_id=f"tch_{number}",
        kind=kind,
        channel_id=channel.channel_id,
        channel_kind=channel.channel_kind,
        occur_time=NOON + minutes(at),
        by_customer=True,
        area="context",
        subject=sku,
        skus=skus,
    )


SIGHTS = [seen(n, f"sku-{n % 3}", at=n % 5) for n in range(8)] + [
    seen(n, f"campaign-{n}", kind=CLICKED, at=n % 4, skus=(f"sku-{n}",)) for n in range(8, 12)
]


@settings(deadline=None)  # the machine may be busy with other things
@given(st.permutations(SIGHTS))
def test_the_same_is_remembered_in_whatever_order_it_becomes_known(order: Sequence[Touchpoint]) -> None:
    assert with_interest(NOBODY_YET, order) == with_interest(NOBODY_YET, SIGHTS)


@settings(deadline=None)  # the machine may be busy with other things
@given(st.permutations(SIGHTS), st.integers(0, len(SIGHTS)))
def test_what_two_saw_who_are_one_is_what_one_would_have_seen(order: Sequence[Touchpoint], cut: int) -> None:
    one, other = with_interest(NOBODY_YET, order[:cut]), with_interest(NOBODY_YET, order[cut:])
    joined = absorb(one, other, merge_id="mrg_1", source_customer_id="cus_guest", now=NOON).state
    whole = with_interest(NOBODY_YET, SIGHTS)
    assert (joined.views, joined.came_for) == (whole.views, whole.came_for)


def test_a_product_looked_at_on_two_devices_is_counted_once_with_both_and_where_it_was_last() -> None:
    (view,) = with_interest(NOBODY_YET, [seen(1, at=5), seen(2, at=9), seen(3, at=2)]).views
    assert (view.count, view.first_time, view.last_time) == (3, NOON + minutes(2), NOON + minutes(9))
    assert view.last_channel.id == "store-042"


def test_the_thirty_products_looked_at_last_are_remembered() -> None:
    views = with_interest(NOBODY_YET, [seen(n, f"sku-{n}", at=n) for n in range(MAX_VIEWS + 5)]).views
    assert [view.sku for view in views] == [f"sku-{n}" for n in range(MAX_VIEWS + 4, 4, -1)]


def test_when_a_merge_is_undone_each_has_what_they_looked_at_themselves() -> None:
    hers = with_interest(NOBODY_YET, [seen(1, "hat"), seen(2, "boots")])
    his = with_interest(NOBODY_YET, [seen(3, "boots", at=1), seen(4, "spring", kind=CLICKED)])
    both = absorb(hers, his, merge_id="mrg_1", source_customer_id="cus_bob", now=NOON).state
    came = start_session(
        both, origin=WEB, occur_time=NOON, session_id="", ids=ids(7), entrance="cus_bob", rules=BUILT_IN
    ).state
    since = [replace(seen(5, "coat", at=3), session_id="ses_7"), seen(6, "hat", at=4)]
    now = with_interest(came, since)
    sides = Sides(merge_id="mrg_1", source_ids=frozenset({"cus_bob"}), since=since)
    parted = split(now, before=hers, source=his, sides=sides)
    assert counts(parted.survivor) == {"hat": 2, "boots": 1}
    assert parted.survivor.came_for is None
    assert counts(parted.source) == {"boots": 1, "coat": 1}
    assert parted.source.came_for == his.came_for


def counts(thread: Thread) -> dict[str, int]:
    return {view.sku: view.count for view in thread.views}


def test_a_touchpoint_that_is_told_is_remembered_with_what_the_ad_promised() -> None:
    click = Sighting(
        kind=CLICKED, subject="spring", attributes=(), occur_time=NOON, skus=("b", "a"), offer_codes=("SPRING-10",)
    )
    thread = record(NOBODY_YET, click, origin=WEB, now=NOON, ids=ids(1), rules=BUILT_IN).state
    assert thread.came_for
    assert (thread.came_for.skus, thread.came_for.offer_codes) == (("b", "a"), ("SPRING-10",))
    later = record(
        thread,
        replace(click, subject="late", occur_time=NOON - timedelta(days=1)),
        origin=WEB,
        now=NOON,
        ids=ids(2),
        rules=BUILT_IN,
    )
    assert later.state.came_for == thread.came_for


@pytest.mark.parametrize(
    ("kind", "subject", "skus", "codes"),
    [(VIEWED, "", (), ()), (VIEWED, "x" * 65, (), ()), (VIEWED, "hat", ("hat",), ()), (VIEWED, "hat", (), ("CODE",))],
)
def test_what_does_not_go_with_the_kind_is_refused(
    kind: int, subject: str, skus: tuple[str, ...], codes: tuple[str, ...]
) -> None:
    with pytest.raises(OmnithreadError, match="`") as refused:
        check_fields(kind, subject, skus, codes)
    assert refused.value.reason == "TOUCHPOINT_FIELDS_INVALID"
