"""What is said about an order: that it was placed, and a while later how it pleases."""

from dataclasses import dataclass

from deploy.sample.cart_templates import HTML_LINES, TEXT_LINES
from deploy.sample.forms import card, mail, push, sms
from omnithread.messaging.v1.messaging_pb2 import Template, TemplateForm


@dataclass(frozen=True, slots=True)
class Wording:
    """What one language says."""

    language: str
    subject: str
    opening: str
    total: str
    closing: str
    short: str
    after_subject: str
    after: str
    help: str


WORDINGS = (
    Wording(
        "en",
        subject="Your order {{ order.order_id }}",
        opening="thank you for your order of {{ order.place_date }}:",
        total="Total: {{ order.total }}",
        closing="{% if order.store_id %}It is yours at store {{ order.store_id }}."
        "{% else %}It is on its way.{% endif %}",
        short="Thank you for your order of {{ order.place_date }}: {{ order.total }}.",
        after_subject="How do you like {{ order.lines.first.name }}?",
        after="{{ order.place_date }} is a while ago: we hope that {{ order.lines.first.name }} gives you joy.",
        help="Is anything not as it should be? Just answer, or ask in any of our stores.",
    ),
    Wording(
        "de",
        subject="Ihre Bestellung {{ order.order_id }}",
        opening="vielen Dank für Ihre Bestellung vom {{ order.place_date }}:",
        total="Summe: {{ order.total }}",
        closing="{% if order.store_id %}Sie erhalten sie in der Filiale {{ order.store_id }}."
        "{% else %}Sie ist unterwegs.{% endif %}",
        short="Vielen Dank für Ihre Bestellung vom {{ order.place_date }}: {{ order.total }}.",
        after_subject="Wie gefällt Ihnen {{ order.lines.first.name }}?",
        after="Ihre Bestellung vom {{ order.place_date }} ist eine Weile her:"
        " Wir hoffen, dass Ihnen {{ order.lines.first.name }} Freude macht.",
        help="Ist etwas nicht, wie es sein soll? Antworten Sie einfach, oder fragen Sie in einer unserer Filialen.",
    ),
)


def order_confirmation() -> Template:
    """Give what is said of an order at once."""
    return Template(
        template_id="order_confirmation",
        default_language="en",
        forms=[form for wording in WORDINGS for form in _confirming(wording)],
        variable_names=["order_id"],  # which order it tells of
    )


def order_follow_up() -> Template:
    """Give what is said of it a while later."""
    return Template(
        template_id="order_follow_up",
        default_language="en",
        forms=[form for wording in WORDINGS for form in _following_up(wording)],
        variable_names=["order_id"],
    )


def _confirming(wording: Wording) -> tuple[TemplateForm, ...]:
    text_lines, html_lines = TEXT_LINES.replace("BASKET", "order"), HTML_LINES.replace("BASKET", "order")
    return (
        mail(
            wording.language,
            wording.subject,
            text=f"{{{{ voice.greeting }}}}\n\n{wording.opening}\n\n{text_lines}\n"
            f"{wording.total}\n\n{wording.closing}\n",
            html=f"<p>{{{{ voice.greeting }}}}</p>\n<p>{wording.opening}</p>\n{html_lines}"
            f"<p><b>{wording.total}</b></p>\n<p>{wording.closing}</p>\n",
            preheader=wording.short,
        ),
        sms(wording.language, f"{wording.short} {wording.closing}", stop=False),
        push(wording.language, wording.subject, f"{wording.short} {wording.closing}"),
        card(wording.language, wording.subject, wording.short),
    )


def _following_up(wording: Wording) -> tuple[TemplateForm, ...]:
    return (
        mail(
            wording.language,
            wording.after_subject,
            text=f"{{{{ voice.greeting }}}}\n\n{wording.after}\n\n{wording.help}\n",
            preheader=wording.help,
        ),
        push(wording.language, wording.after_subject, wording.help),
        card(wording.language, wording.after_subject, f"{wording.after} {wording.help}"),
    )
