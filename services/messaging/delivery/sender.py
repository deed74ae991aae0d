"""Sends what is due for one customer, step by step, and notes what became of it.

One conditional write on the customer's record decides who takes each step (`model.py`):

- into the inbox: the text and its being sent are one write, so it is there exactly once;
- to a mail server: the message is claimed first (`SENDING`, with a lease), handed over, and settled. A worker that
  stops in between leaves it claimed; when the lease ends it becomes `UNKNOWN`, and nobody sends it again.
"""

import asyncio
from collections import Counter as Tally
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from opentelemetry.trace import Tracer

from libs.clock import Clock
from libs.errors import CUSTOMER_ERASED, OmnithreadError
from libs.events.pauses import growing_pause
from libs.ids import NewId
from libs.mongo.connection import Database
from libs.mongo.members import get_member
from libs.mongo.record import Records
from libs.mongo.values import Saved
from libs.origin import Origin, Stamp
from libs.telemetry.causes import span_of_effect
from libs.telemetry.journey import journey_labels
from libs.telemetry.propagation import current_traceparent
from services.messaging import model
from services.messaging.deciding.judgement import Judgement, only
from services.messaging.deciding.prepared import Away, End, Ready
from services.messaging.deciding.preparing import Preparing
from services.messaging.deciding.verdicts import Wait
from services.messaging.delivery.mail import Mail, Mailer, NotTaken, Refused, Unsure, compose
from services.messaging.delivery.outcomes import Outcomes
from services.messaging.events import Event, MessageStateChanged
from services.messaging.model import Change, Overtaken
from services.messaging.store import MESSAGES, message_from_document
from services.messaging.values import (
    Content,
    DeliveryKind,
    Message,
    MessageId,
    MessageState,
    Messaging,
    Reason,
    summary_of,
)

PART = "messaging-sender"
MOST_TRIES_AT_ONCE = 5
SETTLE_PAUSE_SECONDS = 0.5

log = structlog.get_logger(__name__)

Step = Callable[[Messaging, datetime], Change]
"""Takes the state and the time of writing."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what."""

    lease: timedelta
    """How long a worker may take for one mail; half of it is for the mail server."""
    retry_first: timedelta
    retry_longest: timedelta

    def retry_time(self, message: Message, now: datetime) -> datetime:
        """Give when to try again what could not be done now."""
        return now + growing_pause(message.attempts + 1, first=self.retry_first, most=self.retry_longest)


