"""The preference centre as its page shows it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from libs.timestamps import from_timestamp
from omnithread.preference.v1 import preference_pb2
from omnithread.preference.v1.preference_internal_service_pb2 import PreferenceCentre
from services.door.pages.languages import LANGUAGES
from services.door.pages.words import say

MINUTES = 60
USUAL_QUIET = (22 * MINUTES, 8 * MINUTES)
"""What stands in the fields of who has no quiet hours yet."""


@dataclass(frozen=True, slots=True)
class WayChoice:
    """One box: a purpose by a way."""

    key: str
    """`cart_reminder/1`: purpose and number of the way."""
    way: str
    ticked: bool
    pending: bool


@dataclass(frozen=True, slots=True)
class PurposeGroup:
    """All boxes of one purpose."""

    purpose: str
    label: str
    ways: Sequence[WayChoice]


@dataclass(frozen=True, slots=True)
class CentreView:
    """All of the page."""

    groups: Sequence[PurposeGroup]
    paused_until: str
    """In words; empty where there is no pause."""
    quiet: bool
    quiet_from: str
    """`22:00`."""
    quiet_to: str
    language: str
    """A tag; empty where they never said one."""
    languages: Sequence[tuple[str, str]]
    """Tags and names to choose from, that of the customer among them."""


def centre_view(centre: PreferenceCentre, *, language: str, now: datetime) -> CentreView:
    """Give the page's values in one of our languages."""
    quiet = centre.HasField("quiet_hours")
    start, end = (centre.quiet_hours.start_minute, centre.quiet_hours.end_minute) if quiet else USUAL_QUIET
    return CentreView(
        groups=_groups(centre, language),
        paused_until=_paused_until(centre, language, now),
        quiet=quiet,
        quiet_from=clock_time(start),
        quiet_to=clock_time(end),
        language=centre.language,
        languages=_languages(centre.language),
    )


def clock_time(minute: int) -> str:
    """Write minutes after midnight as a form field has them: `22:00`."""
    return f"{minute // MINUTES:02d}:{minute % MINUTES:02d}"


def _groups(centre: PreferenceCentre, language: str) -> tuple[PurposeGroup, ...]:
    groups: dict[str, PurposeGroup] = {}
    for choice in centre.choices:
        granted = choice.state == preference_pb2.CONSENT_STATE_GRANTED
        if not (granted or choice.can_grant):
            continue  # nothing can be changed about it here
        way = WayChoice(
            key=f"{choice.purpose}/{choice.delivery_kind}",
            way=say(language, f"way_{choice.delivery_kind}"),
            ticked=granted,
            pending=choice.state == preference_pb2.CONSENT_STATE_PENDING,
        )
        known = groups.get(choice.purpose)
        ways = (*known.ways, way) if known else (way,)
        groups[choice.purpose] = PurposeGroup(choice.purpose, choice.label or choice.purpose, ways)
    return tuple(groups.values())


def _paused_until(centre: PreferenceCentre, language: str, now: datetime) -> str:
    if not centre.HasField("pause_until_time"):
        return ""
    until = from_timestamp(centre.pause_until_time)
    if until <= now:
        return ""
    return format_date(until.astimezone(_zone(centre.time_zone)).date(), "long", locale=language)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(str(UTC))


def _languages(theirs: str) -> tuple[tuple[str, str], ...]:
    ours = tuple((tag, say(tag, f"language_{tag}")) for tag in LANGUAGES)
    if not theirs or theirs in LANGUAGES:
        return ours
    return ((theirs, _name(theirs)), *ours)


def _name(tag: str) -> str:
    try:
        name = Locale.parse(tag, sep="-").get_display_name()
    except (UnknownLocaleError, ValueError):
        name = None
    return name or tag
