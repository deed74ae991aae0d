"""Sweeps: ends journeys whose customer has been silent for too long, so that the end is announced and shown.

Every replica looks; one conditional write decides who announces. A journey ends once, and goes on where news of an act
in time turns up later.
"""

from dataclasses import replace
from datetime import datetime

import structlog

from libs.clock import Clock
from libs.origin import Origin, Stamp
from libs.sweeping import MAX_AT_ONCE, Sweep
from libs.telemetry.causes import start_effect, working_in
from libs.telemetry.journey import journey_labels
from libs.telemetry.propagation import current_traceparent
from services.aggregator.journey_spans import due_time, spans
from services.aggregator.operations import Journeys, NothingToDo
from services.aggregator.store import JOURNEY_DUE_TIME

PART = "journey-sweep"

log = structlog.get_logger(__name__)


class IdleJourneys:
    """Looks for journeys that are over, again and again."""

    def __init__(self, *, journeys: Journeys, clock: Clock, pause_seconds: float) -> None:
        self._journeys = journeys
        self._clock = clock
        self._sweep = Sweep(name="idle-journeys", find=self._due, do=self._end, pause_seconds=pause_seconds)

    async def run(self) -> None:
        """Look until cancelled."""
        await self._sweep.run()

    async def sweep(self) -> None:
        """End the journeys whose time has come, at most 500, longest over first; one that fails holds up no other."""
        await self._sweep.sweep()

    async def _due(self) -> list[str]:
        return await self._journeys.records.due(JOURNEY_DUE_TIME, self._clock(), MAX_AT_ONCE)

    async def _end(self, customer_id: str) -> None:
        thread = (await self._journeys.records.get_exact(customer_id)).state
        due = due_time(thread.timeline)
        if due is None:
            return  # another replica was faster
        journey_id = spans(thread.timeline)[-1].journey_id
        cause = thread.recent_touchpoints[0].traceparent if thread.recent_touchpoints else ""
        with (
            journey_labels(journey_id=journey_id, channel_id=PART, customer_id=customer_id),
            working_in(start_effect("journey ended", cause=cause, age=thread.timeline.journeys[-1].gap)),
        ):
            try:
                await self._journeys.close_idle(customer_id, _stamp(customer_id, journey_id, due))
            except NothingToDo:
                return
        log.info("journey_ended", customer_id=customer_id, journey_id=journey_id)


def _stamp(customer_id: str, journey_id: str, due: datetime) -> Stamp:
    """Give the same request id on every replica for one end of a journey, which its due time stands for."""
    origin = replace(Origin.system(PART, traceparent=current_traceparent()), journey_id=journey_id)
    return Stamp.internal(f"over:{customer_id}:{int(due.timestamp() * 1000)}", origin)
