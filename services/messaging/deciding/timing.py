"""The gates of when: pauses, quiet hours, and the time that a campaign chose, all by the customer's clock."""

from datetime import datetime

from services.messaging.deciding.facts import Facts
from services.messaging.deciding.quiet_hours import MINUTES_A_DAY, QuietHours, next_time, spread_of
from services.messaging.deciding.verdicts import Opinion, passes, skips, waits
from services.messaging.values import Message, Reason

PREFERRED_MINUTES = 60
"""How long the hour lasts at which a customer usually reacts."""


def not_paused(_message: Message, facts: Facts) -> Opinion:
    """A pause holds for its purpose, one without for everything that is not transactional."""
    purpose = facts.purpose
    for pause in facts.wishes.pauses:
        is_meant = pause.purpose == purpose.name or (not pause.purpose and not purpose.is_transactional)
        if is_meant and pause.until_time > facts.now:
            until = f"{pause.until_time:%Y-%m-%dT%H:%MZ}"
            return skips("pauses", Reason.PAUSED, of=pause.purpose or "all", until=until)
    return passes("pauses", looked_at=str(len(facts.wishes.pauses)))


def not_in_quiet_hours(message: Message, facts: Facts) -> Opinion:
    """In quiet hours, by the customer's clock, everything waits that is not transactional.

    They are kept from a little earlier, so that what is under way arrives before them, and by both clocks where ours
    and the database's differ: one of the two is right.
    """
    if facts.purpose.is_transactional:
        return passes("quiet_hours", needed="no")
    quiet, whose = quiet_hours_of(facts)
    if quiet is None:
        return passes("quiet_hours", quiet="none", **_clock(facts))
    told = {"quiet": str(quiet), "quiet_of": whose, **_clock(facts)}
    if quiet.is_always:
        return skips("quiet_hours", Reason.QUIET_HOURS, **told)
    zone, doubt = facts.zone.zone, facts.doubt
    lead = min(facts.lead, quiet.open_for / 2)
    quiet_at = quiet.first_within(facts.now - doubt.behind, facts.now + doubt.ahead + lead, zone)
    end = quiet.end_after(quiet_at, zone) if quiet_at is not None else None
    if end is None:
        return passes("quiet_hours", **told)
    spread = spread_of(message.message_id, facts.purposes.spread_seconds)
    # By then it is over by the clock that is furthest behind, too.
    until = quiet.spread(end, spread, zone) + doubt.behind
    if not quiet.reigns_at(facts.now, zone):
        told["soon"] = "or by another clock"
    return waits("quiet_hours", Reason.QUIET_HOURS, until, **told)


def at_the_chosen_time(message: Message, facts: Facts) -> Opinion:
    """Where a campaign allows a window, the message waits for the customer's usual hour in it, else for the window.

    What would be too late by then, or in quiet hours, goes as soon as the window is open.
    """
    window = message.send_window
    if window is None:
        return passes("send_time", window="none")
    start, length = window.start_minute, (window.end_minute - window.start_minute) % MINUTES_A_DAY or MINUTES_A_DAY
    minute_now = facts.local_now.hour * 60 + facts.local_now.minute
    told = {"window": f"{_hour(start)}-{_hour(window.end_minute)}", **_clock(facts)}
    usual = facts.preferred_time
    if usual is not None and (usual.minute - start) % MINUTES_A_DAY < length:
        told |= {"usual_time": _hour(usual.minute), "learned_from": str(usual.learned_from)}
        if (minute_now - usual.minute) % MINUTES_A_DAY < PREFERRED_MINUTES:
            return passes("send_time", **told)
        spread = spread_of(message.message_id, min(facts.purposes.spread_seconds, PREFERRED_MINUTES * 60 - 1))
        at = next_time(usual.minute, facts.now, facts.zone.zone) + spread
        if at < message.expire_time and not _will_be_quiet(at, facts):
            return waits("send_time", Reason.SEND_TIME, at, **told)
    if (minute_now - start) % MINUTES_A_DAY < length:
        return passes("send_time", **told)
    most_seconds = min(facts.purposes.spread_seconds, length * 60 - 1)
    at = next_time(start, facts.now, facts.zone.zone) + spread_of(message.message_id, most_seconds)
    return waits("send_time", Reason.SEND_TIME, at, **told)


def quiet_hours_of(facts: Facts) -> tuple[QuietHours | None, str]:
    """Give the quiet hours that hold for the customer, and whose rule they are."""
    if facts.wishes.quiet_hours is not None:
        return facts.wishes.quiet_hours, "customer"
    companys = facts.purposes.quiet_hours
    return (QuietHours(*companys), "company") if companys else (None, "")


def _will_be_quiet(moment: datetime, facts: Facts) -> bool:
    quiet, _ = quiet_hours_of(facts)
    if quiet is None or facts.purpose.is_transactional:
        return False
    return quiet.reigns_at(moment, facts.zone.zone)


def _clock(facts: Facts) -> dict[str, str]:
    zone = facts.zone
    told = {"local_time": f"{facts.local_now:%H:%M}", "time_zone": zone.zone.key, "time_zone_of": zone.source}
    return told | ({"time_zone_unknown": zone.unknown} if zone.unknown else {})


def _hour(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"
