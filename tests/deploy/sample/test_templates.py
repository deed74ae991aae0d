import re

import protovalidate
import pytest

from deploy.sample.brands import sample_brands
from deploy.sample.templates import sample_templates
from omnithread.messaging.v1.messaging_pb2 import Template
from services.messaging.convert import template_from_proto
from services.messaging.texts.brand_servicer import brand_from_proto
from services.messaging.texts.brands import brand_faults
from services.messaging.texts.sms import size_of
from services.messaging.texts.template_faults import faults_of
from services.messaging.values import DeliveryKind
from tests.services.messaging.texts.telling import told

EMAIL, SMS, PUSH, IN_APP = DeliveryKind.EMAIL, DeliveryKind.SMS, DeliveryKind.PUSH, DeliveryKind.IN_APP
BY_ID = {template.template_id: template_from_proto(template) for template in sample_templates()}
REMINDER = BY_ID["cart_reminder"]


@pytest.mark.parametrize("template", sample_templates(), ids=lambda template: template.template_id)
def test_every_sample_is_a_template_that_messaging_takes(template: Template) -> None:
    protovalidate.validate(template)
    assert faults_of(template_from_proto(template)) == ()


def test_the_sample_brand_is_one_that_messaging_takes() -> None:
    for brand in sample_brands():
        protovalidate.validate(brand)
        assert brand_faults(brand_from_proto(brand)) == ()


def test_the_german_reminder_reads_as_it_should() -> None:
    rendered = told(REMINDER, EMAIL, "de-DE")
    assert rendered.subject == "Ihr Warenkorb wartet auf Sie"
    assert rendered.body_text.startswith(
        "Guten Tag Clara,\n\nin Ihrem Warenkorb liegt noch:\n\n1 x Handtasche Marlene: 129,00 €\n\n"
        "Sie sparen: 25,80 € (20 % auf Leder)\nSumme: 103,20 €\n\nWir bewahren alles für Sie auf"
    )
    assert '<a href="https://shop.example.com/p/PURSE-17">Handtasche Marlene</a>' in rendered.body_html
    assert "\n\nWeiter mit Ihrem Warenkorb: https://shop.example.com/r/token\n\n" in rendered.body_text
    assert re.search(r'href="https://shop.example.com/r/token"[^>]*>Weiter mit Ihrem Warenkorb<', rendered.body_html)


@pytest.mark.parametrize("language", ["en", "de"])
def test_one_message_names_the_brand_sounds_like_it_and_has_the_same_offer_on_every_way(language: str) -> None:
    as_mail, as_sms, as_push, as_card = (told(REMINDER, kind, language) for kind in (EMAIL, SMS, PUSH, IN_APP))
    for text in (as_mail.body_html, as_mail.body_text, as_sms.body_text, as_push.body_text, as_card.body_text):
        assert "20 % auf Leder" in text
        assert "103,20 €" in text
        assert "Handtasche Marlene" in text
    assert "Haus Marlene" in as_mail.body_html
    assert "Haus Marlene" in as_mail.body_text
    assert as_sms.body_text.startswith("Haus Marlene: ")
    greeting = {"en": "Hello Clara,", "de": "Guten Tag Clara,"}[language]
    assert greeting in as_mail.body_text
    assert greeting in as_mail.body_html
    assert (as_push.link_uri, as_card.image_uri) == ("https://shop.example.com/r/token", as_push.image_uri)
    assert size_of(as_sms.body_text).segment_count <= 2


@pytest.mark.parametrize("template_id", ["cart_reminder", "browse_reminder", "newsletter"])
def test_what_nobody_reduced_is_told_without_an_offer(template_id: str) -> None:
    cart = {"lines": [], "line_count": 0, "subtotal": None, "total": "0 €", "discount": None, "offers": []}
    plain = {"name": "Shoe", "price": "1 €", "old_price": None, "offer": None, "image_uri": None, "link_uri": None}
    line = {"name": "Shoe", "quantity": 1, "line_total": "1 €", "image_uri": None, "link_uri": None}
    data = {"cart": {**cart, "lines": [line], "line_count": 1}, "article": plain, "viewed": [plain]}
    for form in BY_ID[template_id].forms:
        rendered = told(BY_ID[template_id], form.kind, form.language, data)
        assert "Shoe" in rendered.body_text
        assert "()" not in rendered.body_text
        assert "None" not in rendered.body_text + rendered.body_html


def test_a_reminder_of_a_cart_that_is_empty_by_now_is_a_text_all_the_same() -> None:
    empty = {"lines": [], "line_count": 0, "subtotal": None, "total": None, "discount": None, "offers": []}
    for form in REMINDER.forms:
        assert told(REMINDER, form.kind, form.language, {"cart": empty, "resume_link": None}).body_text
