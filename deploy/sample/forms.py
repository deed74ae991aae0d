"""Forms of sample templates, a function for each way. The frame, the signature and the foot are the brand's."""

from dataclasses import dataclass

from omnithread.common.v1.delivery_pb2 import (
    DELIVERY_KIND_EMAIL,
    DELIVERY_KIND_IN_APP,
    DELIVERY_KIND_PUSH,
    DELIVERY_KIND_SMS,
    DELIVERY_KIND_STORE_DISPLAY,
)
from omnithread.messaging.v1.messaging_pb2 import TemplateForm

SENDER = "{% if brand.name != '' %}{{ brand.name }}: {% endif %}"
SIGNATURE = "{% if brand.signature %}\n\n{{ brand.signature }}{% endif %}"
STOP = "{% if unsubscribe_link %} Stop: {{ unsubscribe_link }}{% endif %}"


@dataclass(frozen=True, slots=True)
class Button:
    """What a mail or card leads to; there is none where the link is empty."""

    label: str = ""
    link: str = ""


NO_BUTTON = Button()


def mail(
    language: str, subject: str, *, text: str, html: str = "", preheader: str = "", button: Button = NO_BUTTON
) -> TemplateForm:
    """Give a mail; without HTML it is made of the text."""
    return TemplateForm(
        delivery_kind=DELIVERY_KIND_EMAIL,
        language=language,
        subject=subject,
        preheader=preheader,
        body_text=text,
        body_html=html,
        link_uri=button.link,
        button_label=button.label,
    )


def sms(language: str, text: str, *, stop: bool = True) -> TemplateForm:
    """Give an SMS: who sends it, what is to say, and how to end it."""
    return TemplateForm(
        delivery_kind=DELIVERY_KIND_SMS, language=language, body_text=f"{SENDER}{text}{STOP if stop else ''}"
    )


def push(language: str, title: str, text: str, *, link: str = "", image: str = "") -> TemplateForm:
    """Give a push: who sends it, and what is to say."""
    return TemplateForm(
        delivery_kind=DELIVERY_KIND_PUSH,
        language=language,
        subject=f"{SENDER}{title}",
        body_text=text,
        link_uri=link,
        image_uri=image,
    )


def card(language: str, title: str, text: str, *, button: Button = NO_BUTTON, image: str = "") -> TemplateForm:
    """Give a card of the inbox, signed as a mail is."""
    return TemplateForm(
        delivery_kind=DELIVERY_KIND_IN_APP,
        language=language,
        subject=title,
        body_text=f"{text}{SIGNATURE}",
        image_uri=image,
        link_uri=button.link,
        button_label=button.label,
    )


def display(language: str, headline: str, text: str) -> TemplateForm:
    """Give what a store's display shows."""
    return TemplateForm(delivery_kind=DELIVERY_KIND_STORE_DISPLAY, language=language, subject=headline, body_text=text)
