from dataclasses import replace

import pytest
from google.type.money_pb2 import Money

from omnithread.cart.v1 import cart_pb2
from omnithread.profile.v1 import profile_pb2
from services.messaging.texts.form_texts import FormTexts
from services.messaging.texts.languages import locale_of
from services.messaging.texts.liquid_texts import plain_text
from services.messaging.texts.template_faults import faults_of
from services.messaging.texts.templates import Form, Template
from services.messaging.texts.text_data import cart_data, customer_data, names_with
from services.messaging.values import TemplateId
from tests.services.messaging.samples import EMAIL, IN_APP, SMS

ENGLISH = Form(EMAIL, "en", "Hello {{ customer.given_name }}", "Your code is {{ code }}", "<p>{{ code }}</p>")
GERMAN = replace(ENGLISH, language="de", subject="Hallo")
INBOX = Form(IN_APP, "en", "", "In {{ cart.line_count }} lines", "")
TEMPLATE = Template(TemplateId("welcome"), (ENGLISH, GERMAN, INBOX), ("code",), "en")


def with_form(form: Form) -> Template:
    return replace(TEMPLATE, forms=(ENGLISH, form))


def test_a_complete_template_has_no_faults() -> None:
    assert faults_of(TEMPLATE) == ()


@pytest.mark.parametrize(
    ("template", "place"),
    [
        (with_form(replace(GERMAN, body_text="{{ cod }}")), "template.forms[1].body_text"),
        (with_form(replace(GERMAN, subject="{{ code")), "template.forms[1].subject"),
        (with_form(replace(GERMAN, body_html="{% for %}")), "template.forms[1].body_html"),
        (with_form(replace(GERMAN, subject=" ")), "template.forms[1].subject"),
        (with_form(replace(GERMAN, language="deutsch!")), "template.forms[1].language"),
        (with_form(replace(GERMAN, language="EN")), "template.forms[1]"),
        (replace(TEMPLATE, default_language="fr"), "template.default_language"),
        (replace(TEMPLATE, variable_names=("code", "cart")), "template.variable_names[1]"),
    ],
)
def test_each_fault_is_named_by_its_place(template: Template, place: str) -> None:
    assert [fault.field for fault in faults_of(template)] == [place]


@pytest.mark.parametrize(
    ("language", "read"),
    [("de-CH", "de"), ("de", "de"), ("DE", "de"), ("fr", "en"), ("", "en"), ("en-GB", "en"), ("de-Latn-CH", "de")],
)
def test_a_customer_reads_the_nearest_language_that_there_is(language: str, read: str) -> None:
    form = TEMPLATE.form_for(EMAIL, language)
    assert form is not None
    assert form.language == read


def test_the_more_exact_form_is_preferred() -> None:
    swiss = replace(GERMAN, language="de-CH")
    assert replace(TEMPLATE, forms=(GERMAN, swiss, ENGLISH)).form_for(EMAIL, "de-CH") is swiss


def test_a_way_without_a_form_is_none() -> None:
    assert TEMPLATE.form_for(SMS, "en") is None
    assert TEMPLATE.kinds_in("de") == {EMAIL, IN_APP}


def test_a_subject_stays_one_line_whatever_is_put_in() -> None:
    texts = FormTexts(replace(ENGLISH, subject="Hello {{ code }}"), names_with(["code"]))
    rendered = texts.render({"code": "a\r\nBcc: everybody@example.com " + "b" * 300})
    assert rendered.subject.startswith("Hello a Bcc: everybody@example.com b")
    assert len(rendered.subject) == 200


def test_texts_say_which_data_they_need() -> None:
    assert FormTexts(INBOX, names_with([])).roots == {"cart"}
    assert FormTexts(ENGLISH, names_with(["code"])).roots == {"customer", "code"}


def cart(image_uri: str = "https://example.com/a.png") -> cart_pb2.Cart:
    price = Money(currency_code="EUR", units=1234, nanos=500_000_000)
    line = cart_pb2.CartLine(name="Shoe", quantity=1, unit_price=price, line_total=price, image_uri=image_uri)
    return cart_pb2.Cart(lines=[line], subtotal=price)


@pytest.mark.parametrize(
    ("language", "written"),
    [("de", "1.234,50\xa0€"), ("en", "€1,234.50"), ("de-CH", "EUR\xa01’234.50"), ("xx", "€1,234.50")],
)
def test_amounts_are_written_as_the_customer_writes_them(language: str, written: str) -> None:
    assert cart_data(cart(), locale_of(language))["subtotal"] == written


def test_an_address_that_is_none_of_the_web_reaches_no_text() -> None:
    text = plain_text("{{ cart.lines.first.image_uri }}", names_with([]))
    english = locale_of("en")
    assert text.render({"cart": cart_data(cart(), english)}) == "https://example.com/a.png"
    assert text.render({"cart": cart_data(cart("javascript:alert(1)"), english)}) == ""


def test_a_name_that_nobody_gave_can_be_asked_for() -> None:
    texts = FormTexts(
        replace(
            ENGLISH, body_text="{% if customer.given_name %}Hello {{ customer.given_name }}{% else %}Hello{% endif %}"
        ),
        names_with(["code"]),
    )
    nobody, anna = profile_pb2.Profile(), profile_pb2.Profile(given_name="Anna")
    assert texts.render({"code": "", "customer": customer_data(nobody)}).body_text == "Hello"
    assert texts.render({"code": "", "customer": customer_data(anna)}).body_text == "Hello Anna"
