"""Three channels on two replicas do whatever they like at the same time: cart and price are those of a simple model.

The model is a page of arithmetic that knows no concurrency. It is told what was announced, in its order, and must come
to the cart that is read; each acknowledged command must be announced once, and each refused one not at all.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import grpc
import pytest
from google.type.money_pb2 import Money
from hypothesis import HealthCheck, Phase, given, settings

from omnithread import Omnithread, details_of
from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1 import offer_pb2, offer_service_pb2
from omnithread.cart.v1.order_service_pb2 import ListOrdersRequest
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB
from tests.services.cart.shop import Shop, pickup
from tests.services.cart.simple_model import (
    CODE,
    FROM_MINOR,
    OFF_MINOR,
    PRICES,
    Add,
    Clear,
    Command,
    Enter,
    Pay,
    Remove,
    Save,
    Set,
    Simple,
    TakeBack,
    channels,
    pieces,
)

pytestmark = pytest.mark.timeout(300)

# Without shrinking: a story is some hundred calls, and says enough.
STORIES = settings(max_examples=12, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
REFUSED = {"LINE_NOT_FOUND", "CART_EMPTY", "CART_CHANGED", "PRICE_CHANGED", "QUANTITY_LIMIT"}


@pytest.fixture(scope="module")
async def offers(shop: Shop) -> AsyncIterator[None]:
    """Offers on the model's articles alone: other tests sell other things."""
    articles = offer_pb2.OfferArticles(skus=sorted(PRICES))
    of_web = offer_pb2.OfferChannels(kinds=[CHANNEL_KIND_WEB])
    of_store = offer_pb2.OfferChannels(kinds=[CHANNEL_KIND_STORE])
    terms = {
        "model-two-for-one": offer_pb2.OfferTerms(
            name="Two for one",
            pieces_for_less=offer_pb2.PiecesForLess(take_quantity=2, pay_quantity=1),
            articles=offer_pb2.OfferArticles(skus=["model-a"]),
            channels=of_web,
            priority=20,
            combinable=True,
        ),
        "model-fifth-off": offer_pb2.OfferTerms(
            name="A fifth off in the store",
            percentage_off=offer_pb2.PercentageOff(basis_points=2000),
            articles=articles,
            channels=of_store,
            priority=10,
            combinable=True,
        ),
        "model-code": offer_pb2.OfferTerms(
            name="Five francs off",
            amount_off=offer_pb2.AmountOff(amount=francs(OFF_MINOR)),
            on_cart=True,
            articles=articles,
            min_amount=francs(FROM_MINOR),
            code_rule=offer_pb2.OFFER_CODE_RULE_SHARED,
            shared_code=CODE,
            combinable=True,
        ),
    }
    for offer_id, text in terms.items():
        await shop.at_web.offers.SaveOffer(offer_service_pb2.SaveOfferRequest(offer_id=offer_id, terms=text))
        await shop.at_web.offers.ActivateOffer(offer_service_pb2.ActivateOfferRequest(offer_id=offer_id))
    yield
    for offer_id in terms:
        await shop.at_web.offers.EndOffer(offer_service_pb2.EndOfferRequest(offer_id=offer_id))


@dataclass(slots=True)
class Done:
    """What one channel was told."""

    applied: Counter[str] = field(default_factory=Counter)
    """How many commands of each kind were acknowledged that changed something."""
    versions: list[int] = field(default_factory=list)


