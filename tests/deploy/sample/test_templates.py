import pytest
from google.type.money_pb2 import Money

from deploy.sample.templates import sample_templates
from omnithread.cart.v1.cart_pb2 import Cart, CartLine
from omnithread.messaging.v1.messaging_pb2 import Template
from omnithread.profile.v1.profile_pb2 import Profile
from services.messaging.convert import template_from_proto
from services.messaging.texts.form_texts import FormTexts
from services.messaging.texts.languages import locale_of
from services.messaging.texts.template_faults import faults_of
from services.messaging.texts.text_data import cart_data, customer_data, names_with
from services.messaging.values import DeliveryKind


@pytest.mark.parametrize("template", sample_templates(), ids=lambda template: template.template_id)
def test_every_sample_is_a_template_that_messaging_takes(template: Template) -> None:
    assert faults_of(template_from_proto(template)) == ()


def test_the_german_reminder_reads_as_it_should() -> None:
    reminder = template_from_proto(sample_templates()[0])
    form = reminder.form_for(DeliveryKind.EMAIL, "de-DE")
    assert form is not None
    price = Money(currency_code="EUR", units=129)
    line = CartLine(name="Tasche <Marlene>", quantity=1, line_total=price, link_uri="https://shop.example.com/p/1")
    data = {
        "customer": customer_data(Profile(given_name="Clara")),
        "cart": cart_data(Cart(lines=[line], subtotal=price), locale_of("de-DE")),
        "resume_link": "https://shop.example.com/cart#token",
    }
    rendered = FormTexts(form, names_with(())).render(data)
    assert rendered.subject == "Ihr Warenkorb wartet auf Sie"
    assert rendered.body_text.startswith(
        "Guten Tag Clara,\n\nin Ihrem Warenkorb liegt noch:\n\n"
        "1 x Tasche <Marlene>: 129,00\xa0€\n\nSumme: 129,00\xa0€\n"
    )
    assert '<a href="https://shop.example.com/p/1">Tasche &lt;Marlene&gt;</a>' in rendered.body_html
    assert "\n\nWeiter mit Ihrem Warenkorb: https://shop.example.com/cart#token\n\n" in rendered.body_text
    assert '<a href="https://shop.example.com/cart#token">Weiter mit Ihrem Warenkorb</a>' in rendered.body_html
