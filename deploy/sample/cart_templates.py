"""What is said about a cart that was left alone, and to whom an advertisement is shown for it."""

from dataclasses import dataclass

from deploy.sample.forms import Button, card, display, mail, push, sms
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_AD_AUDIENCE
from omnithread.messaging.v1.messaging_pb2 import Template, TemplateForm

SOME, MORE = "{% if cart.line_count > 0 %}", "{% if cart.line_count > 1 %}"
TEXT_LINES = """\
{% for line in BASKET.lines %}{{ line.quantity }} x {{ line.name }}: {{ line.line_total }}
{% endfor %}"""
HTML_LINES = """\
<table role="presentation" class="lines">
{% for line in BASKET.lines %}<tr>
<td width="64">{% if line.image_uri %}<img src="{{ line.image_uri }}" alt="" width="64">{% endif %}</td>
<td>{{ line.quantity }} &times;
{% if line.link_uri %}<a href="{{ line.link_uri }}">{{ line.name }}</a>{% else %}{{ line.name }}{% endif %}</td>
<td class="amount">{{ line.line_total }}</td>
</tr>
{% endfor %}</table>
"""
FIRST_OFFER = "{{ cart.offers.first.name }}"


@dataclass(frozen=True, slots=True)
class Wording:
    """What one language says."""

    language: str
    subject: str
    opening: str
    total: str
    saved: str
    """Before what offers take off."""
    button: str
    push_title: str
    waiting: str
    more: str


WORDINGS = (
    Wording(
        "en",
        subject="Your cart is waiting for you",
        opening="you left this in your cart:",
        total="Total",
        saved="You save",
        button="Go on with your cart",
        push_title="Still thinking it over?",
        waiting="is waiting in your cart",
        more="and more",
    ),
    Wording(
        "de",
        subject="Ihr Warenkorb wartet auf Sie",
        opening="in Ihrem Warenkorb liegt noch:",
        total="Summe",
        saved="Sie sparen",
        button="Weiter mit Ihrem Warenkorb",
        push_title="Noch unentschlossen?",
        waiting="wartet in Ihrem Warenkorb",
        more="und mehr",
    ),
)


def cart_reminder() -> Template:
    """Give the reminder of a cart, for every way."""
    forms = [form for wording in WORDINGS for form in _forms(wording)]
    return Template(template_id="cart_reminder", default_language="en", forms=forms)


def ad_audience() -> Template:
    """Give the entry into an audience of an advertiser: no text, but which audience, and whether in or out."""
    form = TemplateForm(
        delivery_kind=DELIVERY_KIND_AD_AUDIENCE,
        language="en",
        audience_name="{{ audience_id }}",
        body_text="{{ change }}",
    )
    variables = ["audience_id", "change"]
    return Template(template_id="ad_audience", default_language="en", forms=[form], variable_names=variables)


def _forms(wording: Wording) -> tuple[TemplateForm, ...]:
    language = wording.language
    offer = f"{{% if cart.discount %}} ({FIRST_OFFER}: -{{{{ cart.discount }}}}){{% endif %}}"
    things = f"{SOME}{{{{ cart.lines.first.name }}}}{MORE} {wording.more}{{% endif %}}{{% endif %}}"
    short = f"{things}: {{{{ cart.total }}}}{offer}"
    waiting = f"{things} {wording.waiting}"
    resume = Button(wording.button, "{% if resume_link %}{{ resume_link }}{% endif %}")
    image = "{% if cart.line_count > 0 %}{{ cart.lines.first.image_uri }}{% endif %}"
    return (
        mail(
            language,
            wording.subject,
            text=_text(wording),
            html=_html(wording),
            preheader=short,
            button=resume,
        ),
        sms(
            language,
            f"{waiting}, {{{{ cart.total }}}}{offer}.{{% if resume_link %}} {{{{ resume_link }}}}{{% endif %}}",
        ),
        push(language, wording.push_title, f"{waiting}, {{{{ cart.total }}}}{offer}.", link=resume.link, image=image),
        card(language, wording.subject, short, image=image),
        display(language, wording.push_title, f"{waiting}: {{{{ cart.total }}}}{offer}"),
    )


def _text(wording: Wording) -> str:
    lines = TEXT_LINES.replace("BASKET", "cart")
    offers = (
        f"{{% if cart.discount %}}{wording.saved}: {{{{ cart.discount }}}} "
        f"({FIRST_OFFER})\n{{% endif %}}{wording.total}: {{{{ cart.total }}}}"
    )
    return f"{{{{ voice.greeting }}}}\n\n{wording.opening}\n\n{lines}\n{offers}\n\n{{{{ voice.closing }}}}\n"


def _html(wording: Wording) -> str:
    lines = HTML_LINES.replace("BASKET", "cart")
    saved = (
        f"{{% if cart.discount %}}{wording.saved}: {{{{ cart.discount }}}} "
        f'<span class="faint">({FIRST_OFFER})</span><br>\n{{% endif %}}'
    )
    return (
        f"<p>{{{{ voice.greeting }}}}</p>\n<p>{wording.opening}</p>\n{lines}"
        f"<p>{saved}<b>{wording.total}: {{{{ cart.total }}}}</b></p>\n<p>{{{{ voice.closing }}}}</p>\n"
    )
