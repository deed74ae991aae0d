"""Templates to begin with, in English and German, for the ways that a company has.

A company replaces them by its own with PutTemplate; `make up` and the demo put them where none are.
"""

from deploy.sample.cart_templates import ad_audience, cart_reminder
from deploy.sample.code_templates import consent_confirmation, identity_code
from deploy.sample.conversation_templates import conversation_answer
from deploy.sample.interest_templates import browse_reminder, newsletter, price_alert
from deploy.sample.order_templates import order_confirmation, order_follow_up
from omnithread.messaging.v1.messaging_pb2 import Template


def sample_templates() -> tuple[Template, ...]:
    """Give the templates, ready for PutTemplate."""
    return (
        cart_reminder(),
        order_confirmation(),
        order_follow_up(),
        identity_code(),
        consent_confirmation(),
        price_alert(),
        browse_reminder(),
        newsletter(),
        ad_audience(),
        conversation_answer(),
    )
