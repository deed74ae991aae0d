"""Where a call goes wrong: what is struck, and how.

A point strikes one command of the call at its database, or the call itself on its way to the service.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tests.proxies import answers
from tests.proxies.mongo import said
from tests.proxies.strikes import CUT_AFTER, CUT_BEFORE, SILENT_AFTER, SILENT_BEFORE, Fault, Point
from tests.proxies.wire import Command

SHORT_SECONDS = 0.6
"""What a call has that hears nothing: its server waits no longer for MongoDB than three quarters of that."""
BACKGROUND = frozenset({"events", "cursors", "meta"})
"""Collections that are no business of a call: the relay's and the listeners'."""

Matching: TypeAlias = Callable[[Command], bool]


@dataclass(frozen=True, slots=True)
class AtDatabase:
    """Strikes a command of the call."""

    name: str
    fault: Fault
    reads: bool = False
    seconds: float = 10.0
    """What the first try of the call has."""


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """Strikes the call between its client and the service."""

    name: str
    fault: Fault
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Beside:
    """Strikes a command with what the client does meanwhile: it leaves, or asks a second time."""

    name: str
    point: Point
    leaves: bool
    """The client leaves; else it asks a second time while the first one is still under way."""
    arrives_late: bool = False
    """The command goes on only when the second try has been answered."""


_B, _A = Point.BEFORE, Point.AFTER
WRITES = (
    AtDatabase("request lost", CUT_BEFORE),
    AtDatabase("reply lost", CUT_AFTER),
    AtDatabase("silent before", SILENT_BEFORE, seconds=SHORT_SECONDS),
    AtDatabase("silent after", SILENT_AFTER, seconds=SHORT_SECONDS),
    AtDatabase("10107 NotWritablePrimary", said(answers.NOT_WRITABLE_PRIMARY)),
    AtDatabase("189 PrimarySteppedDown, carried out", said(answers.PRIMARY_STEPPED_DOWN, point=_A)),
    AtDatabase("11602 InterruptedDueToReplStateChange", said(answers.INTERRUPTED_BY_STEP_DOWN)),
    AtDatabase("11602 InterruptedDueToReplStateChange, carried out", said(answers.INTERRUPTED_BY_STEP_DOWN, point=_A)),
    AtDatabase("91 ShutdownInProgress", said(answers.SHUTDOWN_IN_PROGRESS)),
    AtDatabase("91 ShutdownInProgress, carried out", said(answers.SHUTDOWN_IN_PROGRESS, point=_A)),
    AtDatabase("50 MaxTimeMSExpired", said(answers.MAX_TIME_EXPIRED)),
    AtDatabase("50 MaxTimeMSExpired, carried out", said(answers.MAX_TIME_EXPIRED, point=_A)),
    AtDatabase("112 WriteConflict", said(answers.WRITE_CONFLICT)),
    AtDatabase("11000 DuplicateKey, of what this very command wrote", said(answers.DUPLICATE_KEY, point=_A)),
    AtDatabase("64 WriteConcernFailed", said(answers.WRITE_CONCERN_FAILED, point=_A)),
    AtDatabase("189 PrimarySteppedDown before a majority", said(answers.STEPPED_DOWN_BEFORE_MAJORITY, point=_A)),
)
READS = (
    AtDatabase("read cut", CUT_BEFORE, reads=True),
    AtDatabase("read 10107 NotWritablePrimary", said(answers.NOT_WRITABLE_PRIMARY), reads=True),
    AtDatabase("read 50 MaxTimeMSExpired", said(answers.MAX_TIME_EXPIRED), reads=True),
)
CALLS = (
    OnTheWay("call lost", CUT_BEFORE),
    OnTheWay("answer lost", CUT_AFTER),
    OnTheWay("answer silent", SILENT_AFTER, seconds=SHORT_SECONDS),
)
MEANWHILE = (
    Beside("cancelled before the write", Point.BEFORE, leaves=True),
    Beside("cancelled after the write", Point.AFTER, leaves=True),
    Beside("cancelled, and the write arrives after the second try", Point.BEFORE, leaves=True, arrives_late=True),
    Beside("asked a second time before the write", Point.BEFORE, leaves=False),
    Beside("asked a second time after the write", Point.AFTER, leaves=False),
)
FaultPoint: TypeAlias = AtDatabase | OnTheWay | Beside
POINTS: tuple[FaultPoint, ...] = (*WRITES, *READS, *CALLS, *MEANWHILE)


def of_the_call(words: frozenset[str], *, reads: bool) -> Matching:
    """Match commands that a call makes for one customer, and none of what relay and listeners do for them."""
    wanted = tuple(word.encode() for word in words)

    def matches(command: Command) -> bool:
        if command.writes is reads or command.collection in BACKGROUND or command.name == "getMore":
            return False
        if b"$pull" in command.raw and b"outbox" in command.raw:
            return False
        lowered = command.raw.lower()
        return any(word in lowered for word in wanted)

    return matches


async def soon() -> None:
    """Let a cancellation arrive at the other side."""
    await asyncio.sleep(0.05)
