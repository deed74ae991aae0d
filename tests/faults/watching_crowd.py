"""Watchers in a process of their own, which can be killed or frozen: each says what it sees, and what it knows.

`python -m tests.faults.watching_crowd` reads what to watch as JSON from its first line of input, and writes a line of
JSON for each state and each break: who, when (on the clock of all processes of this machine), and the newest change
that is in the state, or that the stream broke.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import omnithread
from omnithread.context.v1.context_pb2 import SECTION_CART
from omnithread.live import LiveContext

ROOT = Path(__file__).resolve().parents[2]
HEARTBEAT_SECONDS = 2
STOP_SECONDS = 10.0
FIRST_STATE = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """What a crowd watches, and how."""

    address: str
    token: str
    roots: str
    """Whom to trust; empty for plaintext."""
    customers: Sequence[str]
    """One watcher for each."""
    pace_seconds: float = 0.0
    """How long each takes for a state: the slow ones."""


@dataclass(slots=True)
class Seen:
    """What one watcher said."""

    states: list[tuple[float, int]] = field(default_factory=list)
    """When it had which change, the newest last."""
    breaks: list[float] = field(default_factory=list)
    """When it knew that what it has may be old."""
    heard: list[float] = field(default_factory=list)
    """When its stream spoke again."""

    def newest_at(self, moment: float) -> int:
        """The newest change that it had."""
        return max((change for at, change in self.states if at <= moment), default=-1)

    def has_at(self, change: int) -> float:
        """When it had a change, or a later one; infinity where never."""
        return min((at for at, one in self.states if one >= change), default=float("inf"))

    def knows_at(self, moment: float) -> float:
        """When, from a moment on, it knew that what it has may be old; infinity where never."""
        return min((at for at in self.breaks if at >= moment), default=float("inf"))


class Crowd:
    """One process of watchers, seen from outside."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.seen = [Seen() for _ in wish.customers]
        self.process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self.process is not None
        return self.process.pid

    async def start(self) -> None:
        """Let all watch."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.faults.watching_crowd",
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asdict(self.wish)).encode() + b"\n")
        await self.process.stdin.drain()
        self._reading = asyncio.create_task(self._read())

    async def stop(self) -> None:
        """Kill it, whatever it does."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
        if self.process is not None:
            await self.process.wait()
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=STOP_SECONDS)
            self._reading.cancel()

    async def _read(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            told = json.loads(line)
            seen = self.seen[told["who"]]
            if "change" in told:
                seen.states.append((told["at"], told["change"]))
            else:
                (seen.heard if told["connected"] else seen.breaks).append(told["at"])


def _say(**told: Any) -> None:  # numbers and words
    sys.stdout.write(json.dumps({"at": time.monotonic(), **told}) + "\n")
    sys.stdout.flush()


def _newest(live: LiveContext) -> int:
    """Each change puts one more thing into the cart, called by its number."""
    return max((int(line.sku.partition("-")[2]) for line in live.context.cart.cart.lines), default=FIRST_STATE)


async def _watch(suite: omnithread.Omnithread, who: int, customer_id: str, pace_seconds: float) -> None:
    watching = suite.watch_context(
        customer_id,
        sections=[SECTION_CART],
        heartbeat_seconds=HEARTBEAT_SECONDS,
        on_connection=lambda connected: _say(who=who, connected=connected),
    )
    async with aclosing(watching):
        async for live in watching:
            _say(who=who, change=_newest(live))
            await asyncio.sleep(pace_seconds)


async def _main() -> None:
    wish = Wish(**json.loads(sys.stdin.readline()))
    roots = wish.roots.encode() or None
    where = omnithread.Addresses.one(wish.address)
    async with omnithread.connect(where, token=wish.token, root_certificates=roots, plaintext=roots is None) as suite:
        await asyncio.gather(
            *(_watch(suite, who, customer_id, wish.pace_seconds) for who, customer_id in enumerate(wish.customers))
        )


if __name__ == "__main__":
    asyncio.run(_main())
