"""Coordinates: a trouble becomes a touchpoint of whoever the customer is today, once."""

from dataclasses import dataclass

from libs.errors import OmnithreadError, Status
from libs.mongo.members import get_member
from libs.mongo.values import Saved
from libs.origin import Origin, Stamp
from services.aggregator.model import Change
from services.aggregator.operations import Journeys, NothingToDo
from services.aggregator.store import TOUCHPOINTS
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
            change = note_trouble(saved.state, trouble, journey_id=journey_id, rules=self.journeys.rules)
            if change is None:
                raise NothingToDo
            return change

        try:
            saved = await self.journeys.records.get(customer_id)
            known = await get_member(self.journeys.database, TOUCHPOINTS, saved, touchpoint_id_of(trouble))
            if known is not None:
                return False
            stamp = Stamp.internal(f"trouble:{touchpoint_id_of(trouble)}", origin)
            return not (await self.journeys.records.run(customer_id, stamp, decide)).replayed
        except NothingToDo:
            return False
        except OmnithreadError as error:
            if error.status is Status.NOT_FOUND:
                return False
            raise
