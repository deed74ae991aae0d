"""Decides whether a message may go, by which way, and when: small rules, each of which may end the matter.

Pure: they are given what the other services said a moment ago. Where one of these did not answer there is nothing to
judge, and the message waits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.purposes import Purpose
from services.messaging.deciding.quiet_hours import QuietHours, zone_of
from services.messaging.values import DeliveryKind, Message, Reason, Sending

BOUGHT_BEFORE = timedelta(days=30)
"""Who ordered an article so long before a message about it was queued, or later, has bought it already."""


@dataclass(frozen=True, slots=True)
class Send:
    """It may go now, this way."""

    kind: DeliveryKind


@dataclass(frozen=True, slots=True)
class Wait:
    """It may go later."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Skip:
    """It does not go."""

    reason: Reason


Verdict = Send | Wait | Skip


@dataclass(frozen=True, slots=True)
class Consent:
    """Where the customer stands on one purpose and way."""

    purpose: str
    kind: DeliveryKind
    contact_point: str
    """The only address that it is for; empty where it is for any."""
    is_granted: bool
    update_time: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """Keeps messages back until a time."""

    purpose: str
    """Empty means every purpose but transactional ones."""
    until_time: datetime


@dataclass(frozen=True, slots=True)
class Cap:
    """How many messages at most."""

    purpose: str
    """Empty means all purposes together."""
    max_messages: int
    period: timedelta


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the customer wants to be spoken to, as preference says."""

    language: str = ""
    time_zone: str = ""
    preferred_kinds: tuple[DeliveryKind, ...] = ()
    quiet_hours: QuietHours | None = None
    pauses: tuple[Pause, ...] = ()
    caps: tuple[Cap, ...] = ()
    consents: tuple[Consent, ...] = ()


@dataclass(frozen=True, slots=True)
class CartNow:
    """What the customer's cart is now, as cart says."""

    cart_id: str
    is_empty: bool
    update_time: datetime | None
    ordered_cart_ids: frozenset[str]
    """The carts that became the newest orders."""


@dataclass(frozen=True, slots=True)
class Bought:
    """One of the customer's newest orders, as cart says; cancelled ones are none."""

    skus: frozenset[str]
    place_time: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a message is judged by."""

    now: datetime
    purpose: Purpose
    wishes: Wishes
    contact_points: Mapping[DeliveryKind, str]
    """Where the customer can be reached; in the inbox, everybody can."""
    provided_kinds: tuple[DeliveryKind, ...]
    """The ways that this installation has, in the order taken where the customer has said nothing."""
    form_kinds: frozenset[DeliveryKind]
    """The ways for which the template has a form in a language that serves."""
    sent: tuple[Sending, ...]
    """What went out before."""
    default_time_zone: str
    cart: CartNow | None = None
    """Needed for messages about a cart only."""
    bought: tuple[Bought, ...] = ()
    """Needed for messages about an article only."""


def judge(message: Message, facts: Facts) -> Verdict:
    """Give the verdict of the first rule that has one, else send by the best way that is open."""
    for rule in RULES:
        verdict = rule(message, facts)
        if verdict is not None:
            return verdict
    return choose_kind(message, facts)


def still_relevant(message: Message, facts: Facts) -> Verdict | None:
    """A message about a cart goes while the customer has that cart, with something in it, and left it alone since."""
    if not message.cart_id:
        return None
    cart = facts.cart
    if cart is not None and message.cart_id in cart.ordered_cart_ids:
        return Skip(Reason.ORDER_PLACED)
    if cart is None or cart.is_empty or cart.cart_id != message.cart_id:
        return Skip(Reason.NOT_RELEVANT)
    since = message.idle_since_time
    touched = since is not None and cart.update_time is not None and cart.update_time > since
    return Skip(Reason.NOT_RELEVANT) if touched else None


def not_bought(message: Message, facts: Facts) -> Verdict | None:
    """A message about an article goes to nobody who ordered it lately, or while the message waited."""
    if not message.sku:
        return None
    since = message.create_time - BOUGHT_BEFORE
    was_bought = any(message.sku in order.skus and order.place_time >= since for order in facts.bought)
    return Skip(Reason.ORDER_PLACED) if was_bought else None


def not_paused(_message: Message, facts: Facts) -> Verdict | None:
    """A pause holds for its purpose, one without for everything that is not transactional."""
    for pause in facts.wishes.pauses:
        if _is_meant(pause.purpose, facts.purpose) and pause.until_time > facts.now:
            return Skip(Reason.PAUSED)
    return None


def below_caps(_message: Message, facts: Facts) -> Verdict | None:
    """A cap without a purpose counts everything that went out, but holds back only what is not transactional."""
    for cap in facts.wishes.caps:
        if not _is_meant(cap.purpose, facts.purpose):
            continue
        since = facts.now - cap.period
        counted = sum(1 for sending in facts.sent if sending.time > since and cap.purpose in ("", sending.purpose))
        if counted >= cap.max_messages:
            return Skip(Reason.CAP_REACHED)
    return None


def some_way_is_open(message: Message, facts: Facts) -> Verdict | None:
    """What could not be sent at any hour does not wait for one."""
    verdict = choose_kind(message, facts)
    return verdict if isinstance(verdict, Skip) else None


def not_in_quiet_hours(_message: Message, facts: Facts) -> Verdict | None:
    """In quiet hours, by the customer's clock, everything waits that is not transactional."""
    quiet = facts.wishes.quiet_hours
    if quiet is None or facts.purpose.is_transactional:
        return None
    if quiet.is_always:
        return Skip(Reason.QUIET_HOURS)
    end = quiet.end_after(facts.now, zone_of(facts.wishes.time_zone, facts.default_time_zone))
    return Wait(end) if end else None


