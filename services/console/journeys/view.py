"""What somebody wants to see of a journey: which touchpoints, and how close. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from services.console.journeys.axis import FOLD_AFTER
from services.console.journeys.marks import Group, Mark

CUSTOMER, COMPANY = "customer", "company"
DAY, HOUR = "day", "hour"
WINDOWS = {DAY: timedelta(days=1), HOUR: timedelta(hours=1)}
FOLDS = {"": FOLD_AFTER, DAY: timedelta(hours=1), HOUR: timedelta(minutes=10)}
MAX_CHANNELS = 60
MAX_TOKEN_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class View:
    """A choice."""

    groups: frozenset[Group] = frozenset()
    """Of which sort; none chosen means all."""
    lanes: frozenset[str] = frozenset()
    """On which channels; none chosen means all."""
    by: str = ""
    """By `customer` or `company`; empty means both."""
    zoom: str = ""
    """`day`, `hour`, or empty for everything."""
    at: datetime | None = None
    """Where the day or hour begins."""
    page: str = ""
    """From which page of a long journey."""

    @property
    def query(self) -> str:
        """As it stands in an address."""
        pairs = [*(("group", group) for group in sorted(self.groups)), *(("lane", lane) for lane in sorted(self.lanes))]
        said = {"by": self.by, "zoom": self.zoom, "at": self.at.isoformat() if self.at else "", "page": self.page}
        return urlencode([*pairs, *((name, value) for name, value in said.items() if value)])

    @property
    def fold_after(self) -> timedelta:
        """Which silences are folded, seen from so close."""
        return FOLDS[self.zoom]

    def closer(self, at: datetime) -> "View":
        """Give the next closer view of a moment: a day of everything, an hour of a day."""
        return replace(self, zoom=HOUR if self.zoom else DAY, at=at)

    def everything(self) -> "View":
        """Give the whole journey, with the same choice of touchpoints."""
        return replace(self, zoom="", at=None)

    def chosen(self, marks: Sequence[Mark]) -> list[Mark]:
        """Give the marks that are wanted, wherever they stand."""
        return [
            mark
            for mark in marks
            if (not self.groups or mark.group in self.groups)
            and (not self.lanes or mark.lane in self.lanes)
            and (not self.by or mark.by_customer == (self.by == CUSTOMER))
        ]

    def within(self, marks: Sequence[Mark]) -> list[Mark]:
        """Give those of them that stand in the day or hour."""
        if not self.zoom or self.at is None:
            return list(marks)
        end = self.at + WINDOWS[self.zoom]
        return [mark for mark in marks if self.at <= mark.time < end]

    def earlier(self, marks: Sequence[Mark]) -> "View | None":
        """Give the day or hour that ends with the last mark before this one; None where there is none."""
        if not self.zoom or self.at is None:
            return None
        before = [mark.time for mark in marks if mark.time < self.at]
        if not before:
            return None
        return replace(self, at=before[-1] - WINDOWS[self.zoom] + timedelta(seconds=1))

    def later(self, marks: Sequence[Mark]) -> "View | None":
        """Give the day or hour that begins with the first mark after this one; None where there is none."""
        if not self.zoom or self.at is None:
            return None
        after = [mark.time for mark in marks if mark.time >= self.at + WINDOWS[self.zoom]]
        return replace(self, at=after[0]) if after else None


def view_of(asked: Mapping[str, Sequence[str]], marks: Sequence[Mark]) -> View:
    """Read an address's query; what cannot be meant is left out. Without `at`, the day or hour is the newest one."""

    def first(name: str) -> str:
        return next(iter(asked.get(name, ())), "")

    zoom = first("zoom") if first("zoom") in WINDOWS else ""
    at = _moment(first("at")) if zoom else None
    if zoom and at is None and marks:
        at = marks[-1].time - WINDOWS[zoom] + timedelta(seconds=1)
    return View(
        groups=frozenset(Group(one) for one in asked.get("group", ()) if one in set(Group)),
        lanes=frozenset(one for one in list(asked.get("lane", ()))[:MAX_CHANNELS] if one),
        by=first("by") if first("by") in (CUSTOMER, COMPANY) else "",
        zoom=zoom if at else "",
        at=at,
        page=page_of(asked),
    )


def page_of(asked: Mapping[str, Sequence[str]]) -> str:
    """Read which page of a long journey is meant."""
    return next(iter(asked.get("page", ())), "")[:MAX_TOKEN_CHARACTERS]


def _moment(given: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(given)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return at.astimezone(UTC) if 2000 <= at.year < 2200 else None
    except (ValueError, OverflowError):
        return None