@STORIES
@given(plan=channels)
async def test_cart_and_price_are_those_of_a_simple_model(
    shop: Shop, another_replica: Shop, offers: None, plan: list[list[Command]]
) -> None:
    customer_id = await shop.new_customer()
    at = (shop.at_web, another_replica.at_store, another_replica.at_phone)
    done = await asyncio.gather(
        *(carry_out(suite, customer_id, commands) for suite, commands in zip(at, plan, strict=True))
    )
    events = (await shop.events(customer_id)) if any(one.applied for one in done) else []
    listed = await shop.at_web.orders.ListOrders(ListOrdersRequest(customer_id=customer_id, page_size=100))
    orders = {order.order_id: order for order in listed.orders}
    simple = Simple()
    for event in events:
        simple.hear(event, orders)

    for suite, kind in ((shop.at_web, CHANNEL_KIND_WEB), (another_replica.at_store, CHANNEL_KIND_STORE)):
        read = await suite.cart.GetCart(pb.GetCartRequest(customer_id=customer_id))
        assert pieces(read.cart.lines) == +simple.cart
        assert pieces(read.cart.saved_lines) == +simple.saved
        code = CODE in read.cart.offer_codes
        expected = simple.price_minor(channel_kind=kind, code=code)
        assert (minor(read.price.total) if read.HasField("price") else 0) == expected
    assert sum((pieces(order.lines) for order in orders.values()), Counter()) == +simple.ordered
    announced = Counter(str(event.WhichOneof("payload")) for event in events)
    acknowledged = sum((one.applied for one in done), Counter[str]())
    assert {kind: announced[kind] for kind in acknowledged} == dict(acknowledged)
    assert all(one.versions == sorted(set(one.versions)) for one in done), "a channel saw the cart turn back"
    audit = await shop.web.AuditCart(pb.AuditCartRequest(customer_id=customer_id)) if events else None
    assert audit is None or audit.adds_up


async def carry_out(suite: Omnithread, customer_id: str, commands: list[Command]) -> Done:
    """Give one command after the other, as one channel does."""
    done = Done()
    for command in commands:
        try:
            await obey(suite, customer_id, command, done)
        except grpc.aio.AioRpcError as refused:
            assert details_of(refused).reason in REFUSED, command  # noqa: PT017  of two outcomes one
    return done


async def obey(suite: Omnithread, customer_id: str, command: Command, done: Done) -> None:
    match command:
        case Add(sku, quantity):
            price = francs(PRICES[sku])
            request = pb.AddItemRequest(customer_id=customer_id, sku=sku, name=sku, unit_price=price, quantity=quantity)
            done.versions.append((await suite.cart.AddItem(request)).cart.version)
            done.applied["item_added"] += 1
        case Set(sku, quantity):
            await suite.cart.SetItemQuantity(
                pb.SetItemQuantityRequest(customer_id=customer_id, sku=sku, quantity=quantity)
            )  # the same number again is announced to nobody, so these are not counted
        case Remove(sku):
            await suite.cart.RemoveItem(pb.RemoveItemRequest(customer_id=customer_id, sku=sku))
            done.applied["item_removed"] += 1
        case Save(sku):
            await suite.cart.SaveForLater(pb.SaveForLaterRequest(customer_id=customer_id, sku=sku))
            done.applied["line_moved"] += 1
        case TakeBack(sku):
            await suite.cart.MoveToCart(pb.MoveToCartRequest(customer_id=customer_id, sku=sku))
            done.applied["line_moved"] += 1
        case Clear():
            await suite.cart.ClearCart(pb.ClearCartRequest(customer_id=customer_id))
        case Enter():
            await suite.cart.ApplyOfferCode(pb.ApplyOfferCodeRequest(customer_id=customer_id, code="model-5"))
        case Pay(keep_added):
            await pay(suite, customer_id, done, keep_added=keep_added)


async def pay(suite: Omnithread, customer_id: str, done: Done, *, keep_added: bool) -> None:
    seen = await suite.cart.GetCart(pb.GetCartRequest(customer_id=customer_id))
    if not seen.cart.lines:
        return  # nobody pays an empty page
    request = pickup(
        customer_id,
        seen_lines=[pb.SeenLine(line_id=line.line_id, quantity=line.quantity) for line in seen.cart.lines],
        keep_added_for_next=keep_added,
        expected_total=seen.price.total,
    )
    answer = await suite.cart.Checkout(request)
    done.applied["cart_checked_out"] += 1
    assert pieces(answer.order.lines) == pieces(seen.cart.lines), "another cart was ordered than the payer saw"
    assert answer.order.total == seen.price.total, "another price was paid than the payer saw"


def francs(amount_minor: int) -> Money:
    return Money(currency_code="CHF", units=amount_minor // 100, nanos=amount_minor % 100 * 10_000_000)


def minor(money: Money) -> int:
    return money.units * 100 + money.nanos // 10_000_000
