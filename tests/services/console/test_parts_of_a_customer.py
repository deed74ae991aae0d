"""What the cards on a customer's page say, whatever state the customer is in."""

import pytest
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money
from starlette.requests import Request

from omnithread.cart.v1.cart_pb2 import CART_STATE_LOCKED, Cart, CartLine, CartLock, CartNote
from omnithread.cart.v1.price_pb2 import AppliedOffer, CartPrice, ChannelPrice, LineDiscount, LinePrice
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB, Channel
from omnithread.context.v1.context_pb2 import (
    SECTION_CART,
    SECTION_JOURNEY,
    SECTION_PROBLEM_REASON_BEHIND,
    CustomerContext,
    SectionProblem,
    SectionProblemReason,
    Touchpoint,
)
from omnithread.profile.v1.profile_pb2 import Merge
from services.console.customers.seen import MISSING, PARTS, WORDS, Seen
from services.console.pages.rendering import Rendering
from services.console.pages.static_files import StaticFiles
from services.console.web.sealing import Seal
from services.console.web.sessions import Sessions

WHEN = Timestamp(seconds=1_800_000_000)
EUR = "EUR"
WEB, STORE = Channel(id="web-shop", kind=CHANNEL_KIND_WEB), Channel(id="store-042", kind=CHANNEL_KIND_STORE)
SESSIONS = Sessions(seal=Seal("s" * 64), hours=1, idle_minutes=1, secure=False, new_id=lambda prefix: prefix)
RENDERING = Rendering(sessions=SESSIONS, static=StaticFiles(), time_zone="Europe/Berlin")
RENDERING.show_places(frozenset({"/customers/{customer_id}/journeys/{journey_id}"}))
REQUEST = Request({"type": "http", "method": "GET", "path": "/customers/cus_1", "headers": [], "query_string": b""})


def seen(
    context: CustomerContext, *, problems: tuple[SectionProblem, ...] = (), price: CartPrice | None = None
) -> Seen:
    others = [ChannelPrice(channel=STORE, total=Money(currency_code=EUR, units=90))] if price else []
    return Seen(context=context, problems=problems, price=price or CartPrice(), other_prices=others, cart_problems=[])


def card(who: Seen, name: str) -> str:
    """The text of a card, with single spaces."""
    [part] = [part for part in PARTS if part.name == name]
    return " ".join(RENDERING.part(REQUEST, "customers/part.html", **who.values(part)).split())


def a_cart() -> Cart:
    line = CartLine(
        line_id="lin_1",
        sku="LAMP-1",
        name="Lamp",
        unit_price=Money(currency_code=EUR, units=50),
        quantity=2,
        channel=WEB,
    )
    return Cart(cart_id="crt_1", lines=[line], subtotal=Money(currency_code=EUR, units=100), last_channel=WEB)


def test_somebody_of_whom_nothing_is_known_has_a_card_for_everything() -> None:
    nobody = seen(CustomerContext(customer_id="cus_1"))
    for part in PARTS:
        assert part.title in card(nobody, part.name)
    assert "The cart is empty." in card(nobody, "cart")
    assert "They have said neither yes nor no to anything." in card(nobody, "preferences")
    assert "No journey has begun." in card(nobody, "journey")


@pytest.mark.parametrize("reason", WORDS)
def test_a_section_that_is_missing_says_so_and_why(reason: SectionProblemReason.ValueType) -> None:
    context = CustomerContext(customer_id="cus_1")
    context.cart.cart.CopyFrom(a_cart())
    troubled = seen(context, problems=(SectionProblem(section=SECTION_CART, reason=reason),))
    for name in ("cart", "orders"):
        text = card(troubled, name)
        assert WORDS[reason] in text
        assert SectionProblemReason.Name(reason).removeprefix("SECTION_PROBLEM_REASON_") in text
    assert ("Lamp" in card(troubled, "cart")) is (reason not in MISSING)
    assert "does not answer" not in card(troubled, "messages"), "the other sections are served"


def test_a_journey_that_is_behind_is_shown_with_a_word_of_warning() -> None:
    context = CustomerContext(customer_id="cus_1")
    context.journey.journey.journey_id = "jrn_1"
    context.journey.recent_touchpoints.append(Touchpoint(touchpoint_id="t", summary="added 1 x LAMP-1", channel=WEB))
    problem = SectionProblem(section=SECTION_JOURNEY, reason=SECTION_PROBLEM_REASON_BEHIND, events_behind=3)
    text = card(seen(context, problems=(problem,)), "journey")
    assert "the newest events are still to come" in text
    assert "added 1 x LAMP-1" in text
    assert 'href="/customers/cus_1/journeys/jrn_1"' in text


