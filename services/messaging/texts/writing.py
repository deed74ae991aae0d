"""Writes a message: in the brand's voice, and with what is true now.

Where it has links that belong to the customer alone it is two texts: what goes out, and what may be kept of it.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from libs.mongo.documents import SavedDocument
from services.messaging.texts.brand_book import BrandBook
from services.messaging.texts.brands import Brand
from services.messaging.texts.form_texts import FormTexts
from services.messaging.texts.gathering import About, Gathering
from services.messaging.texts.gathering import Reader as Reader
from services.messaging.texts.opt_out_links import NO_LINKS, OptOut, OptOutLinks, one_click_headers
from services.messaging.texts.resume_links import ResumeLink, ResumeLinks
from services.messaging.texts.templates import Form, Rendered, Template
from services.messaging.texts.text_data import PREFERENCES_LINK, RESUME_LINK, UNSUBSCRIBE_LINK, Data, names_with
from services.messaging.texts.voice import Look, look_of
from services.messaging.values import DeliveryKind, Message

MOST_COMPILED = 200
SHOWN_AS_KEPT = frozenset({DeliveryKind.IN_APP, DeliveryKind.STORE_DISPLAY})
"""Ways that show what is kept of a message: a link in it would be masked, and lead nowhere."""


@dataclass(frozen=True, slots=True)
class Written:
    """One message, ready to go."""

    rendered: Rendered
    """What goes out."""
    kept: Rendered
    """What may be kept of it; without HTML."""
    brand_id: str = ""
    """Who speaks in it."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Of a mail: how to end such mails with one click (RFC 8058), where there is a link."""


@dataclass(frozen=True, slots=True)
class _Links:
    """The links of one message, as they go out or as they are kept."""

    resume_link: str | None
    opt_out: OptOut

    def data(self) -> Data:
        """Give what the text may tell of them."""
        return {
            RESUME_LINK: self.resume_link,
            UNSUBSCRIBE_LINK: self.opt_out.unsubscribe_link or None,
            PREFERENCES_LINK: self.opt_out.preferences_link or None,
        }

    def look(self, brand: Brand, form: Form, texts: FormTexts) -> Look:
        """Give the looks of a mail; a link that its text has itself is not in its foot."""
        return look_of(
            brand,
            form.language,
            preferences_link="" if PREFERENCES_LINK in texts.roots else self.opt_out.preferences_link,
            unsubscribe_link="" if UNSUBSCRIBE_LINK in texts.roots else self.opt_out.unsubscribe_link,
        )


class Writing:
    """Writes messages. Keeps the newest 200 compiled forms; snippets are kept by their text (`snippets.py`)."""

    def __init__(
        self, *, gathering: Gathering, brands: BrandBook, resume_links: ResumeLinks, opt_out_links: OptOutLinks
    ) -> None:
        self._gathering = gathering
        self._brands = brands
        self._resume_links = resume_links
        self._opt_out_links = opt_out_links
        self._compiled: OrderedDict[tuple[str, int, Form], FormTexts] = OrderedDict()

    async def write(
        self, template: SavedDocument[Template], form: Form, reader: Reader, message: Message, variables: dict[str, str]
    ) -> Written:
        """Write a form of a template.

        Raises NotThere for what the text tells of and the customer does not have, SourceAway, and TextFault.
        """
        texts = self._texts(template, form)
        brand = await self._brands.of_channel(message.origin.channel_id)
        about = About(message.sku, message.origin.channel_id)
        data = await self._gathering.data(texts, form, reader, brand, about, variables | dict(reader.secrets))
        resume = await self._resume_link(texts, form, reader, message)
        opt_out = await self._opt_out(texts, form, reader, message, brand)
        going = _Links(resume.link if resume else None, opt_out)
        rendered = await self._rendered(texts, data, going, brand, form, html=True)
        kept = rendered
        if resume is not None or opt_out != NO_LINKS:
            masked = _Links(resume.masked if resume else None, opt_out.masked)
            kept = await self._rendered(texts, data, masked, brand, form, html=False)
        headers = one_click_headers(opt_out) if form.kind is DeliveryKind.EMAIL else ()
        return Written(rendered, kept, brand.brand_id, headers)

    async def _rendered(
        self, texts: FormTexts, data: Data, links: _Links, brand: Brand, form: Form, *, html: bool
    ) -> Rendered:
        look = links.look(brand, form, texts)
        filled = {**links.data(), **data}
        return await asyncio.to_thread(texts.render, filled, look, html=html)  # a text may take tenths of a second

    async def _resume_link(self, texts: FormTexts, form: Form, reader: Reader, message: Message) -> ResumeLink | None:
        if RESUME_LINK not in texts.roots or form.kind in SHOWN_AS_KEPT or reader.secrets:
            return None
        return await self._resume_links.of(reader.customer_id, message.message_id)

    async def _opt_out(self, texts: FormTexts, form: Form, reader: Reader, message: Message, brand: Brand) -> OptOut:
        names_one = bool(texts.roots & {UNSUBSCRIBE_LINK, PREFERENCES_LINK})
        if (
            form.kind in SHOWN_AS_KEPT
            or not reader.is_marketing
            or reader.secrets
            or not (form.kind is DeliveryKind.EMAIL or names_one)
        ):
            return NO_LINKS
        return await self._opt_out_links.of(
            reader.customer_id,
            message,
            form.kind,
            address=reader.address,
            brand_id=brand.brand_id,
            language=form.language,
        )

    def _texts(self, template: SavedDocument[Template], form: Form) -> FormTexts:
        key = (template.key, template.version, form)
        texts = self._compiled.pop(key, None)
        if texts is None:
            texts = FormTexts(form, names_with(template.state.variable_names))
        self._compiled[key] = texts
        if len(self._compiled) > MOST_COMPILED:
            self._compiled.popitem(last=False)
        return texts