RULES: tuple[Callable[[Message, Facts], Verdict | None], ...] = (
    still_relevant,
    not_bought,
    not_paused,
    below_caps,
    some_way_is_open,
    not_in_quiet_hours,
)

# The further down, the nearer the message was to being sent: the reason to tell where several ways failed.
HURDLES = (Reason.NO_FORM, Reason.NO_PROVIDER, Reason.NO_CONSENT, Reason.NO_CONTACT_POINT)


def choose_kind(message: Message, facts: Facts) -> Send | Skip:
    """Take the first way, as the customer prefers them, with form, provider, consent and an address."""
    failed = []
    for kind in _candidates(message, facts):
        hurdle = _hurdle(kind, facts)
        if hurdle is None:
            return Send(kind)
        failed.append(HURDLES.index(hurdle))
    return Skip(HURDLES[max(failed)] if failed else Reason.NO_PROVIDER)


def is_consented(consents: tuple[Consent, ...], purpose: str, kind: DeliveryKind, contact_point: str) -> bool:
    """Say whether there is a yes, and no no after it.

    What was said for one address holds for it, unless a no to any address came later. A no stays a no.
    """
    about = [consent for consent in consents if consent.purpose == purpose and consent.kind is kind]
    general = next((consent for consent in about if not consent.contact_point), None)
    this = next((consent for consent in about if contact_point and consent.contact_point == contact_point), None)
    if this is None:
        return general is not None and general.is_granted
    overruled = general is not None and not general.is_granted and general.update_time > this.update_time
    return this.is_granted and not overruled


def _candidates(message: Message, facts: Facts) -> tuple[DeliveryKind, ...]:
    if message.asked_kind is not None:
        return (message.asked_kind,)
    preferred = facts.wishes.preferred_kinds
    return (*preferred, *(kind for kind in facts.provided_kinds if kind not in preferred))


def _hurdle(kind: DeliveryKind, facts: Facts) -> Reason | None:
    if kind not in facts.form_kinds:
        return Reason.NO_FORM
    if kind not in facts.provided_kinds:
        return Reason.NO_PROVIDER
    contact_point = facts.contact_points.get(kind, "")
    if not facts.purpose.is_transactional:
        consents = facts.wishes.consents
        # Without an address it is told whether that is all that is missing.
        points = (contact_point,) if contact_point else ("", *(consent.contact_point for consent in consents))
        if not any(is_consented(consents, facts.purpose.name, kind, point) for point in points):
            return Reason.NO_CONSENT
    if kind is not DeliveryKind.IN_APP and not contact_point:
        return Reason.NO_CONTACT_POINT
    return None


def _is_meant(named: str, purpose: Purpose) -> bool:
    return named == purpose.name or (not named and not purpose.is_transactional)
