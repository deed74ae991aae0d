"""Notes which sections were missing in our own answers; the answer neither waits for that nor fails with it."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from libs.channel import Channel
from libs.clock import Clock
from libs.errors import OmnithreadError
from libs.origin import Origin
from libs.rpc.call import call_or_none
from omnithread.context.v1.context_pb2 import (
    SECTION_PROBLEM_REASON_DEADLINE_EXCEEDED,
    SECTION_PROBLEM_REASON_FAILED,
    SECTION_PROBLEM_REASON_UNAVAILABLE,
    Section,
    SectionProblemReason,
)
from services.aggregator.context import AREAS, Problem
from services.aggregator.troubles.operations import Troubles
from services.aggregator.troubles.values import Trouble

MISSING = frozenset(
    {
        SECTION_PROBLEM_REASON_UNAVAILABLE,
        SECTION_PROBLEM_REASON_DEADLINE_EXCEEDED,
        SECTION_PROBLEM_REASON_FAILED,
    }
)
"""A section that is there, and only behind, is none."""
ONCE_IN = timedelta(minutes=5)
"""Of one customer and section one is noted in so long."""
MOST_WAITING = 1000
MOST_REMEMBERED = 10_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    customer_id: str
    trouble: Trouble


class MissingSections:
    """A bounded queue of what is to be noted; what finds no room is left out."""

    def __init__(self, *, troubles: Troubles, clock: Clock) -> None:
        self._troubles = troubles
        self._clock = clock
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(MOST_WAITING)
        self._noted: OrderedDict[str, None] = OrderedDict()

    def note(self, customer_id: str, problems: Iterable[Problem], origin: Origin) -> None:
        """Note what was missing in an answer; returns at once, and never raises."""
        for problem in problems:
            if problem.reason in MISSING:
                self._add(customer_id, problem, origin)

    async def run(self) -> None:
        """Write what waits, until cancelled."""
        while True:
            waiting = await self._queue.get()
            try:
                await self._troubles.note(waiting.customer_id, waiting.trouble)
            except OmnithreadError as error:
                log.info("trouble_not_noted", customer_id=waiting.customer_id, reason=error.reason)

    def _add(self, customer_id: str, problem: Problem, origin: Origin) -> None:
        now, call = self._clock(), call_or_none()
        section = Section.Name(Section.ValueType(problem.section)).removeprefix("SECTION_").lower()
        slot = int(now.timestamp() // ONCE_IN.total_seconds())
        key = f"section:{section}:{customer_id}:{slot}"
        if key in self._noted or self._queue.full():
            return
        self._noted[key] = None
        while len(self._noted) > MOST_REMEMBERED:
            self._noted.popitem(last=False)
        trouble = Trouble(
            key=key,
            area=AREAS[problem.section],
            method=call.method.rpartition("/")[2] if call else "",
            reason=SectionProblemReason.Name(SectionProblemReason.ValueType(problem.reason)).removeprefix(
                "SECTION_PROBLEM_REASON_"
            ),
            channel=Channel(origin.channel_id, origin.channel_kind),
            time=now,
            session_id=origin.session_id,
            traceparent=origin.traceparent,
            section=section,
        )
        self._queue.put_nowait(_Waiting(customer_id, trouble))
