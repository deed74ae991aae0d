"""The gates of the ways of delivery: consent, addresses that are closed, and which way is taken."""

from services.messaging.deciding.caps import cap_of_way
from services.messaging.deciding.consent import Standing, deciding_consent, standing
from services.messaging.deciding.facts import Facts, Suppressed
from services.messaging.deciding.verdicts import Opinion, chooses, passes, skips
from services.messaging.values import DeliveryKind, Message, Reason

# The further down, the nearer the message was to being sent: the reason to tell where several ways failed.
HURDLES = (
    Reason.NO_FORM,
    Reason.NO_PROVIDER,
    Reason.NO_CONSENT,
    Reason.NO_CONTACT_POINT,
    Reason.SUPPRESSED,
    Reason.CAP_REACHED,
)
WITHOUT_ADDRESS = frozenset({DeliveryKind.IN_APP})
"""Ways that reach everybody."""


def candidates(message: Message, facts: Facts) -> tuple[DeliveryKind, ...]:
    """Give the ways that are looked at: the one or those asked for, else those preferred, then all that there are.

    One that may have gone already goes again by that way or not at all.
    """
    if message.is_unsure and message.delivery_kind is not None:
        return (message.delivery_kind,)
    if message.asked_kind is not None:
        return (message.asked_kind,)
    if message.asked_kinds:
        return message.asked_kinds
    preferred = facts.wishes.preferred_kinds
    return (*preferred, *(kind for kind in facts.provided_kinds if kind not in preferred))


def consented(message: Message, facts: Facts) -> Opinion:
    """Marketing goes only by a way to which the customer said yes for this purpose."""
    if facts.purpose.is_transactional:
        return passes("consent", purpose=facts.purpose.name, needed="no")
    stands = {kind.value: standing_by(kind, facts) for kind in candidates(message, facts)}
    if stands and "granted" not in stands.values():
        return skips("consent", Reason.NO_CONSENT, purpose=facts.purpose.name, **stands)
    return passes("consent", purpose=facts.purpose.name, **stands)


def not_suppressed(message: Message, facts: Facts) -> Opinion:
    """Nothing goes to an address that bounced, and no marketing to one whose holder complained."""
    reachable = [kind for kind in candidates(message, facts) if _is_reachable(kind, facts)]
    closed = {kind: found for kind in reachable if (found := suppressed_by(kind, facts))}
    told = {kind.value: f"{found.why} since {found.since:%Y-%m-%d}" for kind, found in closed.items()}
    if reachable and len(closed) == len(reachable):
        return skips("suppression", Reason.SUPPRESSED, **told)
    return passes("suppression", **told)


def some_way_is_open(message: Message, facts: Facts) -> Opinion:
    """Take the first way, as the customer prefers them, with form, provider, consent and an open address."""
    told: dict[str, str] = {}
    failed: list[int] = []
    for kind in candidates(message, facts):
        hurdle = hurdle_of(kind, facts)
        told[kind.value] = hurdle or "open"
        if hurdle is None:
            return chooses("way", kind, **told, chosen=kind.value, **_consent_told(kind, facts))
        failed.append(HURDLES.index(hurdle))
    return skips("way", HURDLES[max(failed)] if failed else Reason.NO_PROVIDER, **told)


def hurdle_of(kind: DeliveryKind, facts: Facts) -> Reason | None:
    """Say what keeps messages from going by this way; None where nothing does."""
    if kind not in facts.form_kinds:
        return Reason.NO_FORM
    if kind not in facts.provided_kinds:
        return Reason.NO_PROVIDER
    if not facts.purpose.is_transactional and standing_by(kind, facts) != "granted":
        return Reason.NO_CONSENT
    if not _is_reachable(kind, facts):
        return Reason.NO_CONTACT_POINT
    if suppressed_by(kind, facts):
        return Reason.SUPPRESSED
    return Reason.CAP_REACHED if cap_of_way(kind, facts) else None


def standing_by(kind: DeliveryKind, facts: Facts) -> Standing:
    """Say where the customer stands on this way; without an address, whether that is all that is missing."""
    contact_point, consents = facts.contact_points.get(kind, ""), facts.wishes.consents
    is_settled = contact_point or kind in WITHOUT_ADDRESS
    points = (contact_point,) if is_settled else ("", *(consent.contact_point for consent in consents))
    stands = {standing(consents, facts.purpose.name, kind, point) for point in points}
    order: tuple[Standing, ...] = ("granted", "pending", "revoked")
    return next((found for found in order if found in stands), "none")


def suppressed_by(kind: DeliveryKind, facts: Facts) -> Suppressed | None:
    """Say what closes the customer's address of this way to this purpose."""
    found = facts.suppressed.get(kind)
    return found if found and (found.everything or not facts.purpose.is_transactional) else None


def _consent_told(kind: DeliveryKind, facts: Facts) -> dict[str, str]:
    """Say when and where the customer said yes to this way; nothing where no yes is needed."""
    if facts.purpose.is_transactional:
        return {}
    contact_point = facts.contact_points.get(kind, "")
    said = deciding_consent(facts.wishes.consents, facts.purpose.name, kind, contact_point)
    if said is None:
        return {}
    since = {"consent_since": f"{said.update_time:%Y-%m-%dT%H:%MZ}"}
    return since | ({"consent_on": said.channel_id} if said.channel_id else {})


def _is_reachable(kind: DeliveryKind, facts: Facts) -> bool:
    return kind in WITHOUT_ADDRESS or bool(facts.contact_points.get(kind))
