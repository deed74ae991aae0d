"""Listens to cart and the aggregator: orders and visits become facts about the customer, each once."""

from dataclasses import dataclass, replace

from google.protobuf.message import Message

from libs.errors import conflict
from libs.events.streams import header_of
from libs.mongo.record import Records
from libs.mongo.values import Decision, Saved
from libs.origin import Origin, Stamp
from services.profile.facts import Source, count
from services.profile.facts_fields import news_of
from services.profile.model import Profile
from services.profile.store import Announced, silent_decision_of


class NothingToDo(Exception):
    """The record already is as it should be, so nothing is written."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Takes in one event after the other."""

    records: Records[Profile, Announced]

    async def handle(self, area: str, event: Message) -> None:
        """Take in an event; what changes no fact costs nothing. Safe to repeat.

        Raises CUSTOMER_ERASED, which whoever hands events over takes as done, and CONFLICT while the event's customer
        is being parted from the one who was it: a little later it is clear whose event it is.
        """
        news = news_of(event)
        if news is None:
            return
        header = header_of(event)
        source = Source(header.customer_id, area, header.epoch, header.seq)

        def decide(saved: Saved[Profile]) -> Decision[Profile, Announced]:
            if saved.state.create_time is None:
                raise NothingToDo  # forgotten, or of a profile database older than the event
            if source.customer_id not in saved.lineage:
                raise conflict()
            ledger = count(saved.state.ledger, news, source)
            if ledger is None:
                raise NothingToDo
            return silent_decision_of(replace(saved.state, ledger=ledger))

        origin = Origin.system("profile-facts", traceparent=header.traceparent)
        stamp = Stamp.internal(f"facts:{area}:{header.event_id}", origin)
        try:
            await self.records.run(source.customer_id, stamp, decide)
        except NothingToDo:
            return
