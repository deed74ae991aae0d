"""Coordinates the entering of offer codes: whether a code counts, and where, the price says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from libs.mongo.documents import Documents
from libs.mongo.values import Decision, Outcome, Saved
from libs.origin import Stamp
from services.cart.checkout import errors
from services.cart.desk.locking import check_unlocked
from services.cart.events import OfferCodesChanged
from services.cart.line_values import CartId
from services.cart.model import Act, Change, with_lines
from services.cart.offers.book import OfferBook
from services.cart.offers.values import Offer
from services.cart.operations import Carts
from services.cart.redemption.code_tries import CodeTries
from services.cart.redemption.codes import Code, Codes, normal_code
from services.cart.values import MAX_CODES, Cart


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """Enters codes and takes them out."""

    carts: Carts
    codes: Codes
    tries: CodeTries
    book: OfferBook
    offers: Documents[Offer]

    async def enter(self, customer_id: str, text: str, *, stamp: Stamp) -> Outcome[Cart]:
        """Enter a code; the fact `offer_id` says of which offer. That offer may have ended, or count elsewhere.

        Beside the command itself four reads and writes, which bound how many codes are tried.
        Raises OFFER_CODE_UNKNOWN, OFFER_CODE_USED, OFFER_TRIES_EXCEEDED, CODE_LIMIT, CART_LOCKED.
        """
        known = await self.carts.records.recall(customer_id, stamp)
        if known is not None:
            return known
        code, new_cart_id = normal_code(text), CartId(self.carts.new_id("crt"))
        saved = await self.carts.get(customer_id)
        async with self.carts.commands.rejections.noted(customer_id, saved, stamp):
            check_unlocked(saved.state, stamp.origin, self.carts.clock())
            offer_id = await self._offer_of(code, saved.customer_id, stamp.origin.channel_id)

        def decide(saved: Saved[Cart], act: Act) -> Change:
            return enter_code(saved.state, code, offer_id, act=act, new_cart_id=new_cart_id)

        return await self.carts.commands.run(customer_id, decide, stamp=stamp)

    async def take_out(self, customer_id: str, text: str, *, stamp: Stamp) -> Outcome[Cart]:
        """Take a code out; nothing happens where it is not there. Raises CART_LOCKED."""
        code = normal_code(text)
        found = await self.codes.look_up([code], await self.book.current())
        offer_id = {**found.ended, **found.used, **found.usable}.get(code, "")

        def decide(saved: Saved[Cart], act: Act) -> Change:
            return take_out_code(saved.state, code, offer_id, act=act)

        return await self.carts.commands.run(customer_id, decide, stamp=stamp)

    async def find(self, text: str) -> Code:
        """Say what became of a code, a shared one too. Raises OFFER_CODE_UNKNOWN. One query."""
        code = (await self.codes.find([normal_code(text)])).get(normal_code(text))
        if code is None:
            raise errors.offer_code_unknown()
        return code

    async def count_unknown(self, saved: Saved[Cart], texts: Sequence[str], channel_id: str) -> None:
        """Count the unknown ones of some codes whose price is asked for as tries. Raises OFFER_TRIES_EXCEEDED.

        Nothing is read where no code is given.
        """
        wanted = {normal_code(text) for text in texts}.difference(saved.state.offer_codes)
        taken = await self.tries.take(saved.customer_id, channel_id, count=len(wanted))
        known = await self.codes.find(wanted)
        await self.tries.give_back(saved.customer_id, channel_id, taken, count=len(known))

    async def _offer_of(self, code: str, customer_id: str, channel_id: str) -> str:
        taken = await self.tries.take(customer_id, channel_id)
        offers = await self.book.current()
        found = await self.codes.look_up([code], offers)
        offer_id = {**found.ended, **found.used, **found.usable}.get(code, "")
        if not offer_id or (offer_id not in offers.by_id and not await self._was_ever_active(offer_id)):
            raise errors.offer_code_unknown()
        await self.tries.give_back(customer_id, channel_id, taken)
        if code in found.used:
            raise errors.offer_code_used()
        return offer_id

    async def _was_ever_active(self, offer_id: str) -> bool:
        return (await self.offers.get(offer_id)).state.version > 0


def enter_code(cart: Cart, code: str, offer_id: str, *, act: Act, new_cart_id: CartId) -> Change:
    """Enter a code in its normal form; nothing changes where it is there. Raises CODE_LIMIT."""
    facts = {"offer_id": offer_id}
    if code in cart.offer_codes:
        return Decision(cart, facts=facts)
    if len(cart.offer_codes) >= MAX_CODES:
        raise errors.code_limit(MAX_CODES)
    begun = replace(cart, cart_id=cart.cart_id or new_cart_id, offer_codes=(*cart.offer_codes, code))
    after = with_lines(begun, cart.lines, act)
    return Decision(after, (OfferCodesChanged(after.cart_id, act.occur_time, offer_id, removed=False),), facts=facts)


def take_out_code(cart: Cart, code: str, offer_id: str, *, act: Act) -> Change:
    """Take a code out; nothing changes where it is not there."""
    if code not in cart.offer_codes:
        return Decision(cart)
    left = replace(cart, offer_codes=tuple(other for other in cart.offer_codes if other != code))
    event = OfferCodesChanged(cart.cart_id, act.occur_time, offer_id, removed=True)
    return Decision(with_lines(left, cart.lines, act), (event,))
