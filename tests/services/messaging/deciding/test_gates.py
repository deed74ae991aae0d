from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.mongo.shared_clock import Doubt
from libs.purposes import DEFAULT_PURPOSES, purpose_table
from libs.timestamps import to_timestamp
from omnithread.cart.v1.cart_pb2 import CartLine
from omnithread.cart.v1.order_pb2 import ORDER_STATE_CANCELLED, ORDER_STATE_PLACED, Order
from services.messaging.deciding import gates
from services.messaging.deciding.facts import Bought, Cap, CartNow, Facts, Pause, Wishes
from services.messaging.deciding.quiet_hours import QuietHours
from services.messaging.deciding.sources import bought_in
from services.messaging.deciding.verdicts import Outcome, Send, Skip, Wait
from services.messaging.values import DeliveryKind, Message, Reason, Sending
from tests.services.messaging.samples import ADDRESS, EMAIL, IN_APP, NOON, SMS, facts, message, no, yes, zone

REMINDER = message(cart_id="crt_1", idle_since_time=NOON - timedelta(hours=2))
AT_ONCE = purpose_table(spread_seconds=0)
TRANSACTIONAL = DEFAULT_PURPOSES["service"]


def judge(one: Message, known: Facts) -> Outcome:
    return gates.judge(one, known).outcome


def wishes(**changes: Any) -> Wishes:
    return replace(Wishes(consents=(yes(),)), **changes)


def cart(cart_id: str = "crt_1", *, is_empty: bool = False, minutes_later: int = 0, ordered: str = "") -> CartNow:
    at = NOON - timedelta(hours=2) + timedelta(minutes=minutes_later)
    return CartNow(cart_id, is_empty, at, frozenset({ordered} - {""}))


def test_a_reminder_goes_where_everything_allows_it() -> None:
    assert judge(REMINDER, facts()) == Send(EMAIL)


@pytest.mark.parametrize(
    ("now_in_cart", "reason"),
    [
        (cart("crt_2", ordered="crt_1"), Reason.ORDER_PLACED),
        (cart("crt_2"), Reason.NOT_RELEVANT),
        (cart(is_empty=True), Reason.NOT_RELEVANT),
        (cart(minutes_later=1), Reason.NOT_RELEVANT),
    ],
    ids=["bought", "another cart", "emptied", "touched again"],
)
def test_nobody_is_reminded_of_a_cart_that_is_not_left_alone(now_in_cart: CartNow, reason: Reason) -> None:
    assert judge(REMINDER, facts(cart=now_in_cart)) == Skip(reason)


@pytest.mark.parametrize(
    ("sku", "days_later", "is_told"),
    [("boots", -30, False), ("boots", -31, True), ("boots", 0, False), ("boots", 2, False), ("purse", 2, True)],
    ids=["lately", "long ago", "as it was queued", "while it waited", "something else"],
)
def test_nobody_is_told_the_price_of_what_they_bought(sku: str, days_later: int, is_told: bool) -> None:
    ordered = Bought(frozenset({"socks", sku}), NOON + timedelta(days=days_later))
    verdict = judge(message(sku="boots"), facts(bought=(ordered,)))
    assert verdict == (Send(EMAIL) if is_told else Skip(Reason.ORDER_PLACED))


def test_what_was_bought_stops_no_message_about_something_else() -> None:
    assert judge(message(), facts(bought=(Bought(frozenset({"boots", ""}), NOON),))) == Send(EMAIL)


def test_an_order_that_was_cancelled_is_no_purchase() -> None:
    lines = [CartLine(sku="boots")]
    placed = Order(lines=lines, state=ORDER_STATE_PLACED, place_time=to_timestamp(NOON))
    cancelled = Order(lines=lines, state=ORDER_STATE_CANCELLED, place_time=to_timestamp(NOON))
    assert bought_in([cancelled]) == ()
    assert bought_in([placed, cancelled]) == (Bought(frozenset({"boots"}), NOON),)


def test_without_a_yes_nothing_is_sent_for_marketing() -> None:
    assert judge(message(), facts(wishes=Wishes())) == Skip(Reason.NO_CONSENT)


