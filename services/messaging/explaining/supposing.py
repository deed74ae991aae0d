"""Asks the other services about a customer as far as they answer, for what would be decided about a message now."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from libs.errors import customer_not_found
from omnithread.profile.v1.profile_pb2 import Profile
from services.messaging.deciding.facts import CartNow, Wishes
from services.messaging.deciding.judgement import Finding
from services.messaging.deciding.person import Person
from services.messaging.deciding.sources import NotThere, SourceAway, Sources

Answer = TypeVar("Answer")
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Supposed:
    """A customer as far as the services tell."""

    person: Person
    away: tuple[str, ...]
    """Services that did not answer: what they know is left out of the person."""


async def suppose(sources: Sources, customer_id: str) -> Supposed:
    """Ask profile, preference and cart at once. Raises CUSTOMER_NOT_FOUND where profile knows nobody."""
    away: list[str] = []

    async def ask(answer: Awaitable[Answer]) -> Answer | None:
        try:
            return await answer
        except SourceAway as source:
            away.append(str(source))
        return None

    try:
        profile, wishes, purchases = await asyncio.gather(
            ask(sources.person(customer_id)), ask(sources.wishes(customer_id)), ask(sources.purchases(customer_id))
        )
    except NotThere as nobody:
        raise customer_not_found(customer_id) from nobody
    person = Person(customer_id, profile or Profile(), wishes or Wishes(), purchases)
    return Supposed(person, tuple(sorted(away)))


def cart_finding(cart: CartNow, now: datetime) -> Finding:
    """Say whether the cart is one of which a customer would be reminded."""
    if cart.is_empty:
        return Finding("cart", "SKIP", "NO_CART")
    due, changed = cart.idle_due_time, cart.update_time
    if due is None or changed is None:
        return Finding("cart", "PASS", "ABANDONED")
    left, whole = max((now - changed) // MINUTE, 0), (due - changed) // MINUTE
    facts = (("left_minutes", str(min(left, whole))), ("of_minutes", str(whole)))
    return Finding("cart", "WAIT", "NOT_ABANDONED", facts)
