"""What a channel or a member of staff asks of one customer's campaigns."""

from dataclasses import dataclass

from libs.clock import Clock
from libs.mongo.record import Records
from libs.mongo.values import Decision, Outcome, Saved
from libs.origin import Stamp
from services.messaging.campaigns import errors, moves
from services.messaging.campaigns.values import Enrolment
from services.messaging.events import EnrolmentChanged, Event
from services.messaging.model import Change
from services.messaging.operations import Messages
from services.messaging.values import Messaging


@dataclass(frozen=True, slots=True)
class CustomerCampaigns:
    """The campaigns of one customer."""

    records: Records[Messaging, Event]
    messages: Messages
    clock: Clock

    async def list_enrolments(self, customer_id: str) -> tuple[Saved[Messaging], list[Enrolment]]:
        """Give the ways through campaigns, newest first. Raises CUSTOMER_NOT_FOUND."""
        saved = await self.messages.get(customer_id)
        return saved, list(reversed(saved.state.enrolments))

    async def take_out(
        self, customer_id: str, campaign_id: str, *, stamp: Stamp
    ) -> tuple[Outcome[Messaging], list[Enrolment]]:
        """End the customer's ways through one campaign. Raises CUSTOMER_NOT_FOUND, ENROLMENT_NOT_FOUND."""

        def decide(saved: Saved[Messaging]) -> Change:
            change = moves.take_out(saved.state, campaign_id, moves.TAKEN_OUT, now=self.clock())
            if change is None:
                raise errors.enrolment_not_found()
            ended = [event.enrolment.enrolment_id for event in change.events if isinstance(event, EnrolmentChanged)]
            return Decision(change.state, change.events, {"ended": " ".join(ended)})

        outcome = await self.records.run(customer_id, stamp, decide)
        ended = set(outcome.facts["ended"].split())
        return outcome, [one for one in outcome.saved.state.enrolments if one.enrolment_id in ended]