class Sender:
    """Takes the next step with each message that is due."""

    def __init__(
        self,
        *,
        records: Records[Messaging, Event],
        database: Database,
        preparing: Preparing,
        mailer: Mailer | None,
        patience: Patience,
        outcomes: Outcomes,
        clock: Clock,
        new_id: NewId,
        tracer: Tracer | None = None,
    ) -> None:
        self._records = records
        self._database = database
        self._preparing = preparing
        self._mailer = mailer
        self._patience = patience
        self._outcomes = outcomes
        self._clock = clock
        self._new_id = new_id
        self._tracer = tracer

    async def send_due(self, customer_id: str, go_on: Callable[[], bool] = lambda: True) -> None:
        """Take a step with every message of the customer that is due, one after the other, while `go_on()`."""
        tries: Tally[MessageId] = Tally()
        while go_on():
            saved = await self._records.get(customer_id)
            now = self._clock()
            due = [message for message in saved.state.waiting if message.due_time <= now]
            message = next((message for message in due if tries[message.message_id] < MOST_TRIES_AT_ONCE), None)
            if message is None:
                return
            tries[message.message_id] += 1
            try:
                await self._traced(saved, message)
                tries[message.message_id] = MOST_TRIES_AT_ONCE
            except Overtaken:
                continue  # by another worker, a checkout, another message: look again

    async def _traced(self, saved: Saved[Messaging], message: Message) -> None:
        """Take a step within the trace of what caused the message, or in one linked to it where that is long ago."""
        origin, age = message.origin, self._clock() - message.create_time
        attributes = {
            "message.id": message.message_id,
            "message.purpose": message.purpose,
            "message.template_id": message.template_id,
        }
        with (
            journey_labels(journey_id=origin.journey_id, session_id=origin.session_id, customer_id=saved.customer_id),
            span_of_effect("message due", cause=origin.traceparent, age=age, attributes=attributes, by=self._tracer),
        ):
            await self._step(saved, message)

    async def _step(self, saved: Saved[Messaging], message: Message) -> None:
        content = await self._content(saved, message)
        if message.state is MessageState.SENDING:
            await self._write(
                saved.customer_id,
                message,
                lambda state, now: model.give_up(state, message, content, reason=Reason.WORKER_LOST, now=now),
            )
        elif self._clock() >= message.expire_time:
            late = only("expiry", "SKIP", Reason.EXPIRED, time=self._clock(), traceparent=current_traceparent())
            await self._end(saved, message, late, End(MessageState.SKIPPED, Reason.EXPIRED))
        else:
            await self._try_to_send(saved, message, content)

    async def _try_to_send(self, saved: Saved[Messaging], message: Message, content: Content) -> None:
        try:
            prepared = await self._preparing.prepare(saved.customer_id, message, content, saved.state)
        except Exception as error:  # what nobody foresaw is tried again at leisure, and holds up no other message
            log.exception("message_not_prepared", message_id=message.message_id, exc_info=error)
            fault = only("content", "WAIT", "FAULT", time=self._clock(), traceparent=current_traceparent())
            await self._put_off(saved, message, fault, self._patience.retry_time(message, self._clock()), tried=True)
            return
        judgement = prepared.judgement
        match prepared.outcome:
            case Away(source):
                log.info("message_waits", message_id=message.message_id, source=source)
                until = self._patience.retry_time(message, self._clock())
                await self._put_off(saved, message, judgement, until, tried=True)
            case Wait(until):
                await self._put_off(saved, message, judgement, until)
            case End() as end:
                await self._end(saved, message, judgement, end)
            case Ready(kind=DeliveryKind.EMAIL) as ready if self._mailer is not None:
                await self._mail(self._mailer, saved, message, judgement, ready)
            case Ready() as ready:
                await self._put_into_inbox(saved, message, judgement, ready)

    async def _put_off(
        self, saved: Saved[Messaging], message: Message, judgement: Judgement, until: datetime, *, tried: bool = False
    ) -> None:
        await self._write(
            saved.customer_id,
            message,
            lambda state, _now: model.put_off(*model.noting(state, message, judgement), due_time=until, tried=tried),
        )

    async def _end(self, saved: Saved[Messaging], message: Message, judgement: Judgement, end: End) -> None:
        await self._write(
            saved.customer_id,
            message,
            lambda state, now: model.end(
                *model.noting(state, message, judgement), as_state=end.as_state, reason=end.reason, now=now
            ),
        )

    async def _put_into_inbox(
        self, saved: Saved[Messaging], message: Message, judgement: Judgement, ready: Ready
    ) -> None:
        await self._write(
            saved.customer_id,
            message,
            lambda state, now: model.put_into_inbox(
                *model.noting(state, message, judgement),
                ready.content,
                subject=ready.subject,
                counted=saved.state.sent,
                now=now,
            ),
        )

    async def _mail(
        self, mailer: Mailer, saved: Saved[Messaging], message: Message, judgement: Judgement, ready: Ready
    ) -> None:
        claim_id = self._new_id("clm")
        try:
            mail = compose(
                mailer.server,
                ready.rendered,
                message_id=message.message_id,
                address=ready.address,
                language=ready.content.language,
                now=self._clock(),
            )
        except Refused:
            await self._end(saved, message, judgement, End(MessageState.FAILED, Reason.REFUSED))
            return
        after = await self._write(
            saved.customer_id,
            message,
            lambda state, now: model.claim(
                *model.noting(state, message, judgement),
                ready.content,
                kind=ready.kind,
                subject=ready.subject,
                counted=saved.state.sent,
                claim_id=claim_id,
                lease_until=now + self._patience.lease,
                now=now,
            ),
        )
        claimed = next((mine for mine in after.state.waiting if mine.claim_id == claim_id), None)
        if claimed is None:
            raise Overtaken
        settled = await self._hand_over(mailer, mail, claimed, ready.content)
        await self._settle(after.customer_id, claimed, settled)

    async def _hand_over(self, mailer: Mailer, mail: Mail, claimed: Message, content: Content) -> Step:
        """Give the mail to the server, and say what is to be noted."""
        try:
            async with asyncio.timeout(self._patience.lease.total_seconds() / 2):
                await mailer.hand_over(mail)
        except Refused as refused:
            log.warning("mail_refused", message_id=claimed.message_id, code=str(refused))
            return lambda state, now: model.end(
                state, claimed, as_state=MessageState.FAILED, reason=Reason.REFUSED, now=now
            )
        except NotTaken as not_taken:
            log.warning("mail_not_taken", message_id=claimed.message_id, why=str(not_taken))
            return lambda state, now: model.put_back(
                state, claimed, content, due_time=self._patience.retry_time(claimed, now), now=now
            )
        except (Unsure, TimeoutError) as unsure:
            log.warning("mail_unsure", message_id=claimed.message_id, why=str(unsure))
            return lambda state, now: model.give_up(state, claimed, content, reason=Reason.OUTCOME_UNKNOWN, now=now)
        return lambda state, now: model.confirm(state, claimed, content, now=now)

    async def _settle(self, customer_id: str, claimed: Message, step: Step) -> None:
        """Note what became of a mail, and go on trying to until the lease ends: only this worker knows."""
        stamp = self._stamp(claimed)
        while True:
            try:
                await self._write(customer_id, claimed, step, stamp=stamp)
            except OmnithreadError as error:
                log.warning("mail_not_settled", message_id=claimed.message_id, reason=error.reason)
                if error.reason == CUSTOMER_ERASED or self._clock() >= claimed.due_time:
                    return
                await asyncio.sleep(SETTLE_PAUSE_SECONDS)
            else:
                return

    async def _write(
        self, customer_id: str, message: Message, step: Step, *, stamp: Stamp | None = None
    ) -> Saved[Messaging]:
        """Take one step, in one conditional write. Raises Overtaken."""
        taken: Change | None = None

        def decide(saved: Saved[Messaging]) -> Change:
            nonlocal taken
            taken = step(saved.state, self._clock())
            return taken

        outcome = await self._records.run(customer_id, stamp or self._stamp(message), decide)
        for event in taken.events if taken else ():
            if isinstance(event, MessageStateChanged):
                self._outcomes.count(summary_of(event.message))
                log.info("message_changed", **_tell(event.message))
        return outcome.saved

    def _stamp(self, message: Message) -> Stamp:
        origin = replace(
            Origin.system(PART, traceparent=current_traceparent()),
            session_id=message.origin.session_id,
            journey_id=message.origin.journey_id,
        )
        return Stamp.internal(f"send:{self._new_id('snd')}", origin)

    async def _content(self, saved: Saved[Messaging], message: Message) -> Content:
        document = await get_member(self._database, MESSAGES, saved, message.message_id)
        return message_from_document(document)[1] if document else Content()


def _tell(message: Message) -> dict[str, str]:
    """Give what a log line may say of a message."""
    return {
        "message_id": message.message_id,
        "state": message.state,
        "reason": message.state_reason,
        "delivery_kind": message.delivery_kind or "",
    }