def test_what_belongs_to_an_order_needs_no_consent() -> None:
    assert judge(message(), facts(wishes=Wishes(), purpose=TRANSACTIONAL)) == Send(EMAIL)


def test_a_yes_to_another_purpose_is_none_to_this_one() -> None:
    other = wishes(consents=(yes(purpose="newsletter"),))
    assert judge(message(), facts(wishes=other)) == Skip(Reason.NO_CONSENT)


@pytest.mark.parametrize(
    ("consents", "goes"),
    [
        ((yes(EMAIL, ADDRESS),), True),
        ((yes(EMAIL, "other@example.com"),), False),
        ((yes(), no(EMAIL, ADDRESS)), False),
        ((no(hours_ago=2), yes(EMAIL, ADDRESS)), True),
        ((no(hours_ago=0), yes(EMAIL, ADDRESS)), False),
        ((no(),), False),
    ],
    ids=["this address", "another address", "all but this", "later for this", "later no to all", "no"],
)
def test_a_no_stays_a_no(consents: tuple[object, ...], goes: bool) -> None:
    verdict = judge(message(), facts(wishes=wishes(consents=consents)))
    assert verdict == (Send(EMAIL) if goes else Skip(Reason.NO_CONSENT))


def test_a_yes_for_an_address_opens_no_way_that_has_none() -> None:
    at_an_address = wishes(consents=(yes(IN_APP, ADDRESS),))
    assert judge(message(), facts(wishes=at_an_address, contact_points={})) == Skip(Reason.NO_CONSENT)


def test_the_way_that_the_customer_prefers_comes_first() -> None:
    both = wishes(consents=(yes(), yes(IN_APP)), preferred_kinds=(IN_APP, EMAIL))
    assert judge(message(), facts(wishes=both)) == Send(IN_APP)


def test_a_preferred_way_that_is_closed_gives_place_to_the_next() -> None:
    said = wishes(consents=(yes(), yes(SMS), yes(IN_APP)), preferred_kinds=(SMS, EMAIL))
    assert judge(message(), facts(wishes=said, contact_points={})) == Send(IN_APP)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"contact_points": {}}, Reason.NO_CONTACT_POINT),
        ({"form_kinds": frozenset()}, Reason.NO_FORM),
        ({"provided_kinds": ()}, Reason.NO_PROVIDER),
        ({"wishes": Wishes(consents=(yes(EMAIL, ADDRESS),)), "contact_points": {}}, Reason.NO_CONTACT_POINT),
    ],
)
def test_it_is_told_what_was_missing(changes: dict[str, object], reason: Reason) -> None:
    assert judge(message(asked_kind=EMAIL), facts(**changes)) == Skip(reason)


def test_a_way_that_was_asked_for_is_not_replaced_by_another() -> None:
    open_in_app = wishes(consents=(yes(IN_APP),))
    assert judge(message(asked_kind=EMAIL), facts(wishes=open_in_app)) == Skip(Reason.NO_CONSENT)
    assert judge(message(), facts(wishes=open_in_app)) == Send(IN_APP)


@pytest.mark.parametrize(
    ("purpose", "hours", "stops"),
    [("", 1, True), ("cart_reminder", 1, True), ("newsletter", 1, False), ("", -1, False)],
)
def test_a_pause_holds_for_its_purpose_and_its_time(purpose: str, hours: int, stops: bool) -> None:
    paused = wishes(pauses=(Pause(purpose, NOON + timedelta(hours=hours)),))
    assert judge(message(), facts(wishes=paused)) == (Skip(Reason.PAUSED) if stops else Send(EMAIL))


def test_a_general_pause_keeps_no_order_confirmation_back_but_one_for_it_does() -> None:
    general = wishes(pauses=(Pause("", NOON + timedelta(hours=1)),))
    named = wishes(pauses=(Pause("service", NOON + timedelta(hours=1)),))
    assert judge(message(), facts(wishes=general, purpose=TRANSACTIONAL)) == Send(EMAIL)
    assert judge(message(), facts(wishes=named, purpose=TRANSACTIONAL)) == Skip(Reason.PAUSED)