def test_a_cart_shows_what_it_costs_here_what_elsewhere_and_by_which_offers() -> None:
    context = CustomerContext(customer_id="cus_1")
    context.cart.cart.CopyFrom(a_cart())
    ten_off = Money(currency_code=EUR, units=10)
    price = CartPrice(
        lines=[
            LinePrice(
                line_id="lin_1",
                full=Money(currency_code=EUR, units=100),
                discounts=[LineDiscount(offer_id="ten", amount=ten_off)],
                total=Money(currency_code=EUR, units=90),
            )
        ],
        applied_offers=[AppliedOffer(offer_id="ten", name="Ten off", amount=ten_off, offer_code="TEN")],
        total=Money(currency_code=EUR, units=90),
    )
    text = card(seen(context, price=price), "cart")
    assert "instead of €100.00" in text
    assert "Ten off (TEN)" in text
    assert "−€10.00" in text
    assert 'To pay here</th><td class="number">€90.00' in text
    assert "store-042 (store)" in text


def test_a_locked_cart_says_by_whom_why_and_until_when() -> None:
    context = CustomerContext(customer_id="cus_1")
    context.cart.cart.CopyFrom(a_cart())
    context.cart.cart.state = CART_STATE_LOCKED
    lock = CartLock(actor_id="bob", reason="I am changing the colour", channel=STORE, until_time=WHEN)
    context.cart.cart.lock.CopyFrom(lock)
    context.cart.cart.notes.append(CartNote(note_id="n", text="Wants gift wrap", actor_id="bob", channel=STORE))
    text = card(seen(context), "cart")
    assert "Locked</strong> by bob on store-042 (store) until" in text
    assert "I am changing the colour" in text
    assert "Wants gift wrap" in text


def test_times_are_told_in_the_consoles_zone_and_kept_exactly() -> None:
    context = CustomerContext(customer_id="cus_1")
    context.profile.create_time.CopyFrom(WHEN)
    assert '<time datetime="2027-01-15T08:00:00.000+00:00">15 Jan 2027, 09:00:00</time>' in card(seen(context), "who")


def test_what_a_newer_suite_counts_is_shown_as_a_number() -> None:
    context = CustomerContext(customer_id="cus_1")
    context.profile.merges.append(Merge(merge_id="mrg_1", source_customer_id="cus_0"))
    context.profile.merges[0].rule = 99  # type: ignore[assignment]  # as it would come over the wire
    assert "no. 99" in card(seen(context), "merges")


def test_whatever_customers_and_colleagues_write_stays_text() -> None:
    context = CustomerContext(customer_id="cus_1")
    context.cart.cart.CopyFrom(a_cart())
    context.cart.cart.lines[0].name = "<script>alert(1)</script>"
    context.profile.identifiers.add(value='"><img src=x>')
    for name in ("cart", "who"):
        text = card(seen(context), name)
        assert "<script" not in text
        assert "<img" not in text


def test_somebody_of_whom_everything_is_known_has_it_all_on_the_cards() -> None:
    everything = seen(json_format.ParseDict(EVERYTHING, CustomerContext()))
    for name, words in {
        "who": ["Gold", "12.5", "True", "15 Jan 2027", "Musterstraße 1, 10115, Berlin, DE", "€400.00", "regulars"],
        "preferences": ["de-CH", "push, e-mail", "22:00 to 07:30", "newsletter until", "At most</dt><dd>2 in 7 days"],
        "conversations": ["order", "waits for an answer", "2 unread", "Where is it?", "by mail"],
        "messages": ["skipped, NO_CONSENT", "newsletter by SMS", "3 wait to be sent"],
        "journey": ["autumn", "LAMP-1", "goal reached", "bought", "Cart changed"],
        "orders": ["ord_1", "ready", "paid", "to be picked up in store 042"],
        "offers": ["Two for one", "needs code", "only on store-042, web"],
        "cart": ["Vase", "2 × Candle", "WINTER", "1 × Rug"],
        "merges": ["staff decided", "undone", "by bob", "not yet in cart", "same person"],
    }.items():
        text = card(everything, name)
        for word in words:
            assert word in text, f"{name}: {word}"


