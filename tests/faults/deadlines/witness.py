"""Sees from outside what is asked of MongoDB, of other services and of Kafka for a call whose deadline is known here.

A call is known by the trace that its caller gave it: whatever is done for it, in any service, carries that trace.
"""

import time
from dataclasses import dataclass, field

from pymongo import monitoring

from libs.rpc.call import call_or_none
from tests.proxies.grpc_relay import Arrived, trace_id_of

SLACK_SECONDS = 0.05
"""Clocks of three libraries, rounded to milliseconds."""
UNTIMED = frozenset({"hello", "ping", "endSessions", "killCursors", "abortTransaction"})
"""What the driver does by itself: bounded by the time that connecting may take, or sent without waiting."""


@dataclass(slots=True)
class Watched:
    """One call of a test's."""

    method: str
    deadline: float
    """When its caller stops waiting, by the caller's own clock."""
    commands: int = 0
    calls: int = 0
    over: list[str] = field(default_factory=list)
    """What carried more than was left, or nothing."""
    late: list[str] = field(default_factory=list)
    """What was begun when nothing was left."""

    def look(self, what: str, seconds: float | None) -> None:
        """Note that something begins now which may take so long."""
        left = self.deadline - time.monotonic()
        if left < -SLACK_SECONDS:
            self.late.append(f"{what} for {self.method}, {-left:.3f} s after its end")
        elif seconds is None or seconds > max(0.0, left) + SLACK_SECONDS:
            self.over.append(f"{what} for {self.method}: {seconds} s of {left:.3f} s")


@dataclass(slots=True)
class Witness(monitoring.CommandListener):
    """Listens to the drivers of all services in this process, and to the relays between them."""

    watched: dict[str, Watched] = field(default_factory=dict)
    """By trace."""
    published: int = 0
    published_in_a_call: list[str] = field(default_factory=list)

    def watch(self, trace_id: str, method: str, seconds: float) -> Watched:
        """Watch what is done for a call of so many seconds that begins now."""
        one = self.watched[trace_id] = Watched(method, time.monotonic() + seconds)
        return one

    def arrived(self, call: Arrived) -> None:
        """Hear of a call that a service makes of another, where it arrives."""
        one = self.watched.get(call.trace_id)
        if one is not None:
            one.calls += 1
            one.look(call.method, None if call.deadline is None else call.deadline - time.monotonic())

    def sends(self, topic: str) -> None:
        """Hear that an event is handed to Kafka: nobody's call waits for it."""
        self.published += 1
        call = call_or_none()
        if call is not None:
            self.published_in_a_call.append(f"{topic} for {call.method}")

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Hear of a command."""
        call = call_or_none()
        one = self.watched.get(trace_id_of(call.traceparent)) if call is not None else None
        if one is not None and event.command_name not in UNTIMED:
            told = event.command.get("maxTimeMS")
            one.commands += 1
            one.look(event.command_name, None if told is None else told / 1000)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Do nothing: what counts is how it began."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Do nothing, as above."""
