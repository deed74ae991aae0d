"""What cards and reports must say, worked out anew from all touchpoints, as anybody would do it with a pencil.

It shares nothing with the code that it checks but what `GetJourney` itself shows.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from statistics import median_low
from zoneinfo import ZoneInfo

from omnithread.common.v1 import channel_pb2 as channels
from omnithread.context.v1 import context_pb2 as context
from services.aggregator.journey_values import Span
from services.aggregator.operations import Journeys
from services.aggregator.values import Touchpoint

LETTER = {
    channels.CHANNEL_KIND_WEB: "W",
    channels.CHANNEL_KIND_MOBILE_APP: "A",
    channels.CHANNEL_KIND_STORE: "S",
    channels.CHANNEL_KIND_CALL_CENTRE: "C",
    channels.CHANNEL_KIND_EMAIL: "E",
    channels.CHANNEL_KIND_SMS: "T",
    channels.CHANNEL_KIND_PUSH: "P",
    channels.CHANNEL_KIND_SOCIAL: "O",
}


@dataclass(slots=True)
class Told:
    """One journey as its touchpoints tell it."""

    customer_id: str
    span: Span
    touchpoints: list[Touchpoint]

    @property
    def steps(self) -> list[tuple[str, Touchpoint]]:
        found = []
        for one in self.touchpoints:
            attributes = dict(one.attributes)
            letter = {"email": "E", "sms": "T", "push": "P"}.get(attributes.get("delivery", ""), "")
            if one.kind == context.TOUCHPOINT_KIND_MESSAGE and letter:
                if one.by_customer or attributes.get("state") == "sent":
                    found.append((letter, one))
            elif one.by_customer:
                found.append((LETTER[channels.ChannelKind.ValueType(one.channel_kind)], one))
        return found

    @property
    def way(self) -> str:
        letters = [letter for letter, _ in self.steps]
        return "".join(one for at, one in enumerate(letters) if at == 0 or letters[at - 1] != one)

    @property
    def hops(self) -> list[tuple[str, str, float]]:
        found = []
        for (before, earlier), (after, later) in pairwise(self.steps):
            if before != after:
                found.append((before, after, (later.occur_time - earlier.occur_time).total_seconds()))
        return found

    @property
    def changes(self) -> Counter[tuple[int, int]]:
        kinds = [touchpoint.kind for _, touchpoint in self.steps]
        return Counter((a, b) for a, b in pairwise(kinds) if a != b)

    @property
    def last(self) -> Touchpoint:
        acts = [one for one in self.touchpoints if one.by_customer]
        return (acts or self.touchpoints)[-1]

    @property
    def problems(self) -> list[str]:
        return [one.subject for one in self.touchpoints if one.kind == context.TOUCHPOINT_KIND_PROBLEM]

    @property
    def orders(self) -> int:
        return sum(1 for one in self.touchpoints if one.kind == context.TOUCHPOINT_KIND_ORDER_PLACED)

    @property
    def goals(self) -> set[str]:
        return {goal.goal_id for goal in self.span.goals}

    @property
    def last_time(self) -> datetime:
        return self.span.last_act_time or self.span.start_time


async def told(journeys: Journeys, customer_ids: Sequence[str]) -> dict[str, Told]:
    """All journeys of these customers, read as `ListJourneys` and `GetJourney` read them, page by page."""
    found: dict[str, Told] = {}
    standing = {(await journeys.get(customer_id)).customer_id for customer_id in customer_ids}
    for customer_id in sorted(standing):
        spans, position, is_first = [], None, True
        while is_first or position:
            _, listed, position = await journeys.list_journeys(customer_id, position=position, limit=50)
            spans += listed
            is_first = False
        for span in spans:
            found[span.journey_id] = Told(customer_id, span, await _touchpoints(journeys, customer_id, span.journey_id))
    return found


async def _touchpoints(journeys: Journeys, customer_id: str, journey_id: str) -> list[Touchpoint]:
    touchpoints: list[Touchpoint] = []
    position, is_first = None, True
    while is_first or position:
        page = await journeys.get_journey(customer_id, journey_id, position=position, limit=100)
        touchpoints += page.touchpoints
        position, is_first = page.following, False
    return touchpoints


@dataclass(slots=True)
class Sum:
    """What a report must say."""

    journeys: int
    reached: int
    going_on: int
    ways: Counter[str]
    ways_reached: Counter[str]
    hops: Counter[tuple[str, str]]
    medians: dict[tuple[str, str], float]
    changes: Counter[tuple[int, int]]
    breaks: Counter[tuple[int, int, str]]
    orders: int
    problems: int


def summed(
    journeys: Sequence[Told], from_day: date, to_day: date, zone: ZoneInfo, *, first: str = "", goal_id: str = ""
) -> Sum:
    """Add up what began within the days."""
    within = [
        one
        for one in journeys
        if from_day <= one.span.start_time.astimezone(zone).date() <= to_day and (not first or one.way[:1] == first)
    ]

    def has_reached(one: Told) -> bool:
        return goal_id in one.goals if goal_id else bool(one.goals)

    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for one in within:
        for before, after, seconds in one.hops:
            times[before, after].append(seconds)
    ended = [one for one in within if one.span.end_time is not None]
    return Sum(
        journeys=len(within),
        reached=sum(map(has_reached, within)),
        going_on=len(within) - len(ended),
        ways=Counter(one.way for one in within),
        ways_reached=Counter(one.way for one in within if has_reached(one)),
        hops=Counter({hop: len(seconds) for hop, seconds in times.items()}),
        medians={hop: median_low(seconds) for hop, seconds in times.items()},
        changes=sum((one.changes for one in within), Counter()),
        breaks=Counter(
            (one.last.kind, one.last.channel_kind, (one.problems or [""])[-1]) for one in ended if not has_reached(one)
        ),
        orders=sum(one.orders for one in within),
        problems=sum(1 for one in within if one.problems),
    )
