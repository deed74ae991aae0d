"""The text around an answer of staff that goes out by mail, so that the customer can answer there."""

from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.messaging.v1.messaging_pb2 import Template, TemplateForm

NAME = "{% if customer.given_name != '' %} {{ customer.given_name }}{% endif %}"
SUBJECT = "{% if subject != '' %}{{ subject }}{% else %}"
WORDINGS = (
    ("en", f"{SUBJECT}Your question{{% endif %}}", f"Hello{NAME},", "You can simply answer this mail."),
    ("de", f"{SUBJECT}Ihre Frage{{% endif %}}", f"Guten Tag{NAME},", "Antworten Sie einfach auf diese Mail."),
)


def conversation_answer() -> Template:
    """Give the template, ready for PutTemplate."""
    return Template(
        template_id="conversation_answer",
        default_language="en",
        forms=[
            TemplateForm(
                delivery_kind=DELIVERY_KIND_EMAIL,
                language=language,
                subject=subject,
                body_text=f"{greeting}\n\n{{{{ answer }}}}\n\n{closing}\n",
            )
            for language, subject, greeting, closing in WORDINGS
        ],
        variable_names=["answer", "subject"],
    )
