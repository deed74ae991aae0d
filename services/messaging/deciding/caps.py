"""The gate of how much is too much: the customer's own caps, and the company's.

What is transactional is held back by a cap that the customer set for its very purpose, and by no other; in caps over
all purposes it counts only where its rule says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.purposes import CapRule
from services.messaging.deciding.facts import Facts
from services.messaging.deciding.verdicts import Opinion, passes, skips
from services.messaging.values import DeliveryKind, Message, Reason, Sending

MOST_TOLD = 6
"""How many caps a finding names where none is reached."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One cap that this message has to keep."""

    name: str
    """What it is called in findings."""
    max_messages: int
    purpose: str
    """Empty means all purposes that count."""
    kind: str
    """Empty means all ways."""
    since: datetime | None = None
    """What went out later counts."""
    calendar_days: int = 0
    """Else, of how many days of the customer's calendar, today being the last."""

    def counted(self, facts: Facts) -> int:
        """Count what went out of it; one whose time lies ahead of us counts, too."""
        return sum(1 for sending in facts.sent if self._is_meant(sending, facts) and self._is_recent(sending, facts))

    def _is_meant(self, sending: Sending, facts: Facts) -> bool:
        if self.kind and sending.kind not in (self.kind, ""):
            return False
        return sending.purpose == self.purpose if self.purpose else facts.purposes.counts(sending.purpose)

    def _is_recent(self, sending: Sending, facts: Facts) -> bool:
        if self.since is not None:
            return sending.time > self.since
        days = facts.local_now.date() - sending.time.astimezone(facts.zone.zone).date()
        return days < timedelta(days=self.calendar_days)


def below_caps(message: Message, facts: Facts) -> Opinion:
    """No cap over this purpose, or over all of them, is reached; one of a single way closes that way alone."""
    limits = limits_of(facts)
    told: dict[str, str] = {}
    for limit in limits:
        if limit.kind and limit.kind != message.asked_kind:
            continue
        counted = limit.counted(facts)
        if counted >= limit.max_messages:
            return skips("caps", Reason.CAP_REACHED, **{limit.name: f"{counted} of {limit.max_messages}"})
        if len(told) < MOST_TOLD:
            told[limit.name] = f"{counted} of {limit.max_messages}"
    return passes("caps", **told)


def cap_of_way(kind: DeliveryKind, facts: Facts) -> Limit | None:
    """Give the cap of this very way that is reached."""
    of_way = (limit for limit in limits_of(facts) if limit.kind == kind)
    return next((limit for limit in of_way if limit.counted(facts) >= limit.max_messages), None)


def limits_of(facts: Facts) -> tuple[Limit, ...]:
    """Give the caps that this message has to keep, the customer's first."""
    purpose = facts.purpose
    customers = [
        Limit(
            name=f"customer {cap.purpose or 'all'} in {cap.period.days} days",
            max_messages=cap.max_messages,
            purpose=cap.purpose,
            kind="",
            since=facts.now - cap.period,
        )
        for cap in facts.wishes.caps
        if cap.purpose == purpose.name or (not cap.purpose and not purpose.is_transactional)
    ]
    if purpose.is_transactional:
        return tuple(customers)
    return (
        *customers,
        *(_companys(cap, purpose.name, facts.now) for cap in purpose.caps),
        *(_companys(cap, "", facts.now) for cap in facts.purposes.caps),
    )


def _companys(cap: CapRule, purpose: str, now: datetime) -> Limit:
    is_rolling = cap.per == "rolling"
    unit = "days" if is_rolling else "calendar days"
    return Limit(
        name=f"company {purpose or 'all'} {cap.kind + ' ' if cap.kind else ''}in {cap.days} {unit}",
        max_messages=cap.max_messages,
        purpose=purpose,
        kind=cap.kind,
        since=now - timedelta(days=cap.days) if is_rolling else None,
        calendar_days=0 if is_rolling else cap.days,
    )
