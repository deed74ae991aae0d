"""What the form of the search says, and the question to the suite that it means. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from omnithread.common.v1.channel_pb2 import ChannelKind
from omnithread.context.v1.context_pb2 import JourneyOutcome
from omnithread.context.v1.journey_service_pb2 import (
    JOURNEY_TIME_FIELD_LAST_ACT,
    JOURNEY_TIME_FIELD_START,
    SearchJourneysRequest,
)
from services.console.journeys.marks import channel_words

MAX_STEPS = 8
PAGE_SIZE = 20
MAX_STUCK_HOURS = 400 * 24
MAX_TEXT = 64
UTC_NAME = "UTC"
KINDS = {
    ChannelKind.Name(kind).removeprefix("CHANNEL_KIND_").lower(): kind
    for kind in ChannelKind.values()
    if kind not in (ChannelKind.CHANNEL_KIND_UNSPECIFIED, ChannelKind.CHANNEL_KIND_SYSTEM)
}
"""The kinds of channels, by their names in addresses."""
GOING_ON = "going_on"
OUTCOMES = {
    "goal_reached": JourneyOutcome.JOURNEY_OUTCOME_GOAL_REACHED,
    "inactive": JourneyOutcome.JOURNEY_OUTCOME_INACTIVE,
    "cancelled": JourneyOutcome.JOURNEY_OUTCOME_CANCELLED,
}
OUTCOME_WORDS = {
    "": "anything",
    GOING_ON: "it goes on",
    "goal_reached": "a goal was reached",
    "inactive": "fell silent without a goal",
    "cancelled": "an order was cancelled",
}
TIMES = {"last_act": JOURNEY_TIME_FIELD_LAST_ACT, "start": JOURNEY_TIME_FIELD_START}


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for."""

    path: tuple[str, ...] = ()
    exact_path: bool = False
    outcome: str = ""
    goal: str = ""
    time: str = "last_act"
    from_day: date | None = None
    to_day: date | None = None
    """The last day that counts."""
    zone: str = UTC_NAME
    stuck_hours: int = 0
    channel: str = ""
    problem: bool = False

    @property
    def query(self) -> str:
        """As it stands in an address."""
        pairs = [("path", step) for step in self.path]
        said = {
            "exact": "1" if self.exact_path else "",
            "outcome": self.outcome,
            "goal": self.goal,
            "time": self.time if self.time != "last_act" else "",
            "from": self.from_day.isoformat() if self.from_day else "",
            "to": self.to_day.isoformat() if self.to_day else "",
            "zone": self.zone if self.from_day or self.to_day else "",
            "stuck": str(self.stuck_hours) if self.stuck_hours else "",
            "channel": self.channel,
            "problem": "1" if self.problem else "",
        }
        return urlencode([*pairs, *((name, value) for name, value in said.items() if value)])

    def request(self, page_token: str = "") -> SearchJourneysRequest:
        """Ask the suite for it."""
        asked = SearchJourneysRequest(
            path=[KINDS[step] for step in self.path],
            exact_path=self.exact_path,
            outcome=OUTCOMES.get(self.outcome, JourneyOutcome.JOURNEY_OUTCOME_UNSPECIFIED),
            going_on=self.outcome == GOING_ON,
            goal_id=self.goal,
            time_field=TIMES[self.time],
            channel_id=self.channel,
            has_problem=self.problem,
            page_size=PAGE_SIZE,
            page_token=page_token,
        )
        if self.from_day:
            asked.from_time.FromDatetime(self._midnight(self.from_day))
        if self.to_day:
            asked.to_time.FromDatetime(self._midnight(self.to_day + timedelta(days=1)))
        if self.stuck_hours:
            asked.stuck_for.FromTimedelta(timedelta(hours=self.stuck_hours))
        return asked

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self.zone))


def search_of(asked: Mapping[str, Sequence[str]]) -> tuple[Search, list[str]]:
    """Read an address's query; what cannot be meant is left out, and said in a sentence each."""
    faults: list[str] = []

    def first(name: str) -> str:
        return next(iter(asked.get(name, ())), "").strip()

    def word(name: str, called: str) -> str:
        given = first(name)
        if len(given) <= MAX_TEXT and all(
            letter.isascii() and (letter.isalnum() or letter in "-_") for letter in given
        ):
            return given
        faults.append(f"{called} has letters, digits, - and _ only.")
        return ""

    steps = [step for step in asked.get("path", ()) if step]
    if any(step not in KINDS for step in steps) or len(steps) > MAX_STEPS:
        faults.append(f"A path has at most {MAX_STEPS} steps, each a kind of channel.")
        steps = [step for step in steps if step in KINDS][:MAX_STEPS]
    outcome = first("outcome")
    stuck = _number(first("stuck"), MAX_STUCK_HOURS)
    if stuck is None:
        faults.append(f"Stuck for is a number of hours, at most {MAX_STUCK_HOURS}.")
    if stuck and outcome in OUTCOMES:
        faults.append("What has ended is not stuck: how long is left out.")
        stuck = 0
    from_day, to_day = (_day(first(name), faults) for name in ("from", "to"))
    if from_day and to_day and to_day < from_day:
        faults.append("The last day is before the first.")
        to_day = None
    return Search(
        path=tuple(steps),
        exact_path=bool(first("exact")) and bool(steps),
        outcome=outcome if outcome in OUTCOME_WORDS else "",
        goal=word("goal", "A goal"),
        time=first("time") if first("time") in TIMES else "last_act",
        from_day=from_day,
        to_day=to_day,
        zone=zone_of(first("zone")),
        stuck_hours=stuck or 0,
        channel=word("channel", "A channel"),
        problem=bool(first("problem")),
    ), faults


def zone_of(name: str) -> str:
    """Give the time zone of this name, or UTC where there is none."""
    try:
        return ZoneInfo(name).key if name and len(name) <= MAX_TEXT else UTC_NAME
    except (OSError, ValueError, KeyError):
        return UTC_NAME


def _day(given: str, faults: list[str]) -> date | None:
    if not given:
        return None
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year < 2200:
        faults.append("A day is written like 2026-11-30.")
        return None
    return day


def _number(given: str, most: int) -> int | None:
    if not given:
        return 0
    return int(given) if given.isascii() and given.isdigit() and len(given) < 8 and int(given) <= most else None


def step_words(step: str) -> str:
    """Say a step of a path: `mobile app`."""
    return channel_words(KINDS[step])


def step_of(kind: int) -> str:
    """Give the name that a kind of channel has in addresses; empty where it is none that can be searched for."""
    return next((name for name, known in KINDS.items() if known == kind), "")
