"""A merge of two customers was a mistake and is undone: each has their own journeys again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.journey_rules import BUILT_IN
from libs.origin import Origin
from omnithread.context.v1 import context_pb2
from services.aggregator.events import TouchpointRecorded
from services.aggregator.hearing import absorb, hear
from services.aggregator.journey_spans import journey_at, spans
from services.aggregator.journey_values import Timeline
from services.aggregator.model import FreshIds, start_session
from services.aggregator.splitting import Parted, Sides, split
from services.aggregator.values import Heard, Session, Thread, Touchpoint

DAY_0 = datetime(2026, 1, 1, 12, tzinfo=UTC)
MERGED = DAY_0 + timedelta(days=80)
HERS, HIS = "cus_anna", "cus_bob"
HIS_VISIT, HER_VISIT = "ses_his", "ses_hers"


@dataclass(frozen=True, slots=True)
class News:
    """Something that another service announced."""

    day: int
    by_customer: bool
    session_id: str = ""
    of: str = HERS
    placed_before: int | None = None
    """By it an order was done that was placed so many days before."""


def told(thread: Thread, news: Sequence[News], name: str, *, seq: int = 1) -> tuple[Thread, list[Touchpoint]]:
    noted: list[Touchpoint] = []
    for number, item in enumerate(news, start=seq):
        occur_time = DAY_0 + timedelta(days=item.day, minutes=number)
        before = item.placed_before
        touchpoint = Touchpoint(
            touchpoint_id=f"tch_{name}_{number:03}",
            kind=context_pb2.TOUCHPOINT_KIND_CART_CHANGED if before is None else ORDER_CHANGED,
            channel_id="web-shop",
            channel_kind=1,
            occur_time=occur_time,
            by_customer=item.by_customer,
            area="cart",
            session_id=item.session_id,
            attributes=() if before is None else (("state", "delivered"),),
            order_placed_time=None if before is None else occur_time - timedelta(days=before),
        )
        source = Heard("cart", item.of, "epoch-1", number)
        change = hear(thread, touchpoint, source=source, journey_id=f"jrn_{name}_{number:03}", rules=BUILT_IN)
        assert change is not None
        thread = change.state
        first = change.events[0]
        assert isinstance(first, TouchpointRecorded)
        noted.append(replace(first.touchpoint, merges=thread.merges))
    return thread, noted


def shape(timeline: Timeline) -> list[tuple[object, ...]]:
    """What is the same whatever the names of the journeys."""
    return [
        (
            (s.start_time, s.last_act_time, s.end_time, s.until_time, s.touchpoint_count, s.channel_ids),
            (s.why_ended, s.goals),
        )
        for s in spans(timeline)
    ]


ORDER_CHANGED = context_pb2.TOUCHPOINT_KIND_ORDER_CHANGED
PLACED_BEFORE = st.sampled_from([None, None, None, 0, 7])


def histories(of: str, most: int = 8) -> st.SearchStrategy[list[News]]:
    news = st.builds(News, st.integers(0, 79), st.booleans(), st.just(""), st.just(of), PLACED_BEFORE)
    return st.lists(news, max_size=most)


SINCE = st.lists(
    st.builds(
        News,
        st.integers(0, 300),
        st.booleans(),
        st.sampled_from(["", HER_VISIT, HIS_VISIT]),
        st.just(HERS),
        PLACED_BEFORE,
    ),
    max_size=8,
)


def person(news: Sequence[News], name: str, visit: str) -> Thread:
    thread, _ = told(Thread(sessions=(Session(visit, "web-shop", DAY_0),)), news, name)
    return thread


def joined(before: Thread, source: Thread) -> Thread:
    return absorb(before, source, merge_id="mrg_1", source_customer_id=HIS, now=MERGED).state


def parted(now: Thread, before: Thread, source: Thread, since: Sequence[Touchpoint] = ()) -> Parted:
    sides = Sides(merge_id="mrg_1", source_ids=frozenset({HIS}), since=since)
    return split(now, before=before, source=source, sides=sides)


def as_told(thread: Thread) -> Thread:
    """Without our own notes on visits and merges."""
    return replace(thread, entrances=(), merges=0)


@settings(deadline=None)  # the machine may be busy with other things
@given(histories(HERS), histories(HIS))
def test_a_merge_that_is_undone_at_once_leaves_both_as_they_were(hers: list[News], his: list[News]) -> None:
    before, source = person(hers, "a", HER_VISIT), person(his, "b", HIS_VISIT)
    after = parted(joined(before, source), before, source)
    assert as_told(after.survivor) == as_told(before)
    assert as_told(after.source) == as_told(source)


@settings(deadline=None)
@given(histories(HERS), histories(HIS), SINCE)
def test_each_has_the_journeys_of_somebody_who_never_was_merged(
    hers: list[News], his: list[News], since: list[News]
) -> None:
    before, source = person(hers, "a", HER_VISIT), person(his, "b", HIS_VISIT)
    now, came = told(joined(before, source), since, "n", seq=100)
    after = parted(now, before, source, came)
    for thread, base, own in (
        (after.survivor, before, [item for item in came if item.session_id != HIS_VISIT]),
        (after.source, source, [item for item in came if item.session_id == HIS_VISIT]),
    ):
        alone = Thread(timeline=base.timeline)
        for item in own:
            change = hear(
                alone,
                item,
                source=Heard("cart", item.touchpoint_id, "epoch-1", 1),
                journey_id=f"jrn_{item.touchpoint_id}",
                rules=BUILT_IN,
            )
            assert change is not None
            alone = change.state
        assert shape(thread.timeline) == shape(alone.timeline)
        assert {t.touchpoint_id for t in own} <= {t.touchpoint_id for t in thread.recent_touchpoints}


@settings(deadline=None)
@given(histories(HERS), histories(HIS), SINCE)
def test_no_journey_is_in_two_places_and_every_id_that_was_told_still_leads_somewhere(
    hers: list[News], his: list[News], since: list[News]
) -> None:
    before, source = person(hers, "a", HER_VISIT), person(his, "b", HIS_VISIT)
    now, came = told(joined(before, source), since, "n", seq=100)
    after = parted(now, before, source, came)
    hers_now = [span.journey_id for span in spans(after.survivor.timeline)]
    his_now = [span.journey_id for span in spans(after.source.timeline)]
    assert len({*hers_now, *his_now}) == len(hers_now) + len(his_now)
    assert not any(name.startswith("new:") for name in (*hers_now, *his_now))
    for item in came:
        side = after.source if item.session_id == HIS_VISIT else after.survivor
        name = journey_at(now.timeline, item.occur_time)
        assert any(span.is_named(name) for thread in (after.survivor, after.source) for span in spans(thread.timeline))
        assert journey_at(side.timeline, item.occur_time)


def test_a_journey_that_an_end_cut_in_two_stays_with_whose_it_was() -> None:
    before, source = person([], "a", HER_VISIT), person([News(0, True, of=HIS), News(1, True, of=HIS)], "b", HIS_VISIT)
    since = [
        News(0, False, HIS_VISIT, placed_before=0),
        News(1, False),
    ]  # an order of his was done between his two acts
    now, came = told(joined(before, source), since, "n", seq=100)
    after = parted(now, before, source, came)
    (hers,), (first, second) = spans(after.survivor.timeline), spans(after.source.timeline)
    assert (first.journey_id, second.journey_id) == tuple(span.journey_id for span in spans(now.timeline))
    assert hers.journey_id not in (first.journey_id, second.journey_id)


def test_what_was_announced_late_in_his_name_is_his() -> None:
    before, source = person([News(1, True)], "a", HER_VISIT), person([News(2, True, of=HIS)], "b", HIS_VISIT)
    now, came = told(joined(before, source), [News(3, True, of=HIS)], "late", seq=2)
    after = parted(now, before, source, came)
    assert [t.touchpoint_id for t in after.source.recent_touchpoints] == ["tch_late_002", "tch_b_001"]
    assert [t.touchpoint_id for t in after.survivor.recent_touchpoints] == ["tch_a_001"]
    assert [(one.customer_id, one.seq) for one in after.source.heard] == [(HIS, 2)]


def test_a_visit_goes_with_whose_identifier_began_it_and_a_login_makes_it_the_logged_in_ones() -> None:
    before, source = person([], "a", HER_VISIT), person([], "b", HIS_VISIT)
    now = joined(before, source)
    web = Origin("web-shop", 1)
    for number, entrance in enumerate((HIS, "", HIS)):
        ids = FreshIds(f"tch_{number}", f"ses_new_{number}", f"jrn_{number}")
        now = start_session(
            now, origin=web, occur_time=MERGED, session_id="", ids=ids, entrance=entrance, rules=BUILT_IN
        ).state
    ids = FreshIds("tch_again", "ses_unused", "jrn_again")
    now = start_session(now, origin=web, occur_time=MERGED, session_id="ses_new_2", ids=ids, rules=BUILT_IN).state
    after = parted(now, before, source)
    assert [session.session_id for session in after.source.sessions] == [HIS_VISIT, "ses_new_0"]
    assert [session.session_id for session in after.survivor.sessions] == [HER_VISIT, "ses_new_1", "ses_new_2"]


def test_the_report_says_which_journeys_became_one() -> None:
    before, source = person([News(1, True)], "a", HER_VISIT), person([News(2, True, of=HIS)], "b", HIS_VISIT)
    change = absorb(before, source, merge_id="mrg_1", source_customer_id=HIS, now=MERGED)
    assert [(thing.kind, thing.name, thing.action.value) for thing in change.merged] == [
        ("journey", "jrn_b_001", "summed"),
        ("session", HIS_VISIT, "kept"),
    ]
