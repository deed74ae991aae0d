"""Writes a message: asks for what its texts tell of, and no more, and puts it in.

What goes out and what may be kept of it are two texts where the first has links that belong to the customer alone.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from libs.mongo.documents import SavedDocument
from omnithread.cart.v1.cart_service_pb2 import GetCartResponse
from omnithread.profile.v1.profile_pb2 import Profile
from services.messaging.deciding.sources import NotThere, Sources
from services.messaging.texts.languages import locale_of
from services.messaging.texts.resume_links import ResumeLink, ResumeLinks
from services.messaging.texts.templates import Form, FormTexts, Rendered, Template
from services.messaging.texts.text_data import (
    AMOUNT_VARIABLES,
    ORDER_VARIABLE,
    RESUME_LINK,
    Data,
    cart_data,
    customer_data,
    names_with,
    order_data,
    told_amount,
)
from services.messaging.values import DeliveryKind, Message

MOST_COMPILED = 200


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


@dataclass(frozen=True, slots=True)
class Written:
    """One message, ready to go."""

    rendered: Rendered
    """What goes out."""
    kept: Rendered
    """What may be kept of it."""


class Writing:
    """Writes messages. Keeps the newest 200 compiled forms."""

    def __init__(self, *, sources: Sources, resume_links: ResumeLinks) -> None:
        self._sources = sources
        self._resume_links = resume_links
        self._compiled: OrderedDict[tuple[str, int, Form], FormTexts] = OrderedDict()

    async def write(
        self, template: SavedDocument[Template], form: Form, reader: Reader, message: Message, variables: dict[str, str]
    ) -> Written:
        """Write a form of a template.

        Raises NotThere for what the text tells of and the customer does not have, SourceAway, and TextFault.
        """
        texts = self._texts(template, form)
        data = await self._data(texts, form, reader, variables | dict(reader.secrets))
        resume = await self._resume_link(texts, form, reader, message)
        data[RESUME_LINK] = resume.link if resume else None
        rendered = await asyncio.to_thread(texts.render, data)  # a text may take tenths of a second
        if resume is None:
            return Written(rendered, rendered)
        return Written(rendered, await asyncio.to_thread(texts.render, {**data, RESUME_LINK: resume.masked}))

    async def _resume_link(self, texts: FormTexts, form: Form, reader: Reader, message: Message) -> ResumeLink | None:
        if RESUME_LINK not in texts.roots or form.kind is DeliveryKind.IN_APP or reader.secrets:
            return None
        return await self._resume_links.of(reader.customer_id, message.message_id)

    async def _data(self, texts: FormTexts, form: Form, reader: Reader, variables: dict[str, str]) -> Data:
        locale = locale_of(reader.language or form.language)
        told = {name: told_amount(value, locale) for name, value in variables.items() if name in AMOUNT_VARIABLES}
        data: Data = {**variables, **told, "customer": customer_data(reader.profile)}
        names_order = "order" in texts.roots
        purchases = reader.purchases
        if purchases is None and ("cart" in texts.roots or (names_order and ORDER_VARIABLE not in variables)):
            purchases = await self._sources.purchases(reader.customer_id)
        if purchases is not None:
            data["cart"] = cart_data(purchases.cart, locale)
        if names_order:
            newest = purchases.recent_orders[0].order_id if purchases and purchases.recent_orders else ""
            order_id = variables.get(ORDER_VARIABLE, newest)
            if not order_id:
                raise NotThere("order")
            data["order"] = order_data(await self._sources.order(reader.customer_id, order_id), locale)
        return data

    def _texts(self, template: SavedDocument[Template], form: Form) -> FormTexts:
        key = (template.key, template.version, form)
        texts = self._compiled.pop(key, None)
        if texts is None:
            texts = FormTexts(form, names_with(template.state.variable_names))
        self._compiled[key] = texts
        if len(self._compiled) > MOST_COMPILED:
            self._compiled.popitem(last=False)
        return texts
