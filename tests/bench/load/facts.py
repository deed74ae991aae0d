"""What an answer says, as far as a person would notice: two answers that agree in it are equally right. Pure."""

from collections.abc import Hashable, Iterable

from omnithread.cart.v1.cart_pb2 import Cart
from omnithread.cart.v1.cart_service_pb2 import AddItemResponse, GetCartResponse
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_PROBLEM, CustomerContext, Touchpoint
from omnithread.context.v1.context_service_pb2 import GetCustomerContextResponse, GetJourneyResponse


def of_cart(cart: Cart) -> Hashable:
    """Whose it is, what is in it and what it costs, in which version."""
    lines = tuple((line.sku, line.quantity, line.line_total.units, line.line_total.nanos) for line in cart.lines)
    return cart.customer_id, cart.version, cart.subtotal.units, cart.subtotal.nanos, lines


def of_get_cart(answer: bytes) -> Hashable:
    """Read an answer of `GetCart`."""
    return of_cart(GetCartResponse.FromString(answer).cart)


def of_context(answer: bytes) -> Hashable:
    """Read an answer of `GetCustomerContext`: all five sections, and that none of them is missing."""
    told = GetCustomerContextResponse.FromString(answer)
    context: CustomerContext = told.context
    profile, preferences, messaging, journey = context.profile, context.preferences, context.messaging, context.journey
    return (
        context.customer_id,
        tuple((problem.section, problem.reason) for problem in told.problems),
        (
            profile.customer_id,
            profile.given_name,
            profile.version,
            tuple((one.kind, one.value) for one in profile.identifiers),
        ),
        of_cart(context.cart.cart),
        (preferences.language, preferences.time_zone, tuple(preferences.preferred_channels), preferences.version),
        (messaging.customer_id, messaging.version, tuple(one.topic for one in messaging.open_conversations)),
        (journey.journey.journey_id, _acts(journey.recent_touchpoints)),
    )


def _acts(touchpoints: Iterable[Touchpoint]) -> tuple[str, ...]:
    """Give what customer and company did, without what the suite notes by itself where it was too slow for somebody."""
    return tuple(one.touchpoint_id for one in touchpoints if one.kind != TOUCHPOINT_KIND_PROBLEM)


def of_journey(answer: bytes) -> Hashable:
    """Read a page of `GetJourney`."""
    told = GetJourneyResponse.FromString(answer)
    return told.journey.journey_id, tuple(one.touchpoint_id for one in told.touchpoints), bool(told.next_page_token)


def added(answer: bytes) -> tuple[str, int]:
    """Read whose cart an answer of `AddItem` is, and how many pieces are in it now."""
    told = AddItemResponse.FromString(answer)
    return told.cart.customer_id, sum(line.quantity for line in told.cart.lines)
