"""Quiet hours in every time zone around every change of clocks of two years, by workers whose clocks are wrong.

What a customer's clock shows is told by the C library (`wall_clocks.py`), which shares no code with what decides. A
message that may go is under way for up to a minute: none of that minute may be quiet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo, available_timezones

import pytest

from libs.mongo.shared_clock import Doubt, SharedClock
from libs.purposes import purpose_table
from services.messaging.deciding.facts import Facts, Wishes
from services.messaging.deciding.gates import judge
from services.messaging.deciding.quiet_hours import QuietHours
from services.messaging.deciding.time_zones import CustomerZone
from services.messaging.deciding.verdicts import Send, Wait
from tests.faults import wall_clocks
from tests.faults.results import note
from tests.faults.seeds import chance, rounds, seed, share
from tests.services.messaging.samples import facts, message, yes

pytestmark = pytest.mark.timeout(900)

ZONES = sorted(available_timezones() - {"localtime"})
ODD = ("Australia/Lord_Howe", "Africa/Casablanca", "Antarctica/Troll", "America/St_Johns", "Pacific/Chatham")
"""Half hours, a summer that is interrupted, two hours at once, odd minutes: always among those looked at."""
BEGIN, END = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2026, 2028))
LEAD = timedelta(minutes=1)
OFF = 600
"""So many seconds are the wrong clocks off."""
NEAR = 100 * 60
QUIETS, MOMENTS = 2, 24
CLOCKS = ((0, 0), (-OFF, 0), (OFF, 0), (0, -OFF), (0, OFF))
"""How far off the worker's clock and the database's are: one of the two is right."""
AT_ONCE = purpose_table(spread_seconds=0)
ALWAYS = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Case:
    """Somebody's quiet hours, and moments at which a message to them is due."""

    zone: str
    quiet: QuietHours
    moments: tuple[int, ...]


def drawn_zones() -> list[str]:
    others = [zone for zone in ZONES if zone not in ODD]
    return [*ODD, *chance("zones").sample(others, min(len(others), rounds(len(others))))]


def cases_of(zone: str, edges: list[int], draw: Random) -> Iterator[Case]:
    """Near each change of the clock, or near some moment where it never changes."""
    local = ZoneInfo(zone)
    for edge in edges or [draw.randrange(BEGIN, END)]:
        for _ in range(QUIETS):
            shown = datetime.fromtimestamp(edge + draw.randrange(-NEAR, NEAR), UTC).astimezone(local)
            near = shown.hour * 60 + shown.minute
            length = draw.choice([1, 30, 60, 600, 1400])
            start = draw.choice([near, (near - length) % 1440])
            moments = sorted(edge + draw.randrange(-NEAR, NEAR) for _ in range(MOMENTS))
            yield Case(zone, QuietHours(start, (start + length) % 1440), tuple(moments))


def at(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def shared(moment: int, own_off: int, database_off: int) -> tuple[datetime, Doubt]:
    """Give what a worker takes the time to be, who has just asked the database."""
    clock = SharedClock(lambda: at(moment + own_off), elapsed=lambda: 0.0)
    clock.heard(at(moment + database_off), asked=0.0, answered=0.0)
    return clock(), clock.doubt()


def known(case: Case, now: datetime, doubt: Doubt, lead: timedelta) -> Facts:
    wishes = Wishes(consents=(yes(),), quiet_hours=case.quiet)
    zone = CustomerZone(ZoneInfo(case.zone), "customer")
    return facts(now=now, wishes=wishes, zone=zone, purposes=AT_ONCE, doubt=doubt, lead=lead, cart=None)


class Oracle:
    """Says whether it is quiet, by the C library's clock."""

    def __init__(self) -> None:
        self._wanted: dict[str, set[int]] = {}
        self._shown: dict[tuple[str, int], int] = {}

    def want(self, zone: str, moments: Iterator[int]) -> None:
        self._wanted.setdefault(zone, set()).update(moment // 60 * 60 for moment in moments)

    async def ask(self) -> None:
        asked = {zone: sorted(moments) for zone, moments in self._wanted.items()}
        for zone, shown in (await wall_clocks.minutes(asked)).items():
            self._shown |= {(zone, moment): minute for moment, minute in zip(asked[zone], shown, strict=True)}

    def is_quiet(self, case: Case, moment: int) -> bool:
        """Count on from the start of the quiet: said otherwise than the code says it."""
        since = (self._shown[case.zone, moment // 60 * 60] - case.quiet.start_minute) % 1440
        return since < (case.quiet.end_minute - case.quiet.start_minute) % 1440

    def is_quiet_within(self, case: Case, begin: int, end: int) -> bool:
        return any(self.is_quiet(case, moment) for moment in (*range(begin, end, 60), end))


async def test_nothing_is_sent_in_quiet_hours_anywhere_though_a_clock_is_ten_minutes_off() -> None:
    zones, oracle = drawn_zones(), Oracle()
    edges = await wall_clocks.edges(zones, BEGIN, END)
    cases = [case for zone in zones for case in cases_of(zone, edges[zone], chance("quiet", zone))]
    for case in cases:
        oracle.want(case.zone, (near for one in case.moments for near in range(one - 720, one + 840, 60)))
    await oracle.ask()
    judged = sent = wrong = needless = endless = by_one_clock = 0
    for case in cases:
        for moment in case.moments:
            is_quiet = oracle.is_quiet_within(case, moment, moment + 60)
            is_clear = not oracle.is_quiet_within(case, moment - OFF - 60, moment + OFF + 120)
            for own_off, database_off in CLOCKS:
                now, doubt = shared(moment, own_off, database_off)
                outcome = judge(message(create_time=now), known(case, now, doubt, LEAD)).outcome
                judged += 1
                sent += isinstance(outcome, Send)
                wrong += isinstance(outcome, Send) and is_quiet
                needless += is_clear and not isinstance(outcome, Send)
                endless += isinstance(outcome, Wait) and not now < outcome.until <= now + ALWAYS
                if own_off:  # what a worker would do that goes by its own clock: these tests have to see it
                    own = known(case, at(moment + own_off), Doubt(), timedelta())
                    by_one_clock += is_quiet and isinstance(judge(message(), own).outcome, Send)
    assert by_one_clock > 0
    assert sent > 0
    note(
        "quiet-hours",
        seed=seed(),
        done=judged,
        wanted="0 sent in quiet hours, 0 held back without need, 0 waiting for ever",
        found=f"{wrong} sent in quiet hours, {needless} held back without need, {endless} waiting for ever, in "
        f"{len(zones)} time zones around {sum(map(len, edges.values()))} changes of clocks "
        f"(a worker by its own clock: {by_one_clock})",
        ok=wrong == needless == endless == 0 and (share() < 1 or len(zones) == len(ZONES)),
    )
