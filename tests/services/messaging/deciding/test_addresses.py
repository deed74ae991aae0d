"""At which of several addresses somebody is reached."""

import pytest

from libs.purposes import DEFAULT_PURPOSES
from omnithread.profile.v1.profile_pb2 import IDENTIFIER_KIND_EMAIL, Identifier, Profile
from services.messaging.deciding.facts import Consent, Wishes
from services.messaging.deciding.person import Person
from services.messaging.deciding.suppression import closed_to
from services.messaging.delivery.suppressed import digest_of, suppress
from services.messaging.values import Messaging, SuppressionReason
from tests.services.messaging.samples import EMAIL, NOON, yes

OLD, NEW = "anna@old.example", "anna@new.example"
BOUNCED, COMPLAINED = SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED


@pytest.mark.parametrize(
    ("purpose", "consents", "closed", "address"),
    [
        ("cart_reminder", (yes(),), None, OLD),
        ("cart_reminder", (yes(),), BOUNCED, NEW),
        ("cart_reminder", (yes(EMAIL, NEW),), None, NEW),
        ("cart_reminder", (yes(EMAIL, OLD),), BOUNCED, OLD),
        ("service", (), BOUNCED, NEW),
        ("service", (yes(EMAIL, OLD, purpose="service"),), BOUNCED, NEW),
        ("service", (), COMPLAINED, OLD),
    ],
    ids=["first", "new for old", "the one with a yes", "no other has a yes", "bounced", "open first", "complained"],
)
def test_an_address_that_is_closed_gives_place_to_another_of_the_customers(
    purpose: str, consents: tuple[Consent, ...], closed: SuppressionReason | None, address: str
) -> None:
    identifiers = [Identifier(kind=IDENTIFIER_KIND_EMAIL, value=one, verified=True) for one in (OLD, NEW)]
    anna = Person("cus_1", Profile(customer_id="cus_1", identifiers=identifiers), Wishes(consents=consents), None)
    state = suppress(Messaging(), EMAIL, digest_of(EMAIL, OLD), closed, NOON) if closed else Messaging()
    rules = DEFAULT_PURPOSES[purpose]
    points = anna.contact_points(rules, closed_to(state, is_transactional=rules.is_transactional))
    assert points[EMAIL] == address
