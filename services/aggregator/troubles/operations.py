"""Coordinates: a trouble becomes a touchpoint of whoever the customer is today, once."""

from collections.abc import Callable
from dataclasses import dataclass

from libs.errors import OmnithreadError, Status
from libs.mongo.members import get_member
from libs.mongo.values import Saved
from libs.origin import Origin, Stamp
from libs.telemetry.causes import start_effect, working_in
from libs.telemetry.journey import journey_labels
from services.aggregator.model import Change
from services.aggregator.operations import Journeys, NothingToDo
from services.aggregator.store import TOUCHPOINTS
from services.aggregator.touchpoint_spans import tell_newest_on_span
from services.aggregator.troubles.model import note_trouble, touchpoint_id_of
from services.aggregator.troubles.values import Trouble
from services.aggregator.values import Thread


@dataclass(frozen=True, slots=True)
class Troubles:
    """Notes troubles."""

    journeys: Journeys

    async def note(self, customer_id: str, trouble: Trouble) -> bool:
        """Note one, and say whether that was new. Two reads and one conditional write.

        A customer who was forgotten, or is not known, has no journey to note it in.
        """
        journey_id = self.journeys.new_id("jrn")
        origin = Origin(
            channel_id=trouble.channel.id,
            channel_kind=trouble.channel.kind,
            session_id=trouble.session_id,
            traceparent=trouble.traceparent,
        )

        def decide(saved: Saved[Thread]) -> Change:
            if not saved.exists:
                raise NothingToDo
            change = note_trouble(
                saved.state, trouble, of_customer_id=customer_id, journey_id=journey_id, rules=self.journeys.rules
            )
            if change is None:
                raise NothingToDo
            return change

        try:
            saved = await self.journeys.records.get(customer_id)
            known = await get_member(self.journeys.database, TOUCHPOINTS, saved, touchpoint_id_of(trouble))
            if known is not None:
                return False
            return await self._note(saved.customer_id, trouble, origin, decide)
        except OmnithreadError as error:
            if error.status is Status.NOT_FOUND:
                return False
            raise

    async def _note(
        self, customer_id: str, trouble: Trouble, origin: Origin, decide: Callable[[Saved[Thread]], Change]
    ) -> bool:
        """Write it inside a span in the trace of what failed, which leads to the touchpoint before it."""
        touchpoint_id = touchpoint_id_of(trouble)
        age = self.journeys.clock() - trouble.time
        with (
            journey_labels(channel_id=origin.channel_id, session_id=origin.session_id, customer_id=customer_id),
            working_in(start_effect("problem noted", cause=origin.traceparent, age=age)),
        ):
            stamp = Stamp.internal(f"trouble:{touchpoint_id}", origin)
            try:
                outcome = await self.journeys.records.run(customer_id, stamp, decide)
            except NothingToDo:  # no fault: the span stays without one
                return False
            tell_newest_on_span(outcome.saved.state, touchpoint_id)
            return not outcome.replayed
