"""Takes in what all areas announce, and lays it out for those who subscribed to it."""

from collections.abc import Callable, Iterable

from google.protobuf.message import Message

from libs.clock import Clock
from libs.events.streams import header_of
from libs.timestamps import from_timestamp
from services.messaging.subscriptions.book import SubscriptionBook
from services.messaging.subscriptions.deliveries import Deliveries
from services.messaging.subscriptions.event_types import event_type_of
from services.messaging.subscriptions.metrics import HookMetrics
from services.messaging.subscriptions.store import new_delivery
from services.messaging.subscriptions.values import RETENTION, Subscription


class HookIntake:
    """One event after the other; safe to repeat."""

    def __init__(
        self,
        *,
        book: SubscriptionBook,
        deliveries: Deliveries,
        nudge: Callable[[Iterable[str]], None],
        metrics: HookMetrics,
        clock: Clock,
    ) -> None:
        self._book = book
        self._deliveries = deliveries
        self._nudge = nudge
        self._metrics = metrics
        self._clock = clock

    async def handle(self, area: str, event: Message) -> None:
        """Lay an event out for every subscription that was there when it was committed and wants it.

        One of a future version is for nobody. One that was met in a replay and is older than what is kept is not
        posted again: whoever wanted it had it.
        """
        event_type = event_type_of(area, event)
        if not event_type:
            self._metrics.events.labels("unknown").inc()
            return
        header, now = header_of(event), self._clock()
        record_time = from_timestamp(header.record_time)
        if now - record_time > RETENTION:
            return
        hook_ids = [
            subscription.hook_id
            for subscription in await self._book.committed()
            if (subscription.create_time or now) <= record_time and _wants(subscription, event_type, event)
        ]
        if hook_ids:
            await self._deliveries.add([new_delivery(hook_id, area, event_type, event, now) for hook_id in hook_ids])
            self._metrics.events.labels("queued").inc(len(hook_ids))
            self._nudge(hook_ids)


def _wants(subscription: Subscription, event_type: str, event: Message) -> bool:
    channel = header_of(event).channel
    return subscription.wanted.wants(event_type, channel_kind=channel.kind, channel_id=channel.id)
