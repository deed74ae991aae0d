"""Takes the steps of campaigns that are due for a customer, each with its message in one conditional write.

It runs before what is due is sent, in the same loop. A worker that dies between asking and writing has done nothing,
and whoever comes next takes the same step; one that comes second finds it taken.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from opentelemetry.trace import Tracer

from libs.clock import Clock
from libs.events.pauses import growing_pause
from libs.ids import NewId
from libs.mongo.record import Records
from libs.mongo.values import Saved
from libs.origin import Origin, Stamp
from libs.telemetry.causes import start_effect, working_in
from libs.telemetry.journey import journey_labels
from libs.telemetry.propagation import current_traceparent
from services.messaging.campaigns import moves
from services.messaging.campaigns.book import CampaignBook
from services.messaging.campaigns.definition import CampaignState
from services.messaging.campaigns.facts import CampaignSources
from services.messaging.campaigns.templates import known_templates
from services.messaging.campaigns.values import Enrolment
from services.messaging.deciding.sources import NotThere, SourceAway
from services.messaging.events import Event
from services.messaging.model import Change, Overtaken
from services.messaging.texts.book import TemplateBook
from services.messaging.values import Messaging

PART = "messaging-campaigns"
MOST_AT_ONCE = 60
"""How many writes one look at a customer takes at most."""
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=5)
"""How long it takes at most until a paused campaign that goes on is noticed, or a service that answers again."""

log = structlog.get_logger(__name__)

Decide = Callable[[Messaging], Change | None]


@dataclass(frozen=True, slots=True)
class Stepper:
    """Leads customers through campaigns."""

    records: Records[Messaging, Event]
    book: CampaignBook
    templates: TemplateBook
    sources: CampaignSources
    lifetime: timedelta
    """How long a message may wait beyond its time."""
    clock: Clock
    new_id: NewId
    tracer: Tracer | None = None
    count: Callable[[Iterable[Event]], None] = lambda _events: None
    """Told what was written, for the meters."""

    async def step_due(self, customer_id: str, go_on: Callable[[], bool] = lambda: True) -> None:
        """Take every step that is due, one after the other, while `go_on()`."""
        tried: set[Enrolment] = set()
        over: set[str] = set()
        for _ in range(MOST_AT_ONCE):
            if not go_on():
                return
            saved = await self.records.get(customer_id)
            ended = await self._ended_campaign(saved, over)
            if ended:
                over.add(ended)
                await self._take_out(saved, ended)
                continue
            now = self.clock()
            due = [one for one in saved.state.enrolments if one.due_time is not None and one.due_time <= now]
            one = next((one for one in due if one not in tried), None)
            if one is None:
                return
            tried.add(one)
            await self._traced(saved, one)

    async def _ended_campaign(self, saved: Saved[Messaging], known: set[str]) -> str:
        """Give a campaign that is over, of which something is due here; empty where there is none."""
        now = self.clock()
        due = {one.campaign_id for one in saved.state.enrolments if one.due_time is not None and one.due_time <= now}
        due |= {
            message.campaign.campaign_id
            for message in saved.state.waiting
            if message.campaign is not None and message.due_time <= now
        }
        for campaign_id in sorted(due - known):
            if await self.book.state_of(campaign_id) is CampaignState.ENDED:
                return campaign_id
            known.add(campaign_id)
        return ""

    async def _take_out(self, saved: Saved[Messaging], campaign_id: str) -> None:
        await self._write(
            saved.customer_id,
            lambda state: moves.take_out(state, campaign_id, moves.CAMPAIGN_ENDED, now=self.clock()),
        )

    async def _traced(self, saved: Saved[Messaging], one: Enrolment) -> None:
        """Take a step within the trace of what let them enter, or in one linked to it where that is long ago."""
        origin, age = one.trigger.origin, self.clock() - one.enter_time
        attributes: dict[str, str | int] = {
            "campaign.id": one.campaign_id,
            "campaign.version": one.campaign_version,
            "campaign.enrolment_id": one.enrolment_id,
        }
        with (
            journey_labels(
                journey_id=origin.journey_id,
                session_id=origin.session_id,
                channel_id=PART,
                customer_id=saved.customer_id,
            ),
            working_in(
                start_effect("campaign step", cause=origin.traceparent, age=age, attributes=attributes, by=self.tracer)
            ),
        ):
            await self._step(saved, one)

    async def _step(self, saved: Saved[Messaging], one: Enrolment) -> None:
        state = await self.book.state_of(one.campaign_id)
        if state is CampaignState.PAUSED:
            await self._put_off(saved, one, "campaign_paused")
            return
        try:
            definition = await self.book.text(one.campaign_id, one.campaign_version)
        except ValueError:  # written by a newer version of the suite: a replica that knows it takes the step
            await self._put_off(saved, one, "not_understood")
            return
        if definition is None:
            await self._take_out(saved, one.campaign_id)
            return
        try:
            facts = await self.sources.facts(saved, one, definition)
        except SourceAway as away:
            await self._put_off(saved, one, str(away))
            return
        except NotThere:
            await self._write(
                saved.customer_id,
                lambda state: moves.take_out(state, one.campaign_id, moves.CUSTOMER_NOT_FOUND, now=self.clock()),
            )
            return
        except Exception as error:  # what nobody foresaw is tried again at leisure, and holds up no other
            log.exception("campaign_step_failed", enrolment_id=one.enrolment_id, exc_info=error)
            await self._put_off(saved, one, "unforeseen")
            return
        templates = frozenset(await known_templates(self.templates, definition))
        await self._write(
            saved.customer_id,
            lambda state: moves.step(
                state,
                one,
                definition,
                facts,
                customer_id=saved.customer_id,
                templates=templates,
                lifetime=self.lifetime,
                now=self.clock(),
            ),
            of=one,
        )

    async def _put_off(self, saved: Saved[Messaging], one: Enrolment, why: str) -> None:
        log.info("campaign_waits", enrolment_id=one.enrolment_id, why=why)
        pause = growing_pause(one.tries + 1, first=FIRST_PAUSE, most=LONGEST_PAUSE)
        await self._write(saved.customer_id, lambda state: moves.put_off(state, one, self.clock() + pause), of=one)

    async def _write(self, customer_id: str, decide: Decide, *, of: Enrolment | None = None) -> None:
        """Write, unless somebody else was faster: then there is nothing to do."""
        written: tuple[Event, ...] = ()

        def on(saved: Saved[Messaging]) -> Change:
            nonlocal written
            change = decide(saved.state)
            if change is None:
                raise Overtaken
            written = change.events
            return change

        origin = Origin.system(PART, traceparent=current_traceparent())
        if of is not None:
            caused = of.trigger.origin
            origin = replace(origin, session_id=caused.session_id, journey_id=caused.journey_id)
        try:
            await self.records.run(customer_id, Stamp.internal(f"step:{self.new_id('stp')}", origin), on)
        except Overtaken:
            return
        self.count(written)
