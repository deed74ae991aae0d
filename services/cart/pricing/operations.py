"""Coordinates prices: gathers what a price depends on, and has it worked out. Changes nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from libs.channel import Channel
from libs.clock import Clock
from libs.mongo.values import Saved
from libs.rpc.channels import Channel as Registered
from libs.rpc.channels import ChannelRegistry
from services.cart import errors
from services.cart.audience.book import AudienceBook
from services.cart.audience.facts import NO_FACTS, AudienceFacts
from services.cart.line_values import Article, Line, LineId
from services.cart.money import Money
from services.cart.offers.book import OfferBook
from services.cart.offers.problems import CodeProblem, code_problems
from services.cart.offers.standings import Standing, standings_of, version_of
from services.cart.offers.values import ActiveOffers
from services.cart.pricing.channel_groups import ChannelGroup, groups_of
from services.cart.pricing.circumstances import Circumstances
from services.cart.pricing.elsewhere import prices_elsewhere
from services.cart.pricing.evaluation import evaluate
from services.cart.pricing.remembered import Basis, RememberedPrices
from services.cart.pricing.values import Price
from services.cart.redemption.codes import NOTHING_ENTERED, Codes
from services.cart.redemption.operations import Redemptions
from services.cart.values import Cart

NOWHERE = Channel("", 0)
NOTHING_USED_UP: frozenset[str] = frozenset()
ALONE = "alone"
"""The line of an article that is priced without being in a cart."""
MOST_STEPS_AT_ONCE = 20_000
"""Lines times offers times groups of channels: more takes more than some 5 ms, and is worked out in a thread."""


@dataclass(frozen=True, slots=True)
class PricedCart:
    """What a cart costs here and elsewhere, and how the offers stand for the customer."""

    here: Price | None
    """None for an empty cart, or a caller that is no channel."""
    elsewhere: tuple[Price, ...]
    """By channel id."""
    offers: tuple[Standing, ...]
    """By offer id."""
    offers_version: int
    problems: tuple[CodeProblem, ...]


@dataclass(slots=True)
class Pricing:
    """What can be asked about prices."""

    book: OfferBook
    audience: AudienceBook
    codes: Codes
    redemptions: Redemptions
    channels: ChannelRegistry
    clock: Clock
    _groups: tuple[int, Mapping[str, Registered], tuple[ChannelGroup, ...]] = field(default=(-1, {}, ()), init=False)
    """Of the edition of offers and of the channels that they were made for."""
    _remembered: RememberedPrices[PricedCart] = field(default_factory=RememberedPrices, init=False)

    async def price(
        self,
        saved: Saved[Cart],
        channel: Channel,
        brand: str,
        *,
        delivery_fee: Money | None = None,
        more_codes: Sequence[str] = (),
        offers: ActiveOffers | None = None,
        for_order_id: str = "",
    ) -> Price | None:
        """Give what a cart costs on a channel; None for an empty one.

        `offers` are those that count; None for what this replica knew a second ago. What is reserved for `for_order_id`
        counts as free. Three reads at most, at once, each only where some offer makes it matter.
        Raises CURRENCY_MISMATCH for a fee in another currency.
        """
        cart = saved.state
        if not cart.lines:
            return None
        if delivery_fee is not None and delivery_fee.currency_code != cart.currency_code:
            raise errors.currency_mismatch(cart.currency_code)
        offers = await self.book.current() if offers is None else offers
        entered = (*cart.offer_codes, *more_codes)
        circumstances, _ = await self._circumstances(
            saved, offers, channel, brand, entered, delivery_fee=delivery_fee, for_order_id=for_order_id
        )
        return evaluate(cart, offers, circumstances)

    async def alone(self, saved: Saved[Cart], articles: Sequence[Article], channel: Channel, brand: str) -> list[Price]:
        """Give what one piece of each article costs the customer on a channel, as if it were all that is in the cart.

        Codes that are entered count. Reads as `price` does, once for all articles.
        """
        cart, offers, now = saved.state, await self.book.current(), self.clock()
        circumstances, _ = await self._circumstances(saved, offers, channel, brand, cart.offer_codes)
        carts = [
            replace(cart, lines=(Line(LineId(ALONE), article, 1, channel, add_time=now, update_time=now),))
            for article in articles
        ]
        if len(carts) * len(offers.offers) > MOST_STEPS_AT_ONCE:
            return await asyncio.to_thread(lambda: [evaluate(one, offers, circumstances) for one in carts])
        return [evaluate(one, offers, circumstances) for one in carts]

    async def everywhere(self, saved: Saved[Cart], channel_id: str) -> PricedCart:
        """Give what a cart costs on a channel and, where it differs, on others, and how all offers stand.

        Who asks and is no registered channel, one of the suite's services for itself, is told only the latter.
        Where nothing has changed since it was asked last, that is the same object, with the time of then.
        """
        offers, asking = await self.book.current(), self.channels.find(channel_id)
        channel, brand = (Channel(asking.id, asking.kind), asking.brand) if asking else (NOWHERE, "")
        circumstances, ended = await self._circumstances(saved, offers, channel, brand, saved.state.offer_codes)
        basis = Basis(saved, offers, asking, self._groups_for(offers), circumstances, ended)
        priced = self._remembered.find(basis)
        if priced is None:
            priced = await _priced(basis)
            self._remembered.keep(basis, priced)
        return priced

    async def _circumstances(
        self,
        saved: Saved[Cart],
        offers: ActiveOffers,
        channel: Channel,
        brand: str,
        entered: Sequence[str],
        *,
        delivery_fee: Money | None = None,
        for_order_id: str = "",
    ) -> tuple[Circumstances, Mapping[str, str]]:
        """Give what the price depends on, and which codes are of offers that have ended."""
        codes, used_up, facts = NOTHING_ENTERED, NOTHING_USED_UP, NO_FACTS
        if entered or offers.limits or offers.look_at_facts:
            codes, used_up, facts = await asyncio.gather(
                self.codes.look_up(entered, offers, for_order_id=for_order_id),
                self.redemptions.used_up(offers, for_order_id=for_order_id),
                self._facts(saved, offers),
            )
        circumstances = Circumstances(
            channel=channel,
            brand=brand,
            now=self.clock(),
            facts=facts,
            codes=codes.usable,
            used_codes=codes.used,
            used_up=used_up,
            delivery_fee=delivery_fee,
        )
        return circumstances, codes.ended

    async def _facts(self, saved: Saved[Cart], offers: ActiveOffers) -> AudienceFacts:
        return await self.audience.get(saved) if offers.look_at_facts else NO_FACTS

    def _groups_for(self, offers: ActiveOffers) -> tuple[ChannelGroup, ...]:
        edition, channels, groups = self._groups
        now = self.channels.now()
        if edition != offers.edition or channels is not now:
            groups = groups_of(now.values(), offers)
            self._groups = (offers.edition, now, groups)
        return groups


async def _priced(basis: Basis) -> PricedCart:
    cart, offers, circumstances = basis.saved.state, basis.offers, basis.circumstances
    facts = circumstances.facts
    standings = standings_of(cart, offers, facts, codes=circumstances.codes, used_up=circumstances.used_up)
    version = version_of(standings, (basis.saved.version, offers.edition, facts.version))
    if basis.asking is None:
        return PricedCart(None, (), standings, version, ())
    problems = code_problems(cart, offers, circumstances, ended=basis.ended)
    if not cart.lines:
        return PricedCart(None, (), standings, version, problems)
    if len(cart.lines) * len(offers.offers) * len(basis.groups) > MOST_STEPS_AT_ONCE:
        here, elsewhere = await asyncio.to_thread(_prices, cart, offers, circumstances, basis.groups)
    else:
        here, elsewhere = _prices(cart, offers, circumstances, basis.groups)
    return PricedCart(here, elsewhere, standings, version, problems)


def _prices(
    cart: Cart, offers: ActiveOffers, circumstances: Circumstances, groups: Sequence[ChannelGroup]
) -> tuple[Price, tuple[Price, ...]]:
    here = evaluate(cart, offers, circumstances)
    return here, prices_elsewhere(cart, offers, circumstances, here, groups)
