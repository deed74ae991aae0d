"""What becomes of a form on each way, and of what hostile people put into it."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnithread.profile.v1.profile_pb2 import Profile
from services.messaging.delivery.adapters import Parcel
from services.messaging.delivery.mail import MailServer, compose
from services.messaging.texts.brands import Brand, Colours
from services.messaging.texts.form_texts import FormTexts
from services.messaging.texts.layout import framed, html_of_text
from services.messaging.texts.liquid_texts import TextFault
from services.messaging.texts.opt_out_links import OptOut, one_click_headers
from services.messaging.texts.template_faults import faults_of
from services.messaging.texts.templates import Form, Rendered, Template
from services.messaging.texts.text_data import customer_data, names_with
from services.messaging.texts.voice import Look
from services.messaging.values import DeliveryKind, TemplateId
from tests.services.messaging.texts.telling import CLARA, HOUSE, LINKS, told_form

EMAIL, SMS, PUSH = DeliveryKind.EMAIL, DeliveryKind.SMS, DeliveryKind.PUSH
IN_APP, DISPLAY, AUDIENCE = DeliveryKind.IN_APP, DeliveryKind.STORE_DISPLAY, DeliveryKind.AD_AUDIENCE
HOSTILE = '</style></td><script>alert(1)</script>"><img src=x onerror=alert(1)>{{ customer }}{% for %}'


def form(kind: DeliveryKind, body_text: str = "Hello", **fields: Any) -> Form:
    given: dict[str, Any] = {"subject": "Hello", "body_html": ""}
    return Form(kind, "en", body_text=body_text, **(given | fields))


def faults(*forms: Form, names: tuple[str, ...] = ()) -> list[str]:
    return [fault.field for fault in faults_of(Template(TemplateId("t"), forms, names, "en"))]


def told(one: Form, *, brand: Brand = HOUSE, **data: object) -> Rendered:
    return told_form(one, tuple(data), data, brand=brand)


@pytest.mark.parametrize(
    ("one", "place"),
    [
        (form(SMS, preheader="x"), "preheader"),
        (form(SMS, image_uri="https://x.example"), "image_uri"),
        (form(PUSH, button_label="x"), "button_label"),
        (form(PUSH, subject=""), "subject"),
        (form(DISPLAY, link_uri="https://x.example"), "link_uri"),
        (form(DISPLAY, subject=""), "subject"),
        (form(EMAIL, audience_name="x"), "audience_name"),
        (form(AUDIENCE, subject=""), "audience_name"),
        (form(AUDIENCE, audience_name="vip"), "subject"),
        (form(IN_APP, " "), "body_text"),
        (form(SMS, "{{ cart.lines.first.name }}" + "x" * 1530), "body_text"),
        (form(EMAIL, body_html="<a href='javascript:x'>y</a>"), "body_html"),
        (form(EMAIL, link_uri="{{ nobody }}"), "link_uri"),
        (form(EMAIL, "{{ voice.nobody_says_this }}"), "body_text"),
        (form(EMAIL, "{{ brand.secret }}"), "body_text"),
        (form(EMAIL, "{{ viewed.first.cost }}"), "body_text"),
    ],
)
def test_each_way_has_what_it_can_show_and_says_what_it_cannot(one: Form, place: str) -> None:
    assert faults(one) == [f"template.forms[0].{place}"]


def test_every_way_with_all_that_it_has_is_taken() -> None:
    link = "{{ resume_link }}"
    assert (
        faults(
            form(EMAIL, preheader="{{ cart.total }}", image_uri=link, link_uri=link, button_label="Go"),
            form(SMS, subject=""),
            form(PUSH, image_uri=link, link_uri="shop://cart"),
            form(IN_APP, subject="", image_uri=link, link_uri=link, button_label="Go"),
            form(DISPLAY, image_uri=link),
            form(AUDIENCE, "{{ change }}", subject="", audience_name="{{ audience }}"),
            names=("change", "audience"),
        )
        == []
    )


def test_a_mail_without_html_gets_the_brands_frame_around_its_text_and_says_in_both_who_sends_it() -> None:
    mail = told(form(EMAIL, "Hello\nagain.\n\nSee https://shop.example/x?a=1&b=2.", preheader="Soon"))
    assert "<p style" in mail.body_html
    assert '<a href="https://shop.example/x?a=1&amp;b=2">https://shop.example/x?a=1&amp;b=2</a>.' in mail.body_html
    assert "Hello<br>\nagain." in mail.body_html
    for text in (mail.body_text, mail.body_html):
        assert "Your team at Haus Marlene" in text
        assert "Haus Marlene GmbH, Lindenallee 4" in text
        assert LINKS[0] in text
        assert LINKS[1] in text
    assert "max-width:600px" in mail.body_html
    assert "prefers-color-scheme:dark" in mail.body_html
    assert "Soon" in mail.body_html


def test_a_document_of_its_own_goes_out_as_it_was_written() -> None:
    whole = "<!doctype html><html><body>{{ customer.given_name }}</body></html>"
    assert told(form(EMAIL, body_html=whole)).body_html == "<!doctype html><html><body>Clara</body></html>"


def test_a_button_leads_to_the_web_or_is_not_there() -> None:
    one = form(EMAIL, link_uri="{{ link }}", button_label="Go {{ code }}")
    mail = told(one, link="https://shop.example/1?a=1&b=2", code="<1>")
    assert re.search(r'href="https://shop.example/1\?a=1&amp;b=2"[^>]*>Go &lt;1&gt;<', mail.body_html)
    assert "Go <1>: https://shop.example/1?a=1&b=2" in mail.body_text
    without = told(one, link="javascript:alert(1)", code="1")
    assert "alert" not in without.body_html + without.body_text + without.link_uri
    assert 'class="button"' not in without.body_html


def test_a_push_may_open_an_app_and_a_mail_may_not() -> None:
    assert told(form(PUSH, link_uri="{{ link }}"), link="shop://cart").link_uri == "shop://cart"
    assert told(form(EMAIL, link_uri="{{ link }}", button_label="x"), link="shop://cart").link_uri == ""


def test_a_link_that_a_caller_gave_runs_nothing_wherever_the_writer_put_it() -> None:
    with pytest.raises(TextFault, match="none of the web"):
        told(form(EMAIL, body_html='<a href="{{ link }}">x</a>'), link="java\tscript:alert(1)")


@given(st.text(max_size=60) | st.just(HOSTILE))
def test_whatever_a_customer_is_called_they_write_no_html_and_no_header(name: str) -> None:
    one = form(EMAIL, "{{ voice.greeting }}", subject="For {{ customer.given_name }}!")
    mail = told_form(one, (), {"customer": customer_data(Profile(given_name=name))})
    assert len(mail.subject.splitlines()) == 1
    assert not re.search(r"[\x00-\x1f\x7f]", mail.subject)
    quiet = told_form(one, (), {"customer": customer_data(Profile(given_name="x"))})
    assert mail.body_html.count("<") == quiet.body_html.count("<")


@pytest.mark.parametrize("name", ["Win at https://x.example/1", "www.x.example", "WWW.X.EXAMPLE", "\r\n \t"])
def test_who_is_called_like_an_address_is_greeted_without_a_name(name: str) -> None:
    assert customer_data(Profile(given_name=name)) == {"given_name": None, "family_name": None}


def test_a_name_is_one_line_and_no_longer_than_a_name() -> None:
    told_of = customer_data(Profile(given_name="An\u202ena\r\nBcc: x", family_name="y" * 5000))
    assert told_of == {"given_name": "An na Bcc: x", "family_name": "y" * 100}


def test_what_a_brand_says_is_no_html_either() -> None:
    texts = replace(HOUSE.texts[0], signature=HOSTILE, imprint=HOSTILE, unsubscribe_label=HOSTILE)
    brand = replace(HOUSE, name=HOSTILE, texts=(texts,), default_language="en", logo_uri="https://x.example/l.png")
    mail = told(form(EMAIL), brand=brand)
    assert "<script" not in mail.body_html
    assert "<img src=x" not in mail.body_html
    assert "</style></td>" not in mail.body_html


def test_a_colour_that_is_none_never_comes_into_a_style() -> None:
    look = Look(colours=Colours(primary="red;background:url(x)"))
    with pytest.raises(ValueError, match="a colour is none"):
        framed("", look, title="", preheader="", image_uri="", button=("", ""))


def test_an_sms_is_short_and_its_typography_simple() -> None:
    assert told(form(SMS, " 1.234,50\u00a0€ – {{ customer.given_name }} ")).body_text == "1.234,50 € - Clara"
    with pytest.raises(TextFault, match="longer than 10 SMS"):
        told(form(SMS, "{{ code }}{{ code }}"), code="ы" * 400)


@given(st.text(alphabet="<>&\"' \nhtps:/.x", max_size=80))
def test_text_that_is_written_as_html_keeps_all_its_words(text: str) -> None:
    html = html_of_text(text)
    tags = re.findall(r"<[^>]*>", html)
    assert all(tag.startswith(("<p", "</p", "<br", "<a href=", "</a")) for tag in tags)


def test_the_address_to_unsubscribe_stands_in_the_header_as_it_is() -> None:
    link = "https://shop.example/u/" + "gAAAAAB_-" * 60
    server = MailServer("mail", 25, "none", "", "", 5, "shop@example.com", "Shop")
    rendered = FormTexts(form(EMAIL), names_with(())).render(CLARA)
    parcel = Parcel("msg_1", "msg_1", EMAIL, "a@example.com", rendered, "en", "newsletter", "cus_1")
    headers = one_click_headers(OptOut(link, ""))
    content = compose(server, replace(parcel, headers=headers), now=datetime(2026, 1, 1, tzinfo=UTC)).content
    assert f"List-Unsubscribe: <{link}>\r\n".encode() in content
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in content
