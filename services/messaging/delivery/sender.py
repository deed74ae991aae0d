"""Sends what is due for one customer, step by step.

One conditional write on the customer's record decides who takes each step (`model.py`):

- into the inbox and onto a display: the text and its being sent are one write, so it is there exactly once;
- to a provider: claimed, handed over, settled (`delivery/handing_over`).

Whatever goes wrong with one message holds up no other, of this customer or another.
"""

from collections import Counter as Tally
from collections.abc import Callable
from datetime import datetime

import structlog
from opentelemetry.trace import Tracer

from libs.errors import OmnithreadError
from libs.mongo.values import Saved
from libs.telemetry.causes import start_effect, working_in
from libs.telemetry.journey import journey_labels
from libs.telemetry.propagation import current_traceparent
from services.messaging import model
from services.messaging.deciding.judgement import Judgement, only
from services.messaging.deciding.last_look import CalledOff
from services.messaging.deciding.prepared import Away, End, Ready
from services.messaging.deciding.preparing import Preparing
from services.messaging.deciding.verdicts import Wait
from services.messaging.delivery.handing_over import HandingOver
from services.messaging.delivery.patience import Patience
from services.messaging.delivery.providers import BUILT_IN
from services.messaging.delivery.steps import PART, Steps
from services.messaging.model import Overtaken
from services.messaging.values import Content, Message, MessageId, MessageState, Messaging, Reason

MOST_TRIES_AT_ONCE = 5

log = structlog.get_logger(__name__)


class Sender:
    """Takes the next step with each message that is due."""

    def __init__(
        self,
        *,
        steps: Steps,
        preparing: Preparing,
        handing_over: HandingOver,
        patience: Patience,
        tracer: Tracer | None = None,
    ) -> None:
        self._steps = steps
        self._records = steps.records
        self._clock = steps.clock
        self._preparing = preparing
        self._handing_over = handing_over
        self._patience = patience
        self._tracer = tracer

    async def send_due(self, customer_id: str, go_on: Callable[[], bool] = lambda: True) -> None:
        """Take a step with every message of the customer that is due, one after the other, while `go_on()`.

        What nobody foresaw is raised at the end, when the others had their turn.
        """
        tries: Tally[MessageId] = Tally()
        unforeseen: Exception | None = None
        while go_on():
            saved = await self._records.get(customer_id)
            now = self._clock()
            due = [message for message in saved.state.waiting if message.due_time <= now]
            message = next((message for message in due if tries[message.message_id] < MOST_TRIES_AT_ONCE), None)
            if message is None:
                break
            tries[message.message_id] += 1
            try:
                await self._traced(saved, message)
                tries[message.message_id] = MOST_TRIES_AT_ONCE
            except Overtaken:
                continue  # by another worker, a checkout, another message: look again
            except OmnithreadError:
                raise  # the record cannot be written now
            except Exception as error:  # noqa: BLE001  raised below: it holds up no other message
                log.warning("message_step_failed", message_id=message.message_id)
                unforeseen = error
                tries[message.message_id] = MOST_TRIES_AT_ONCE
        if unforeseen is not None:
            raise unforeseen

    async def _traced(self, saved: Saved[Messaging], message: Message) -> None:
        """Take a step within the trace of what caused the message, or in one linked to it where that is long ago."""
        origin, age = message.origin, self._clock() - message.create_time
        attributes = {
            "message.id": message.message_id,
            "message.purpose": message.purpose,
            "message.template_id": message.template_id,
        }
        with (
            journey_labels(
                journey_id=origin.journey_id,
                session_id=origin.session_id,
                channel_id=PART,
                customer_id=saved.customer_id,
            ),
            working_in(
                start_effect("message due", cause=origin.traceparent, age=age, attributes=attributes, by=self._tracer)
            ),
        ):
            await self._step(saved, message)

    async def _step(self, saved: Saved[Messaging], message: Message) -> None:
        content = await self._steps.content(saved, message)
        if message.state is MessageState.SENDING:
            await self._handing_over.resolve(saved, message, content)
        elif self._clock() >= message.expire_time:
            late = only("expiry", "SKIP", Reason.EXPIRED, time=self._clock(), traceparent=current_traceparent())
            await self._end(saved, message, late, End(MessageState.SKIPPED, Reason.EXPIRED), content)
        else:
            await self._try_to_send(saved, message, content)

    async def _try_to_send(self, saved: Saved[Messaging], message: Message, content: Content) -> None:
        try:
            prepared = await self._preparing.prepare(saved.customer_id, message, content, saved.state)
        except Exception as error:  # what nobody foresaw is tried again at leisure, and holds up no other message
            log.exception("message_not_prepared", message_id=message.message_id, exc_info=error)
            await self._not_prepared(saved, message, content)
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
                await self._end(saved, message, judgement, end, content)
            case Ready(kind=kind) as ready if kind in BUILT_IN:
                await self._show(saved, message, judgement, ready)
            case Ready(kind=kind) as ready:
                provider = self._handing_over.provider_of(message, kind)
                if provider is None:
                    await self._end(saved, message, judgement, End(MessageState.SKIPPED, Reason.NO_PROVIDER), content)
                else:
                    await self._handing_over.send(provider, saved, message, judgement, ready)

    async def _not_prepared(self, saved: Saved[Messaging], message: Message, content: Content) -> None:
        now, traceparent = self._clock(), current_traceparent()
        if self._patience.is_over(message):
            fault = only("content", "SKIP", Reason.NOT_PREPARED, time=now, traceparent=traceparent)
            await self._end(saved, message, fault, End(MessageState.FAILED, Reason.NOT_PREPARED), content)
        else:
            fault = only("content", "WAIT", "FAULT", time=now, traceparent=traceparent)
            until = self._patience.retry_time(message, now)
            await self._put_off(saved, message, fault, until, tried=True, failed=True)

    async def _put_off(
        self,
        saved: Saved[Messaging],
        message: Message,
        judgement: Judgement,
        until: datetime,
        *,
        tried: bool = False,
        failed: bool = False,
    ) -> None:
        await self._steps.write(
            saved.customer_id,
            message,
            lambda state, _now: model.put_off(
                *model.noting(state, message, judgement), due_time=until, tried=tried, failed=failed
            ),
        )

    async def _end(
        self, saved: Saved[Messaging], message: Message, judgement: Judgement, end: End, content: Content
    ) -> None:
        await self._steps.write(
            saved.customer_id,
            message,
            lambda state, now: model.end(
                *model.noting(state, message, judgement),
                as_state=end.as_state,
                reason=end.reason,
                now=now,
                content=content if end.as_state is MessageState.FAILED else None,
            ),
        )

    async def _show(self, saved: Saved[Messaging], message: Message, judgement: Judgement, ready: Ready) -> None:
        if ready.last_look is not None:
            try:
                await ready.last_look()
            except CalledOff:
                until = self._patience.retry_time(message, self._clock())
                await self._put_off(saved, message, judgement, until, tried=True)
                return
        await self._steps.write(
            saved.customer_id,
            message,
            lambda state, now: model.put_into_inbox(
                *model.noting(state, message, judgement),
                ready.content,
                kind=ready.kind,
                subject=ready.subject,
                counted=saved.state.sent,
                now=now,
            ),
        )
