"""One watcher's stream: waits for news, compares it with what was seen, and gives what is to be sent."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from opentelemetry.trace import INVALID_SPAN_CONTEXT

from libs.clock import Clock
from libs.errors import OmnithreadError, Status
from libs.rpc.call import Call
from libs.telemetry.propagation import span_context_of
from omnithread.context.v1 import watch_service_pb2 as pb
from services.aggregator.subject import Subject
from services.aggregator.watching import errors, metrics
from services.aggregator.watching.lineage import Lineage
from services.aggregator.watching.metrics import WatchMetrics
from services.aggregator.watching.news import News
from services.aggregator.watching.rounds import Rounds
from services.aggregator.watching.seen import Seen
from services.aggregator.watching.watchers import Cause, Watchers
from services.aggregator.watching.wire import Change, update_of


@dataclass(frozen=True, slots=True)
class Wish:
    """What a watcher wants."""

    subject: Subject
    changed_sections_only: bool
    heartbeat_seconds: float
    seen: Seen | None
    """From its token; None for a new watcher."""


@dataclass(frozen=True, slots=True)
class Watching:
    """Serves watchers."""

    watchers: Watchers
    rounds: Rounds
    lineage: Lineage
    metrics: WatchMetrics
    clock: Clock

    async def watch(self, wish: Wish, call: Call) -> AsyncGenerator[pb.WatchCustomerContextResponse, None]:
        """Give the context, then each change, and heartbeats. Without end.

        Raises WATCH_LIMIT, WATCH_STOPPED, WATCH_PARTED, CUSTOMER_NOT_FOUND, and what says that the token has run out.
        """
        watcher = self.watchers.add(wish.subject, call)
        self.rounds.want(watcher.group, Cause(call.traceparent, self.clock(), is_change=False))
        seen, is_first, reason = wish.seen, True, metrics.LEFT
        clock = asyncio.get_running_loop().time
        due = clock() + wish.heartbeat_seconds
        try:
            while True:
                # News that tell nothing new are no word to the caller: the heartbeat is due all the same.
                news = await watcher.next(within_seconds=max(0.0, due - clock()))
                call.check_again()
                change = await self._change(seen, news)
                if change is None and news is not None and not is_first:
                    continue
                is_first = is_first and news is None
                seen = news.seen if news is not None and change is not None else seen
                watcher.writing_since = clock()
                # Who comes back and has missed nothing gets a heartbeat at once.
                yield _response(wish, seen, news, change)
                watcher.writing_since, watcher.told = None, True
                due = clock() + wish.heartbeat_seconds
                self._count(news, change)
        except OmnithreadError as error:
            reason = reason_of(error)
            raise
        except Exception:
            reason = metrics.FAULT
            raise
        finally:
            if self.watchers.remove(watcher):
                self.metrics.ended.labels(reason).inc()

    async def _change(self, seen: Seen | None, news: News | None) -> Change | None:
        if news is None:
            return None
        if seen is not None and seen.customer_id != news.seen.customer_id:
            if not news.is_sure_who:
                return None  # it is asked again soon
            if not await self.lineage.leads(seen.customer_id, to=news.seen.customer_id):
                raise errors.watch_parted()
        return Change.between(seen, news.seen)

    def _count(self, news: News | None, change: Change | None) -> None:
        if news is None or change is None:
            return
        self.metrics.updates.inc()
        if news.changed_at is not None:
            seconds = max(0.0, (self.clock() - news.changed_at).total_seconds())
            change_span = span_context_of(news.traceparent) or INVALID_SPAN_CONTEXT
            self.metrics.change_seconds.observe(seconds, self.metrics.exemplars.of(seconds, change_span))


def _response(
    wish: Wish, seen: Seen | None, news: News | None, change: Change | None
) -> pb.WatchCustomerContextResponse:
    subject = wish.subject
    response = pb.WatchCustomerContextResponse()
    if seen is not None:
        response.resume_token = seen.to_token(asked_id=subject.customer_id, wanted=subject.wanted)
    if news is None or change is None:
        response.heartbeat.SetInParent()
    else:
        update = update_of(news.read, change, changed_sections_only=wish.changed_sections_only)
        response.update.CopyFrom(update)
    return response


def reason_of(error: OmnithreadError) -> str:
    """Say in a word why a stream ends with an error."""
    if error.reason == "WATCH_STOPPED":
        return metrics.STOPPED
    if error.reason == "WATCH_PARTED":
        return metrics.PARTED
    if error.status in {Status.UNAUTHENTICATED, Status.PERMISSION_DENIED}:
        return metrics.TOKEN
    if error.status in {Status.NOT_FOUND, Status.FAILED_PRECONDITION}:
        return metrics.GONE
    return metrics.FAULT
