"""Says how things stand for one purpose, way and address: the same answer as the gates of messaging give. Pure."""

from collections.abc import Iterator, Mapping

from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_UNSPECIFIED
from services.preference.values import REVOKED, Consent, ConsentKey, Preferences

FALLBACK_LANGUAGE = "en"


def state_at(preferences: Preferences, key: ConsentKey) -> int:
    """Give what was said last: for this address where something was, unless a no for every address came later."""
    general = find(preferences, ConsentKey(key.purpose, key.delivery_kind, ""))
    this = find(preferences, key)
    if this is None:
        return general.state if general is not None else CONSENT_STATE_UNSPECIFIED
    if general is not None and general.state == REVOKED and general.update_time > this.update_time:
        return REVOKED
    return this.state


def find(preferences: Preferences, key: ConsentKey) -> Consent | None:
    """Give what stands about exactly this."""
    return next((consent for consent in preferences.consents if consent.key == key), None)


def keys_of_yes(preferences: Preferences, purpose: str, way: int) -> Iterator[ConsentKey]:
    """Give every address for which there is a yes, be it pending."""
    for consent in preferences.consents:
        key = consent.key
        if (key.purpose, key.delivery_kind) == (purpose, way) and consent.state != REVOKED:
            yield key


def has_yes_at(preferences: Preferences, key: ConsentKey) -> bool:
    """Say whether there is a yes by this way, for any purpose, that lets mails come to this address."""
    return any(
        consent.state != REVOKED
        and consent.key.delivery_kind == key.delivery_kind
        and consent.key.contact_point in ("", key.contact_point)
        for consent in preferences.consents
    )


def label_of(name: str, labels: Mapping[str, str], language: str) -> str:
    """Say what a purpose is called: in this language, or one that is near it, or English, or by its name."""
    for wanted in (language, language.split("-", maxsplit=1)[0], FALLBACK_LANGUAGE):
        if wanted in labels:
            return labels[wanted]
    return next(iter(labels.values()), name.replace("_", " ").capitalize())


def masked(contact_point: str) -> str:
    """Show enough of an address for its holder to know it: `a***@e***.com`, `***17`."""
    name, at, domain = contact_point.rpartition("@")
    if not at:
        return f"***{contact_point[-2:]}" if len(contact_point) > 4 else ""
    host, dot, top = domain.rpartition(".")
    return f"{name[:1]}***@{host[:1]}***{dot}{top}"
