"""The customer context, read through the client package, and told in plain words."""

import hashlib
import re

from google.type.money_pb2 import Money

import omnithread
from deploy.demo.views import Line, Notice, OrderSeen, Outcome, PriceSeen, Said, View
from omnithread.cart.v1.price_pb2 import CartPrice, ChannelPrice
from omnithread.common.v1.delivery_pb2 import DeliveryKind
from omnithread.common.v1.merge_pb2 import MergeAction, MergedThing
from omnithread.context.v1.context_pb2 import Section, SectionProblemReason
from omnithread.context.v1.context_service_pb2 import (
    GetCustomerContextRequest,
    GetCustomerContextResponse,
    StartSessionResponse,
)
from omnithread.messaging.v1.messaging_pb2 import Author, MessageState
from omnithread.preference.v1.preference_pb2 import ConsentState

AN_ID = re.compile("[a-z]{3}_[0-9a-z]{26}")


async def look(suite: omnithread.Omnithread, customer_id: str) -> View:
    """Read the context now."""
    answer = await suite.context.GetCustomerContext(GetCustomerContextRequest(customer_id=customer_id))
    return view(answer)


def live_view(state: omnithread.LiveContext) -> View:
    """Tell what a watcher was told last."""
    return view(
        GetCustomerContextResponse(
            context=state.context,
            problems=state.problems,
            cart_price=state.cart_price,
            other_channel_prices=state.other_channel_prices,
            cart_problems=state.cart_problems,
        )
    )


def view(answer: GetCustomerContextResponse | StartSessionResponse) -> View:
    """Tell what the context says, and what stands beside it."""
    context = answer.context
    content = context.SerializeToString()
    cart, profile = context.cart.cart, context.profile
    return View(
        customer_id=context.customer_id,
        name=f"{profile.given_name} {profile.family_name}".strip(),
        language=context.preferences.language,
        consents=[
            f"{consent.purpose} by {word(DeliveryKind.Name(consent.delivery_kind), 'DELIVERY_KIND_')}: "
            f"{word(ConsentState.Name(consent.state), 'CONSENT_STATE_')}"
            for consent in context.preferences.consents
        ],
        lines=[
            Line(
                sku=line.sku,
                name=line.name,
                quantity=line.quantity,
                total=price(line.line_total),
                added_on=line.channel.id,
            )
            for line in cart.lines
        ],
        subtotal=price(cart.subtotal) if cart.HasField("subtotal") else "",
        prices=_prices(answer),
        notices=[
            Notice(
                message_id=message.message_id,
                purpose=message.purpose,
                way=word(DeliveryKind.Name(message.delivery_kind), "DELIVERY_KIND_"),
                state=word(MessageState.Name(message.state), "MESSAGE_STATE_"),
                reason=message.state_reason,
                subject=message.subject,
            )
            for message in context.messaging.recent_messages
        ],
        queued=context.messaging.queued_count,
        said=[
            Said(by=word(Author.Name(entry.author), "AUTHOR_"), channel=entry.channel.id, text=entry.text)
            for conversation in context.messaging.open_conversations
            for entry in conversation.recent_entries
        ],
        orders=[
            OrderSeen(order_id=order.order_id, total=price(order.total), channel=order.channel.id)
            for order in context.cart.recent_orders
        ],
        journey_id=context.journey.journey.journey_id,
        touchpoints=context.journey.journey.touchpoint_count,
        problems=[
            f"{word(Section.Name(one.section), 'SECTION_')}: "
            f"{word(SectionProblemReason.Name(one.reason), 'SECTION_PROBLEM_REASON_')}"
            for one in answer.problems
        ],
        etag=context.etag,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _prices(answer: GetCustomerContextResponse | StartSessionResponse) -> list[PriceSeen]:
    if not answer.HasField("cart_price"):
        return []
    prices: list[CartPrice | ChannelPrice] = [answer.cart_price, *answer.other_channel_prices]
    return [
        PriceSeen(channel=one.channel.id, total=price(one.total), offers=[offer.name for offer in one.applied_offers])
        for one in prices
    ]


def outcome(area: str, thing: MergedThing) -> Outcome:
    """Tell what a merge did with one thing; by the article or the name where it has one, ids are for programs."""
    details = {detail.key: detail.value for detail in thing.details}
    named = details.get("sku", "" if AN_ID.fullmatch(thing.name) else thing.name)
    return Outcome(
        area=area,
        thing=f"{thing.kind.replace('_', ' ')} {named}".rstrip(),
        action=word(MergeAction.Name(thing.action), "MERGE_ACTION_"),
        why=thing.why,
    )


def price(money: Money) -> str:
    """Write an amount for the screen."""
    return f"{money.units + money.nanos / 1e9:.2f} {money.currency_code}"


def word(name: str, prefix: str) -> str:
    """Make the name of an enum value readable."""
    return name.removeprefix(prefix).lower().replace("_", " ")