@pytest.mark.parametrize(
    ("cap", "stops"),
    [
        (Cap("", 2, timedelta(days=7)), True),
        (Cap("", 3, timedelta(days=7)), False),
        (Cap("cart_reminder", 1, timedelta(days=7)), True),
        (Cap("cart_reminder", 1, timedelta(days=2)), False),
        (Cap("newsletter", 0, timedelta(days=7)), False),
        (Cap("cart_reminder", 0, timedelta(days=1)), True),
    ],
)
def test_a_cap_counts_what_went_out_in_its_period(cap: Cap, stops: bool) -> None:
    sent = (Sending("cart_reminder", NOON - timedelta(days=3)), Sending("price_alert", NOON - timedelta(days=1)))
    verdict = judge(message(), facts(wishes=wishes(caps=(cap,)), sent=sent))
    assert verdict == (Skip(Reason.CAP_REACHED) if stops else Send(EMAIL))


def test_quiet_hours_let_marketing_wait_and_the_rest_go() -> None:
    quiet = wishes(quiet_hours=QuietHours(11 * 60, 14 * 60 + 30))
    assert judge(message(), facts(wishes=quiet, purposes=AT_ONCE)) == Wait(datetime(2026, 3, 10, 14, 30, tzinfo=UTC))
    assert judge(message(), facts(wishes=quiet, purpose=TRANSACTIONAL)) == Send(EMAIL)


def test_what_would_be_under_way_when_quiet_hours_begin_waits_for_their_end() -> None:
    quiet, end = wishes(quiet_hours=QuietHours(12 * 60 + 1, 14 * 60)), datetime(2026, 3, 10, 14, tzinfo=UTC)
    minute = timedelta(minutes=1)
    assert judge(message(), facts(wishes=quiet, purposes=AT_ONCE)) == Send(EMAIL)
    assert judge(message(), facts(wishes=quiet, purposes=AT_ONCE, lead=minute)) == Wait(end)


@pytest.mark.parametrize(
    ("doubt", "later"),
    [(Doubt(behind=timedelta(minutes=10)), timedelta(minutes=10)), (Doubt(ahead=timedelta(minutes=10)), timedelta(0))],
)
def test_where_clocks_differ_quiet_hours_hold_by_each_of_them(doubt: Doubt, later: timedelta) -> None:
    ended, begins = QuietHours(10 * 60, 11 * 60 + 55), QuietHours(12 * 60 + 5, 14 * 60)
    quiet, end = (ended, 11 * 60 + 55) if doubt.behind else (begins, 14 * 60)
    waits = Wait(datetime(2026, 3, 10, end // 60, end % 60, tzinfo=UTC) + later)
    assert judge(message(), facts(wishes=wishes(quiet_hours=quiet), purposes=AT_ONCE)) == Send(EMAIL)
    assert judge(message(), facts(wishes=wishes(quiet_hours=quiet), purposes=AT_ONCE, doubt=doubt)) == waits


def test_quiet_hours_are_those_of_the_customers_clock() -> None:
    night = wishes(quiet_hours=QuietHours(21 * 60, 7 * 60))
    assert judge(message(), facts(wishes=night, zone=zone("Asia/Tokyo"), purposes=AT_ONCE)) == Wait(
        datetime(2026, 3, 10, 22, 0, tzinfo=UTC)
    )


def test_a_customer_who_is_always_quiet_is_left_alone() -> None:
    always = wishes(quiet_hours=QuietHours(480, 480))
    assert judge(message(), facts(wishes=always)) == Skip(Reason.QUIET_HOURS)


def test_what_will_not_be_sent_does_not_wait_for_the_morning() -> None:
    quiet = Wishes(quiet_hours=QuietHours(0, 23 * 60))
    assert judge(message(), facts(wishes=quiet)) == Skip(Reason.NO_CONSENT)


def test_nothing_reaches_anybody_by_a_way_without_a_provider() -> None:
    push = wishes(consents=(yes(DeliveryKind.PUSH),))
    every_form = frozenset(DeliveryKind)
    assert judge(message(asked_kind=DeliveryKind.PUSH), facts(wishes=push, form_kinds=every_form)) == Skip(
        Reason.NO_PROVIDER
    )
