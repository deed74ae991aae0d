"""Templates to begin with, in English and German: reminder of a cart, confirmations, one-time code, price that fell.

A company replaces them by its own with PutTemplate; `make up` and the demo put them where none are.
"""

from dataclasses import dataclass

from deploy.sample.conversation_templates import conversation_answer
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP, DELIVERY_KIND_SMS
from omnithread.messaging.v1.messaging_pb2 import Template, TemplateForm

NAME = "{% if customer.given_name %} {{ customer.given_name }}{% endif %}"
MORE = "{% if cart.line_count > 1 %}"
TEXT_LINES = """\
{% for line in BASKET.lines %}{{ line.quantity }} x {{ line.name }}: {{ line.line_total }}
{% endfor %}"""
HTML_LINES = """\
{% for line in BASKET.lines %}<tr>
<td>{% if line.image_uri %}<img src="{{ line.image_uri }}" alt="" width="64">{% endif %}</td>
<td>{{ line.quantity }} &times;
{% if line.link_uri %}<a href="{{ line.link_uri }}">{{ line.name }}</a>{% else %}{{ line.name }}{% endif %}</td>
<td align="right">{{ line.line_total }}</td>
</tr>
{% endfor %}"""


@dataclass(frozen=True, slots=True)
class Wording:
    """What one mail says in one language; `short` is the same for the inbox."""

    language: str
    subject: str
    greeting: str
    opening: str
    total: str
    closing: str
    short: str
    resume: str = ""
    """What the link says that goes on with the cart; empty where there is none."""


REMINDERS = (
    Wording(
        "en",
        subject="Your cart is waiting for you",
        greeting=f"Hello{NAME},",
        opening="you left this in your cart:",
        total="Total: {{ cart.subtotal }}",
        closing="Everything is kept for you: on the web, in the app and in our stores.",
        resume="Go on with your cart",
        short="{{ cart.lines.first.name }}" + MORE + " and more{% endif %}: {{ cart.subtotal }}",
    ),
    Wording(
        "de",
        subject="Ihr Warenkorb wartet auf Sie",
        greeting=f"Guten Tag{NAME},",
        opening="in Ihrem Warenkorb liegt noch:",
        total="Summe: {{ cart.subtotal }}",
        closing="Wir bewahren alles für Sie auf: im Web, in der App und in unseren Filialen.",
        resume="Weiter mit Ihrem Warenkorb",
        short="{{ cart.lines.first.name }}" + MORE + " und mehr{% endif %}: {{ cart.subtotal }}",
    ),
)
CONFIRMATIONS = (
    Wording(
        "en",
        subject="Your order {{ order.order_id }}",
        greeting=f"Hello{NAME},",
        opening="thank you for your order of {{ order.place_date }}:",
        total="Total: {{ order.total }}",
        closing="{% if order.store_id %}It is yours at store {{ order.store_id }}."
        "{% else %}It is on its way.{% endif %}",
        short="Thank you for your order of {{ order.place_date }}: {{ order.total }}.",
    ),
    Wording(
        "de",
        subject="Ihre Bestellung {{ order.order_id }}",
        greeting=f"Guten Tag{NAME},",
        opening="vielen Dank für Ihre Bestellung vom {{ order.place_date }}:",
        total="Summe: {{ order.total }}",
        closing="{% if order.store_id %}Sie erhalten sie in der Filiale {{ order.store_id }}."
        "{% else %}Sie ist unterwegs.{% endif %}",
        short="Vielen Dank für Ihre Bestellung vom {{ order.place_date }}: {{ order.total }}.",
    ),
)


# To an address of which nobody knows yet whose it is: no name, and nothing about the customer.
CODES = (
    (
        "en",
        "Your code",
        """\
Hello,

your code is {{ code }}. It works once, within 10 minutes.

You did not ask for it? Then there is nothing to do. Please give it to nobody, not even to us on the phone.
""",
    ),
    (
        "de",
        "Ihr Code",
        """\
Guten Tag,

Ihr Code lautet {{ code }}. Er gilt einmal und für 10 Minuten.

Sie haben keinen verlangt? Dann ist nichts zu tun. Bitte geben Sie ihn niemandem, auch uns nicht am Telefon.
""",
    ),
)


# To an address of which nobody knows yet whether its holder meant it: no name, and nothing about the customer.
CONSENT_CONFIRMATIONS = (
    (
        "en",
        "Please confirm: {{ purpose_label }}",
        """\
Hello,

somebody asked us to send "{{ purpose_label }}" to this address. If it was you, please confirm it:

{% if confirm_link != "" %}{{ confirm_link }}

or tell us this code: {% else %}tell us this code: {% endif %}{{ code }}

You did not ask for it? Then there is nothing to do: without your confirmation we send nothing.
""",
        "Your code for {{ purpose_label }}: {{ code }}. You did not ask for it? Then there is nothing to do.",
    ),
    (
        "de",
        "Bitte bestätigen: {{ purpose_label }}",
        """\
Guten Tag,

jemand hat uns gebeten, "{{ purpose_label }}" an diese Adresse zu senden. Waren Sie es, dann bestätigen Sie es bitte:

{% if confirm_link != "" %}{{ confirm_link }}

oder nennen Sie uns diesen Code: {% else %}nennen Sie uns diesen Code: {% endif %}{{ code }}

Sie waren es nicht? Dann ist nichts zu tun: Ohne Ihre Bestätigung senden wir nichts.
""",
        "Ihr Code für {{ purpose_label }}: {{ code }}. Sie haben keinen verlangt? Dann ist nichts zu tun.",
    ),
)


