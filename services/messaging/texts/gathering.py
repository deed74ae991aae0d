"""Gathers what the texts of a message tell of, and no more: each name that they use is asked for where it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from babel import Locale

from libs.rpc.channels import ChannelRegistry
from omnithread.cart.v1.cart_service_pb2 import GetCartResponse
from omnithread.profile.v1.profile_pb2 import Profile
from services.messaging.deciding.sources import NotThere, Sources
from services.messaging.texts.article_data import article_data, cart_price_data, offers_data
from services.messaging.texts.brands import Brand
from services.messaging.texts.form_texts import FormTexts
from services.messaging.texts.languages import locale_of
from services.messaging.texts.prices import Prices
from services.messaging.texts.templates import Form
from services.messaging.texts.text_data import (
    AMOUNT_VARIABLES,
    ORDER_VARIABLE,
    SKU_VARIABLE,
    Data,
    cart_data,
    customer_data,
    order_data,
    told_amount,
)
from services.messaging.texts.viewed import Viewed
from services.messaging.texts.voice import brand_data, voice_data

PRICED = frozenset({("cart", "total"), ("cart", "discount"), ("cart", "offers")})


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a message is written, as they were a moment ago."""

    customer_id: str
    profile: Profile
    language: str
    """As the customer wishes; empty where they said none."""
    purchases: GetCartResponse | None = None
    """Cart and newest orders, where they were asked for already."""
    address: str = field(default="", repr=False)
    """Where it goes; empty for the inbox."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What a text may tell and nobody may keep, a one-time code for example; then the text has no links either."""
    is_marketing: bool = False
    """Whether the message needs consent: then it brings the links that take it back."""


@dataclass(frozen=True, slots=True)
class About:
    """What a message is about, beside its variables; each empty where it is about none."""

    sku: str = ""
    channel_id: str = ""
    """What caused it: the prices of this channel are told."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """Asks the others for what texts tell of."""

    sources: Sources
    prices: Prices
    viewed: Viewed
    channels: ChannelRegistry
    pricing_channel_id: str
    """The channel whose prices are told where no channel caused a message; empty for prices without offers."""

    async def data(
        self, texts: FormTexts, form: Form, reader: Reader, brand: Brand, about: About, variables: dict[str, str]
    ) -> Data:
        """Give what the texts of a form may tell. Variables stand before what is called the same.

        Raises NotThere for what the customer does not have, SourceAway, and TextFault for a snippet.
        """
        locale = locale_of(reader.language or form.language)
        data: Data = {"customer": customer_data(reader.profile), "brand": brand_data(brand, form.language)}
        purchases = await self._purchases(texts, reader, variables)
        if purchases is not None:
            data["cart"] = cart_data(purchases.cart, locale) | await self._cart_price(texts, reader, about, locale)
            data["offers"] = offers_data(purchases.offers)
        if "order" in texts.roots:
            data["order"] = await self._order(purchases, reader, variables, locale)
        data |= await self._articles(texts, reader, about, variables, locale)
        snippets = sorted({path[1] for path in texts.paths if path[0] == "voice" and len(path) > 1})
        data["voice"] = voice_data(brand, form.language, snippets, data)
        told = {name: told_amount(value, locale) for name, value in variables.items() if name in AMOUNT_VARIABLES}
        return {**data, **variables, **told}

    def channel_of(self, about: About) -> str:
        """Give the channel whose prices are told."""
        return about.channel_id if self.channels.find(about.channel_id) else self.pricing_channel_id

    async def _purchases(
        self, texts: FormTexts, reader: Reader, variables: Mapping[str, str]
    ) -> GetCartResponse | None:
        needs_newest = "order" in texts.roots and ORDER_VARIABLE not in variables
        if reader.purchases is None and (needs_newest or texts.roots & {"cart", "offers"}):
            return await self.sources.purchases(reader.customer_id)
        return reader.purchases

    async def _cart_price(self, texts: FormTexts, reader: Reader, about: About, locale: Locale) -> Data:
        channel_id = self.channel_of(about)
        if not channel_id or not texts.paths & PRICED:
            return {}
        price = await self.prices.of_cart(reader.customer_id, channel_id)
        return cart_price_data(price, locale) if price else {}

    async def _order(
        self, purchases: GetCartResponse | None, reader: Reader, variables: Mapping[str, str], locale: Locale
    ) -> Data:
        newest = purchases.recent_orders[0].order_id if purchases and purchases.recent_orders else ""
        order_id = variables.get(ORDER_VARIABLE, newest)
        if not order_id:
            raise NotThere("order")
        try:
            return order_data(await self.sources.order(reader.customer_id, order_id), locale)
        except NotThere:
            raise NotThere("order") from None

    async def _articles(
        self, texts: FormTexts, reader: Reader, about: About, variables: Mapping[str, str], locale: Locale
    ) -> Data:
        viewed = list(await self.viewed.of(reader.customer_id)) if "viewed" in texts.roots else []
        sku = about.sku or variables.get(SKU_VARIABLE, "")
        wanted = [sku] if sku and "article" in texts.roots else []
        skus = list(dict.fromkeys((*wanted, *viewed)))
        known = await self.prices.of_articles(reader.customer_id, skus, self.channel_of(about)) if skus else {}
        data: Data = {"viewed": [article_data(known[sku], locale) for sku in viewed if sku in known]}
        if "article" in texts.roots:
            if sku not in known:
                raise NotThere("article")
            data["article"] = article_data(known[sku], locale)
        return data
