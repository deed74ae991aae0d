"""What brings a code to an address of which nobody knows yet whose it is: no name, and nothing about the customer."""

from deploy.sample.forms import mail
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_SMS
from omnithread.messaging.v1.messaging_pb2 import Template, TemplateForm

CODES = (
    (
        "en",
        "Your code",
        """\
Hello,

your code is {{ code }}. It works once, within 10 minutes.

You did not ask for it? Then there is nothing to do. Please give it to nobody, not even to us on the phone.
""",
        "Your code: {{ code }}. It works for 10 minutes. Please give it to nobody.",
    ),
    (
        "de",
        "Ihr Code",
        """\
Guten Tag,

Ihr Code lautet {{ code }}. Er gilt einmal und für 10 Minuten.

Sie haben keinen verlangt? Dann ist nichts zu tun. Bitte geben Sie ihn niemandem, auch uns nicht am Telefon.
""",
        "Ihr Code: {{ code }}. Er gilt 10 Minuten. Bitte geben Sie ihn niemandem.",
    ),
)


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


def identity_code() -> Template:
    """Give what brings a one-time code."""
    return Template(
        template_id="identity_code",
        default_language="en",
        forms=[form for texts in CODES for form in _mail_and_sms(*texts)],
        variable_names=["code"],
    )


def consent_confirmation() -> Template:
    """Give what asks whether a yes was meant."""
    return Template(
        template_id="consent_confirmation",
        default_language="en",
        forms=[form for texts in CONSENT_CONFIRMATIONS for form in _mail_and_sms(*texts)],
        variable_names=["code", "confirm_link", "purpose_label"],
    )


def _mail_and_sms(language: str, subject: str, text: str, short: str) -> tuple[TemplateForm, TemplateForm]:
    return (
        mail(language, subject, text=text),
        TemplateForm(delivery_kind=DELIVERY_KIND_SMS, language=language, body_text=short),
    )
