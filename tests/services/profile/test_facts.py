"""What is counted about a customer: each event once, whatever happens, and exactly what is theirs."""

import random
from datetime import timedelta

from google.type.money_pb2 import Money
from hypothesis import given
from hypothesis import strategies as st

from libs.channel import Channel
from libs.timestamps import EPOCH
from omnithread.cart.v1.cart_events_pb2 import CartEvent, OrderRecorded, OrderReturned
from services.profile.facts import (
    MOST_ACCOUNTS,
    Account,
    Facts,
    Ledger,
    News,
    Order,
    Source,
    Spend,
    Visit,
    count,
    join,
    part,
    total,
)
from services.profile.facts_fields import facts_to_proto, ledger_from_fields, ledger_to_fields, news_of
from tests.services.profile.people import NOW, STORE, WEB, at

Event = tuple[News, Source]
CUSTOMERS = ("anna", "guest-1", "guest-2")

orders = st.builds(
    Order,
    currency_code=st.sampled_from(("EUR", "JPY", "TND")),
    nanos=st.integers(0, 10**19),
    time=st.integers(0, 5000).map(at),
)
visits = st.builds(Visit, channel=st.sampled_from((WEB, STORE)), time=st.integers(0, 5000).map(at))


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """What happened to three customers, in each area one after the other."""
    seqs: dict[tuple[str, str], int] = {}
    events: list[Event] = []
    for customer_id in draw(st.lists(st.sampled_from(CUSTOMERS), max_size=20)):
        news = draw(orders | visits)
        area = "cart" if isinstance(news, Order) else "context"
        seqs[customer_id, area] = seqs.get((customer_id, area), 0) + draw(st.integers(1, 3))
        events.append((news, Source(customer_id, area, "epo_1", seqs[customer_id, area])))
    return events


def counted(events: list[Event], ledger: Ledger = ()) -> Ledger:
    for news, source in events:
        after = count(ledger, news, source)
        ledger = ledger if after is None else after
    return ledger


def of(events: list[Event], *customer_ids: str) -> list[Event]:
    return [event for event in events if event[1].customer_id in customer_ids]


@given(histories())
def test_what_was_bought_is_summed_exactly(events: list[Event]) -> None:
    facts = total(counted(events))
    bought = [news for news, _ in events if isinstance(news, Order)]
    assert facts.order_count == len(bought)
    assert {one.currency_code: one.nanos for one in facts.spend} == {
        code: sum(one.nanos for one in bought if one.currency_code == code)
        for code in {one.currency_code for one in bought}
    }
    assert facts.last_purchase_time == max((one.time for one in bought), default=None)


@given(histories(), st.randoms(use_true_random=False))
def test_an_event_that_comes_again_counts_once(events: list[Event], chance: random.Random) -> None:
    """A reader begins again at any earlier place, as after a crash before its cursor was written."""
    ledger: Ledger = ()
    for number in range(len(events)):
        ledger = counted(events[chance.randint(0, number) : number + 1], ledger)
    assert ledger == counted(events)


@given(histories())
def test_a_merged_customer_has_what_both_had_in_whichever_order(events: list[Event]) -> None:
    anna, guest, other = (counted(of(events, customer_id)) for customer_id in CUSTOMERS)
    assert join(anna, guest) == join(guest, anna)
    assert join(join(anna, guest), other) == join(anna, join(guest, other))
    assert total(join(join(anna, guest), other)) == total(counted(events))
    assert join(anna, ()) == anna


@given(histories(), histories())
def test_late_events_of_a_merged_guest_count_once_for_the_survivor(before: list[Event], events: list[Event]) -> None:
    """Whether an event was heard before the merge or after, or both, makes no difference."""
    merged = join(counted(of(events, "anna")), counted(of(events, "guest-1", "guest-2")[:3]))
    assert total(counted(events, merged)) == total(counted(events))


@given(histories(), histories())
def test_what_was_joined_is_parted_exactly(events: list[Event], later: list[Event]) -> None:
    """Each takes away what it had and what its own events brought meanwhile."""
    merged = counted(events, join(counted(of(events, "anna")), counted(of(events, "guest-1", "guest-2"))))
    meanwhile = [(news, Source(s.customer_id, s.area, s.epoch, s.seq + 100)) for news, s in later]
    stays, goes = part(counted(meanwhile, merged), {"guest-1", "guest-2"})
    assert stays == counted(of(meanwhile, "anna"), counted(of(events, "anna")))
    assert goes == counted(of(meanwhile, "guest-1", "guest-2"), counted(of(events, "guest-1", "guest-2")))
    assert join(stays, goes) == counted(meanwhile, merged)


@given(histories())
def test_what_is_stored_is_what_was_counted(events: list[Event]) -> None:
    ledger = counted(events)
    assert ledger_from_fields(ledger_to_fields(ledger)) == ledger  # type: ignore[arg-type]  # fields are mappings


def test_after_a_restore_of_cart_old_and_new_events_count_once_each() -> None:
    order = Order("EUR", 5 * 10**9, NOW)
    old, new = Source("anna", "cart", "epo_1", 40), Source("anna", "cart", "epo_2", 31)
    ledger = counted([(order, old), (order, new), (order, old), (order, new)])
    assert total(ledger).order_count == 2


def test_a_customer_of_very_many_guests_keeps_the_sum_and_stays_small() -> None:
    ledger: Ledger = ()
    for number in range(3 * MOST_ACCOUNTS):
        guest = counted([(Visit(WEB, at(number)), Source(f"guest-{number:03}", "context", "epo_1", 1))])
        ledger = join(guest, ledger)
    assert len(ledger) == MOST_ACCOUNTS
    assert sum(use.visit_count for use in total(ledger).channels) == 3 * MOST_ACCOUNTS
    again = (Visit(WEB, at(0)), Source("guest-000", "context", "epo_1", 1))
    assert counted([again], ledger) == ledger


def test_the_preferred_channel_is_the_one_most_visited_and_of_two_the_later_used() -> None:
    app = Channel(id="app", kind=2)
    once = counted([(Visit(WEB, at(0)), Source("anna", "context", "e", 1))])
    twice = counted([(Visit(app, at(5)), Source("anna", "context", "e", 2))], once)
    thrice = counted([(Visit(WEB, at(1)), Source("anna", "context", "e", 3))], twice)
    assert [total(ledger).preferred_channel for ledger in (once, twice, thrice)] == [WEB, app, WEB]


def test_somebody_of_whom_nothing_is_known_has_no_facts() -> None:
    assert facts_to_proto(()) is None
    facts = Facts(order_count=1, spend=(Spend("EUR", 19_990_000_000, 1),), last_purchase_time=NOW)
    said = facts_to_proto((Account(("anna",), facts=facts),))
    assert said is not None
    assert (said.spend[0].total.units, said.spend[0].total.nanos) == (19, 990_000_000)
    assert not said.HasField("preferred_channel")
    assert said.last_purchase_time.ToDatetime() - NOW.replace(tzinfo=None) == timedelta(0)


def test_a_sale_of_a_stores_own_till_counts_as_an_order_and_what_comes_back_changes_nothing() -> None:
    sold = CartEvent(order_recorded=OrderRecorded(order_id="ord_1", total=Money(currency_code="EUR", units=9)))
    assert news_of(sold) == Order("EUR", 9 * 10**9, EPOCH)
    assert news_of(CartEvent(order_returned=OrderReturned(order_id="ord_1", quantity=1))) is None
