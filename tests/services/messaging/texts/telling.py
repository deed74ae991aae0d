"""A brand and a customer to tell things in one voice with, without any service."""

from collections.abc import Mapping
from dataclasses import replace

from deploy.sample.brands import sample_brands
from services.messaging.texts.brand_servicer import brand_from_proto
from services.messaging.texts.brands import Brand
from services.messaging.texts.form_texts import FormTexts
from services.messaging.texts.templates import Form, Rendered, Template
from services.messaging.texts.text_data import Data, invented, names_with
from services.messaging.texts.voice import brand_data, look_of, voice_data
from services.messaging.values import DeliveryKind

HOUSE = brand_from_proto(sample_brands()[0])
LINKS = ("https://shop.example.com/p/token", "https://shop.example.com/u/token")
PURSE: Data = {
    "sku": "PURSE-17",
    "name": "Handtasche Marlene",
    "price": "103,20 €",
    "old_price": "129,00 €",
    "offer": "20 % auf Leder",
    "image_uri": "https://shop.example.com/i/PURSE-17.jpg",
    "link_uri": "https://shop.example.com/p/PURSE-17",
}
LINE: Data = {
    "name": "Handtasche Marlene",
    "quantity": 1,
    "unit_price": "129,00 €",
    "line_total": "129,00 €",
    "image_uri": "https://shop.example.com/i/PURSE-17.jpg",
    "link_uri": "https://shop.example.com/p/PURSE-17",
}
OFFER: Data = {"name": "20 % auf Leder", "description": "In allen Filialen", "amount": "25,80 €"}
CLARA: Data = {
    "customer": {"given_name": "Clara", "family_name": "Weiss"},
    "cart": {
        "lines": [LINE],
        "line_count": 1,
        "subtotal": "129,00 €",
        "total": "103,20 €",
        "discount": "25,80 €",
        "offers": [OFFER],
    },
    "offers": [OFFER],
    "viewed": [PURSE],
    "article": PURSE,
    "resume_link": "https://shop.example.com/r/token",
    "unsubscribe_link": LINKS[1],
    "preferences_link": LINKS[0],
}


def told(
    template: Template,
    kind: DeliveryKind,
    language: str,
    data: Mapping[str, object] | None = None,
    *,
    brand: Brand = HOUSE,
) -> Rendered:
    """Render a template as it goes out to Clara, or with other data."""
    form = template.form_for(kind, language)
    assert form is not None
    return told_form(form, template.variable_names, data or {}, brand=brand)


def told_form(
    form: Form, variable_names: tuple[str, ...], data: Mapping[str, object], *, brand: Brand = HOUSE
) -> Rendered:
    """Render one form."""
    texts = FormTexts(form, names_with(variable_names))
    filled: Data = {**invented(variable_names), **CLARA, "brand": brand_data(brand, form.language), **data}
    filled["voice"] = voice_data(brand, form.language, sorted(p[1] for p in texts.paths if p[0] == "voice"), filled)
    look = look_of(brand, form.language, preferences_link=LINKS[0], unsubscribe_link=LINKS[1])
    if "unsubscribe_link" in texts.roots:
        look = replace(look, unsubscribe_link="")
    return texts.render(filled, look)