EURO_400 = {"currencyCode": "EUR", "units": "400"}
AT = "2027-01-15T08:00:00Z"
SHOP = {"id": "web-shop", "kind": "CHANNEL_KIND_WEB"}
EVERYTHING = {
    "customerId": "cus_1",
    "profile": {
        "kind": "CUSTOMER_KIND_KNOWN",
        "traits": [
            {"name": "tier", "stringValue": "Gold", "channel": SHOP, "updateTime": AT},
            {"name": "size", "numberValue": 12.5},
            {"name": "vip", "boolValue": True},
            {"name": "since", "timeValue": AT},
            {"name": "nothing"},
        ],
        "postalAddress": {
            "addressLines": ["Musterstraße 1"],
            "postalCode": "10115",
            "locality": "Berlin",
            "regionCode": "DE",
        },
        "facts": {"orderCount": 2, "spend": [{"total": EURO_400, "orderCount": 2}], "lastPurchaseTime": AT},
        "segments": [{"segmentId": "regulars"}],
        "merges": [
            {
                "mergeId": "mrg_1",
                "sourceCustomerId": "cus_0",
                "rule": "MERGE_RULE_STAFF_DECIDED",
                "actorId": "bob",
                "reason": "same person",
                "pendingAreas": ["cart"],
                "unmergeTime": AT,
            }
        ],
    },
    "preferences": {
        "language": "de-CH",
        "preferredChannels": ["DELIVERY_KIND_PUSH", "DELIVERY_KIND_EMAIL"],
        "quietHours": {"startMinute": 1320, "endMinute": 450},
        "pauses": [{"purpose": "newsletter", "untilTime": AT}],
        "frequencyCaps": [{"maxMessages": 2, "periodDays": 7}],
        "interests": ["lamps"],
    },
    "messaging": {
        "recentMessages": [
            {
                "messageId": "msg_1",
                "templateId": "news",
                "purpose": "newsletter",
                "deliveryKind": "DELIVERY_KIND_SMS",
                "state": "MESSAGE_STATE_SKIPPED",
                "stateReason": "NO_CONSENT",
            }
        ],
        "queuedCount": 3,
        "openConversations": [
            {
                "conversationId": "cnv_1",
                "topic": "order",
                "unreadByStaff": 2,
                "waitingSinceTime": AT,
                "recentEntries": [
                    {"entryId": "ent_1", "author": "AUTHOR_CUSTOMER", "text": "Where is it?", "byMail": True}
                ],
            }
        ],
    },
    "journey": {
        "journey": {
            "journeyId": "jrn_1",
            "endTime": AT,
            "outcome": "JOURNEY_OUTCOME_GOAL_REACHED",
            "goals": [{"goalId": "bought"}],
        },
        "recentTouchpoints": [
            {
                "touchpointId": "tch_1",
                "kind": "TOUCHPOINT_KIND_CART_CHANGED",
                "channel": SHOP,
                "occurTime": AT,
                "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            }
        ],
        "viewedProducts": [{"sku": "LAMP-1", "viewCount": 3, "lastChannel": SHOP, "lastViewTime": AT}],
        "cameFor": {"campaignId": "autumn", "skus": ["LAMP-1"]},
    },
    "cart": {
        "cart": {
            "lines": [{"lineId": "lin_1", "sku": "VASE", "name": "Vase", "quantity": 1, "channel": SHOP}],
            "savedLines": [{"lineId": "lin_2", "sku": "C", "name": "Candle", "quantity": 2}],
            "setAsideLines": [{"lineId": "lin_3", "sku": "R", "name": "Rug", "quantity": 1}],
            "offerCodes": ["WINTER"],
        },
        "recentOrders": [
            {
                "orderId": "ord_1",
                "total": EURO_400,
                "lineCount": 1,
                "state": "ORDER_STATE_READY",
                "paymentState": "PAYMENT_STATE_PAID",
                "storeId": "042",
            }
        ],
    },
    "offers": {
        "offers": [
            {
                "offerId": "two",
                "name": "Two for one",
                "eligibility": "ELIGIBILITY_NEEDS_CODE",
                "channels": {"channelIds": ["store-042"], "kinds": ["CHANNEL_KIND_WEB"]},
            }
        ]
    },
}
