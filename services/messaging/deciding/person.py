"""Asks the other services about a customer, just before something is sent to them: no more than the message needs."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from libs.purposes import Purpose
from omnithread.cart.v1.cart_service_pb2 import GetCartResponse
from omnithread.profile.v1.profile_pb2 import IDENTIFIER_KIND_PHONE, Profile
from services.messaging.deciding.facts import Bought, Wishes
from services.messaging.deciding.sources import Code, NotThere, SourceAway, Sources, contact_points
from services.messaging.deciding.time_zones import Whereabouts
from services.messaging.values import DeliveryKind, Message

CODE_VARIABLE = "code"
"""How the template of one-time codes names the code."""


UNKNOWN_WISHES = Wishes()
"""Of somebody of whom preference did not tell."""


class CodeGone(Exception):
    """The one-time code that was to be sent works no longer, or nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Person:
    """What was asked about the customer a moment ago."""

    customer_id: str
    profile: Profile
    wishes: Wishes
    purchases: GetCartResponse | None
    """Asked for where the message is about a cart; else only once a text tells of one."""
    code: Code | None = None
    """The one-time code to bring, where the message brings one."""
    bought: tuple[Bought, ...] = ()
    """The newest orders: asked for where the message is about an article."""

    @property
    def secrets(self) -> dict[str, str]:
        """Give what a text may tell and nobody may keep."""
        return {CODE_VARIABLE: self.code.code, **self.code.told} if self.code else {}

    @property
    def versions(self) -> tuple[tuple[str, int], ...]:
        """Give of what was asked which version was told."""
        cart = self.purchases.cart.version if self.purchases else 0
        versions = (("profile", self.profile.version), ("preference", self.wishes.version), ("cart", cart))
        return tuple((source, version) for source, version in versions if version)

    def contact_points(
        self, purpose: Purpose, is_closed: Callable[[DeliveryKind, str], bool]
    ) -> Mapping[DeliveryKind, str]:
        """Give where the customer can be reached; a code goes to the address that it is to prove, and nowhere else."""
        if self.code is not None:
            return {self.code.kind: self.code.address}
        return contact_points(self.profile, self.wishes, purpose, is_closed)

    def whereabouts(self, channel_id: str) -> Whereabouts:
        """Give what tells of the customer's time zone: of several phones, one that is proven to be theirs, if any."""
        phones = [one for one in self.profile.identifiers if one.kind == IDENTIFIER_KIND_PHONE]
        phones.sort(key=lambda phone: not phone.verified)
        return Whereabouts(
            said=self.wishes.time_zone,
            country=self.profile.postal_address.region_code,
            phone=phones[0].value if phones else "",
            channel_id=channel_id,
        )


async def ask_about(sources: Sources, customer_id: str, message: Message, *, may_lack_wishes: bool = False) -> Person:
    """Ask for what a message is judged by, all at once. Raises SourceAway, NotThere, CodeGone.

    With `may_lack_wishes` it does not depend on preference's answer: then the customer wishes nothing in particular.
    """

    async def wished() -> Wishes:
        try:
            return await sources.wishes(customer_id)
        except SourceAway:
            if may_lack_wishes:
                return UNKNOWN_WISHES
            raise

    async def purchases() -> GetCartResponse | None:
        return await sources.purchases(customer_id) if message.cart_id else None

    async def bought() -> tuple[Bought, ...]:
        return await sources.bought(customer_id) if message.sku else ()

    profile, wishes, cart, orders = await asyncio.gather(sources.person(customer_id), wished(), purchases(), bought())
    if not message.verification_id and not message.confirmation_id:
        return Person(customer_id, profile, wishes, cart, bought=orders)
    try:
        code = await _code(sources, customer_id, message)
    except NotThere as gone:
        raise CodeGone from gone
    # Who the customer is is left out: nobody knows yet whether the address is theirs.
    wishes = replace(wishes, language=code.language or wishes.language)
    return Person(customer_id, Profile(), wishes, None, code)


async def _code(sources: Sources, customer_id: str, message: Message) -> Code:
    if message.confirmation_id:
        return await sources.confirmation(customer_id, message.confirmation_id)
    return await sources.code(customer_id, message.verification_id)
