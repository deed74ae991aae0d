"""Where a customer stands on being spoken to for a purpose, by one way and at one address. Pure."""

from collections.abc import Iterable
from typing import Literal

from services.messaging.deciding.facts import Consent
from services.messaging.values import DeliveryKind

Standing = Literal["granted", "pending", "revoked", "none"]


def standing(consents: Iterable[Consent], purpose: str, kind: DeliveryKind, contact_point: str) -> Standing:
    """Say whether there is a yes, and no no after it.

    What was said for one address holds for it, unless a no to any address came later. A no stays a no, and a yes that
    nobody confirmed is none.
    """
    return _of(deciding_consent(consents, purpose, kind, contact_point))


def deciding_consent(
    consents: Iterable[Consent], purpose: str, kind: DeliveryKind, contact_point: str
) -> Consent | None:
    """Give what was said by which that stands; None where nothing was."""
    about = [consent for consent in consents if consent.purpose == purpose and consent.kind is kind]
    general = next((consent for consent in about if not consent.contact_point), None)
    this = next((consent for consent in about if contact_point and consent.contact_point == contact_point), None)
    if this is None:
        return general
    overruled = general is not None and _of(general) == "revoked" and general.update_time > this.update_time
    return general if overruled else this


def is_consented(consents: Iterable[Consent], purpose: str, kind: DeliveryKind, contact_point: str) -> bool:
    """Say whether a message may go there."""
    return standing(consents, purpose, kind, contact_point) == "granted"


def _of(consent: Consent | None) -> Standing:
    if consent is None:
        return "none"
    if consent.is_granted:
        return "granted"
    return "pending" if consent.is_pending else "revoked"
