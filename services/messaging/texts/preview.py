"""Shows how a message would read, for somebody invented or for a real customer. Nothing is kept and nothing is sent."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from libs.errors import FieldFault, customer_not_found, dependency_unavailable
from services.messaging import errors
from services.messaging.deciding.sources import NotThere, SourceAway
from services.messaging.texts.book import TemplateBook
from services.messaging.texts.brand_book import BrandBook
from services.messaging.texts.brands import Brand
from services.messaging.texts.drafts import Drafts
from services.messaging.texts.form_texts import FormTexts
from services.messaging.texts.gathering import About, Gathering, Reader
from services.messaging.texts.liquid_texts import TextFault
from services.messaging.texts.resume_links import MASK, PLACE
from services.messaging.texts.templates import Form, Rendered, Template
from services.messaging.texts.text_data import (
    ORDER_VARIABLE,
    PREFERENCES_LINK,
    RESUME_LINK,
    SKU_VARIABLE,
    UNSUBSCRIBE_LINK,
    Data,
    invented,
    names_with,
)
from services.messaging.texts.voice import brand_data, known_names, look_of, voice_data
from services.messaging.values import DeliveryKind

MOST_PREVIEWS = 10
REAL_ONLY = frozenset({ORDER_VARIABLE, SKU_VARIABLE})
"""Variables that name something which the customer has: for a real one they are not invented."""
EXAMPLE_LINK = f"https://example.com/{MASK}"


@dataclass(frozen=True, slots=True)
class Asked:
    """For whom, and how, a template is shown; each empty for any."""

    customer_id: str
    variables: tuple[tuple[str, str], ...]
    kind: DeliveryKind | None
    language: str
    brand_id: str
    channel_id: str
    """Whose prices are told."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What would be read, form by form, and what is wrong."""

    previews: tuple[tuple[Form, Rendered], ...]
    faults: tuple[FieldFault, ...]


@dataclass(frozen=True, slots=True)
class Previews:
    """Shows templates."""

    book: TemplateBook
    drafts: Drafts
    brands: BrandBook
    gathering: Gathering
    resume_link_template: str

    async def show(self, template: Template, asked: Asked) -> Shown:
        """Show a template: at most 10 forms. Raises CUSTOMER_NOT_FOUND, BRAND_NOT_FOUND, VARIABLE_UNKNOWN.

        DEPENDENCY_UNAVAILABLE where a service does not answer of which the text tells.
        """
        for index, (name, _) in enumerate(asked.variables):
            if name not in template.variable_names:
                raise errors.variable_unknown(index, name)
        brand = (await self.brands.get(asked.brand_id)).state
        faults = list(await self.book.faults(template))
        person = await self._person(asked)
        previews: list[tuple[Form, Rendered]] = []
        for index, form in _chosen(template, asked):
            place = f"template.forms[{index}]"
            if any(fault.field.startswith(place) for fault in faults):
                continue
            try:
                previews.append((form, await self._rendered(template, form, brand, person, asked)))
            except TextFault as fault:
                faults.append(FieldFault(place, str(fault)))
            except NotThere as missing:
                faults.append(FieldFault(place, f"the customer has no {missing} to tell of"))
            except SourceAway as away:
                raise dependency_unavailable(str(away)) from None
        return Shown(tuple(previews), tuple(faults))

    async def _person(self, asked: Asked) -> Reader | None:
        if not asked.customer_id:
            return None
        try:
            profile = await self.gathering.sources.person(asked.customer_id)
        except NotThere:
            raise customer_not_found(asked.customer_id) from None
        except SourceAway as away:
            raise dependency_unavailable(str(away)) from None
        return Reader(profile.customer_id or asked.customer_id, profile, asked.language)

    async def _rendered(
        self, template: Template, form: Form, brand: Brand, person: Reader | None, asked: Asked
    ) -> Rendered:
        texts = FormTexts(form, names_with(template.variable_names))
        values = dict(asked.variables)
        invented_values = invented(template.variable_names, known_names(brand))
        if person is None:
            data: Data = {**invented_values, **values, "brand": brand_data(brand, form.language)}
            names = sorted({path[1] for path in texts.paths if path[0] == "voice" and len(path) > 1})
            data["voice"] = voice_data(brand, form.language, names, data)
        else:
            left: Data = {name: invented_values[name] for name in template.variable_names if name not in values}
            told = {name: str(value) for name, value in left.items() if name not in REAL_ONLY}
            about = About(values.get(SKU_VARIABLE, ""), asked.channel_id)
            data = left | await self.gathering.data(texts, form, person, brand, about, told | values)
        resume = self.resume_link_template.replace(PLACE, MASK) or None
        links: Data = {RESUME_LINK: resume, UNSUBSCRIBE_LINK: EXAMPLE_LINK, PREFERENCES_LINK: EXAMPLE_LINK}
        look = look_of(brand, form.language, preferences_link=EXAMPLE_LINK, unsubscribe_link=EXAMPLE_LINK)
        return await asyncio.to_thread(texts.render, {**data, **links}, look)


def _chosen(template: Template, asked: Asked) -> Sequence[tuple[int, Form]]:
    kinds = [asked.kind] if asked.kind else list(DeliveryKind)
    if asked.language:
        wanted = [form for kind in kinds if (form := template.form_for(kind, asked.language))]
    else:
        wanted = [form for form in template.forms if form.kind in kinds]
    return [(index, form) for index, form in enumerate(template.forms) if form in wanted][:MOST_PREVIEWS]
