"""Posts one event to one receiver: claims it, posts it, notes what became of it."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer

from libs.clock import Clock
from libs.ids import NewId
from libs.telemetry.causes import start_effect, working_in
from libs.telemetry.journey import journey_labels
from libs.webhooks.answers import WebhookError, WebhookNotTaken, WebhookRefused
from libs.webhooks.client import MAX_BODY_BYTES, WebhookClient, WebhookTarget
from services.messaging.subscriptions.cloud_events import CONTENT_TYPE, TEST_TYPE, body_of, test_body
from services.messaging.subscriptions.deliveries import OVERTAKEN_AFTER, Deliveries, Tried
from services.messaging.subscriptions.health import Healths
from services.messaging.subscriptions.metrics import HookMetrics
from services.messaging.subscriptions.values import Delivery, DeliveryState, Health, Subscription

LONGEST_PAUSE = timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(hours=24)
TAKEN = "taken"
UNREADABLE = "unreadable"
TOO_LARGE = "too_large"
MOST_DOUBLINGS = 20


def pause_after(tries: int, error: WebhookError, *, first: timedelta, share: float) -> timedelta:
    """Say how long to wait after the `tries`-th failure: doubled each time up to an hour, less a random part.

    `share` is drawn from 0 to 1. The receiver may ask for longer.
    """
    doubled = min(LONGEST_PAUSE, first * (1 << min(tries - 1, MOST_DOUBLINGS)))
    pause = doubled / 2 + doubled / 2 * share
    asked = error.retry_after_seconds if isinstance(error, WebhookNotTaken) else None
    return max(pause, timedelta(seconds=asked or 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """Posts events. What a worker that dies leaves behind is posted again when its lease is over."""

    deliveries: Deliveries
    healths: Healths
    client: WebhookClient
    metrics: HookMetrics
    clock: Clock
    new_id: NewId
    random: random.Random
    lease: timedelta
    retry_first: timedelta
    tracer: Tracer | None

    async def post(self, subscription: Subscription, delivery: Delivery, health: Health) -> bool:
        """Post one that is due; False where it has to wait for another, somebody else has it, or it is no event."""
        now = self.clock()
        if await self.deliveries.is_held(delivery, now=now):
            return False
        lease = self.new_id("lea")
        if not await self.deliveries.claim(delivery, lease, until=now + self.lease):
            return False
        try:
            body = body_of(delivery.area, delivery.payload)
        except Exception:  # noqa: BLE001  whatever it is, no try would end otherwise
            await self._give_up(delivery, lease, Tried(UNREADABLE, 0, now), UNREADABLE)
            return False
        if len(body) > MAX_BODY_BYTES:
            await self._give_up(delivery, lease, Tried(TOO_LARGE, 0, now), TOO_LARGE)
            return False
        with self._span(subscription, delivery, now) as span:
            try:
                answer = await self._send(subscription, delivery.event_id, delivery.event_type, body)
            except WebhookError as error:
                span.set_status(StatusCode.ERROR, error.why)
                await self._failed(delivery, lease, error, health)
            else:
                tried = Tried(TAKEN, answer, self.clock())
                await self.deliveries.end(delivery, lease, tried, DeliveryState.TAKEN)
                await self.healths.taken(health, tried.time)
                self.metrics.tries.labels(TAKEN).inc()
                self.metrics.delay_seconds.observe((tried.time - delivery.record_time).total_seconds())
        return True

    async def post_test(self, subscription: Subscription, event_id: str) -> Tried:
        """Post a test event once, and say how it went. Nothing is noted."""
        now = self.clock()
        body = test_body(event_id, subscription.subscription_id, now)
        try:
            status = await self._send(subscription, event_id, TEST_TYPE, body)
        except WebhookError as error:
            return Tried(error.why, error.status, now)
        return Tried(TAKEN, status, now)

    async def _send(self, subscription: Subscription, key: str, kind: str, body: bytes) -> int:
        now = self.clock()
        target = WebhookTarget(subscription.wanted.url, subscription.signing_secrets(now), CONTENT_TYPE)
        return (await self.client.post(target, key=key, kind=kind, body=body, now=now)).status

    async def _failed(self, delivery: Delivery, lease: str, error: WebhookError, health: Health) -> None:
        """Try it again later, or give it up; what a resting receiver was tried with is never given up for that."""
        now = self.clock()
        is_probe = health.rest_until is not None
        tried = Tried(error.why, error.status, now)
        refused = isinstance(error, WebhookRefused)
        kind = "refused" if refused else "not_taken" if isinstance(error, WebhookNotTaken) else "unsure"
        is_late = now - (delivery.start_time or now) >= GIVEN_UP_AFTER and delivery.tries + 1 >= OVERTAKEN_AFTER
        if not is_probe and (refused or is_late):
            await self._give_up(delivery, lease, tried, kind)
        else:
            share = self.random.random()
            pause = pause_after(delivery.tries + 1, error, first=self.retry_first, share=share)
            await self.deliveries.put_off(delivery, lease, tried, until=now + pause)
            self.metrics.tries.labels(kind).inc()
        await self.healths.failed(health, error.why, now)

    async def _give_up(self, delivery: Delivery, lease: str, tried: Tried, kind: str) -> None:
        await self.deliveries.end(delivery, lease, tried, DeliveryState.DEAD)
        self.metrics.tries.labels(kind).inc()
        self.metrics.given_up.inc()

    @contextmanager
    def _span(self, subscription: Subscription, delivery: Delivery, now: datetime) -> Iterator[Span]:
        attributes: dict[str, str | int] = {
            "messaging.operation.type": "send",
            "messaging.message.id": delivery.event_id,
            "subscription.id": subscription.subscription_id,
            "try": delivery.tries + 1,
        }
        with (
            journey_labels(journey_id="", session_id="", channel_id="", customer_id=delivery.customer_id),
            working_in(
                start_effect(
                    "post event",
                    cause=delivery.traceparent,
                    age=now - delivery.record_time,
                    kind=SpanKind.CLIENT,
                    attributes=attributes,
                    by=self.tracer,
                )
            ) as span,
        ):
            yield span