ALERTS = (
    Wording(
        "en",
        subject="{{ name }} costs less now",
        greeting=f"Hello{NAME},",
        opening="you looked at this, and its price fell:",
        total="{{ name }}: {{ new_price }} instead of {{ old_price }}",
        closing="{% if link != '' %}{{ link }}{% else %}"
        "You find it on the web, in the app and in our stores.{% endif %}",
        short="{{ name }} costs {{ new_price }} now instead of {{ old_price }}.",
    ),
    Wording(
        "de",
        subject="{{ name }} kostet jetzt weniger",
        greeting=f"Guten Tag{NAME},",
        opening="Sie haben sich das angesehen, und der Preis ist gefallen:",
        total="{{ name }}: {{ new_price }} statt {{ old_price }}",
        closing="{% if link != '' %}{{ link }}{% else %}"
        "Sie finden es im Web, in der App und in unseren Filialen.{% endif %}",
        short="{{ name }} kostet jetzt {{ new_price }} statt {{ old_price }}.",
    ),
)


def sample_templates() -> tuple[Template, ...]:
    """Give the templates, ready for PutTemplate."""
    return (
        Template(template_id="cart_reminder", default_language="en", forms=_forms(REMINDERS, "cart")),
        Template(
            template_id="order_confirmation",
            default_language="en",
            forms=_forms(CONFIRMATIONS, "order"),
            variable_names=["order_id"],  # which order it tells of
        ),
        Template(
            template_id="identity_code",
            default_language="en",
            forms=[
                TemplateForm(delivery_kind=DELIVERY_KIND_EMAIL, language=language, subject=subject, body_text=text)
                for language, subject, text in CODES
            ],
            variable_names=["code"],
        ),
        Template(
            template_id="consent_confirmation",
            default_language="en",
            forms=[
                form
                for language, subject, text, short in CONSENT_CONFIRMATIONS
                for form in (
                    TemplateForm(delivery_kind=DELIVERY_KIND_EMAIL, language=language, subject=subject, body_text=text),
                    TemplateForm(delivery_kind=DELIVERY_KIND_SMS, language=language, body_text=short),
                )
            ],
            variable_names=["code", "confirm_link", "purpose_label"],
        ),
        Template(
            template_id="price_alert",
            default_language="en",
            forms=[form for wording in ALERTS for form in _alert_forms(wording)],
            variable_names=["sku", "name", "old_price", "new_price", "link"],
        ),
        conversation_answer(),
    )


def _alert_forms(wording: Wording) -> tuple[TemplateForm, TemplateForm]:
    text = f"{wording.greeting}\n\n{wording.opening}\n\n{wording.total}\n\n{wording.closing}\n"
    return (
        TemplateForm(
            delivery_kind=DELIVERY_KIND_EMAIL, language=wording.language, subject=wording.subject, body_text=text
        ),
        TemplateForm(
            delivery_kind=DELIVERY_KIND_IN_APP,
            language=wording.language,
            subject=wording.subject,
            body_text=wording.short,
        ),
    )


def _forms(wordings: tuple[Wording, ...], basket: str) -> list[TemplateForm]:
    return [
        form
        for wording in wordings
        for form in (
            TemplateForm(
                delivery_kind=DELIVERY_KIND_EMAIL,
                language=wording.language,
                subject=wording.subject,
                body_text=_text(wording, basket),
                body_html=_html(wording, basket),
            ),
            TemplateForm(
                delivery_kind=DELIVERY_KIND_IN_APP,
                language=wording.language,
                subject=wording.subject,
                body_text=wording.short,
            ),
        )
    ]


def _text(wording: Wording, basket: str) -> str:
    lines = TEXT_LINES.replace("BASKET", basket)
    link = f"{{% if resume_link %}}{wording.resume}: {{{{ resume_link }}}}\n\n{{% endif %}}" if wording.resume else ""
    return f"{wording.greeting}\n\n{wording.opening}\n\n{lines}\n{wording.total}\n\n{link}{wording.closing}\n"


def _html(wording: Wording, basket: str) -> str:
    lines = HTML_LINES.replace("BASKET", basket)
    link = ""
    if wording.resume:
        link = f'{{% if resume_link %}}<p><a href="{{{{ resume_link }}}}">{wording.resume}</a></p>\n{{% endif %}}'
    return (
        f'<!doctype html>\n<html lang="{wording.language}">\n<body>\n'
        f"<p>{wording.greeting}</p>\n<p>{wording.opening}</p>\n"
        f"<table>\n{lines}</table>\n<p><b>{wording.total}</b></p>\n{link}<p>{wording.closing}</p>\n"
        "</body>\n</html>\n"
    )
