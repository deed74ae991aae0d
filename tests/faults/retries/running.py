"""Runs one case: to the stage, struck there, again until answered, and once more."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import reduce
from operator import and_

import grpc
from google.protobuf.message import Message

from tests.faults.retries.calling import Line, asks_again
from tests.faults.retries.case import Case, Seed, stamp
from tests.faults.retries.house import House
from tests.faults.retries.methods import Method, method
from tests.faults.retries.points import AtDatabase, Beside, FaultPoint, OnTheWay, of_the_call, soon
from tests.proxies.strikes import Armed, Fault
from tests.proxies.wire import Command

CALLS_OTHERS = "aggregator"
"""The one service that has others change something while it answers."""


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault point in one call: which of its commands at which service's database."""

    point: FaultPoint
    service: str
    nth: int = 1

    def __str__(self) -> str:
        """Tell it in a line."""
        where = "" if isinstance(self.point, OnTheWay) else f" ({self.service}, command {self.nth})"
        return f"{self.point.name}{where}"


@dataclass(slots=True)
class Run:
    """One case that was run."""

    case: Case
    seed: Seed
    struck: Struck | None
    """None: nothing went wrong."""
    request: Message
    first: Message
    """The first answer that was heard."""
    second: Message
    """What one more try said."""
    happened: bool
    """Whether the fault struck anything."""
    commands: tuple[tuple[str, Command], ...] = ()
    """What the call did, where nothing went wrong."""


async def run(house: House, seed: Seed, struck: Struck | None) -> Run:
    """Run a case. Raises what a retry was refused with."""
    case = Case(house)
    request = await seed.prepare(case)
    stamp(request)
    case.words.add(str(getattr(request, "request_id")))  # noqa: B009  the contract's, unknown to the type
    described = method(seed.name)
    line = house.line(described.service, seed.who)
    happened = True
    commands: tuple[tuple[str, Command], ...] = ()
    if struck is None:
        with ExitStack() as stack:
            seen = {name: stack.enter_context(proxy.listening()) for name, proxy in house.mongo.items()}
            await line.until_answered(described, request)
        commands = tuple((name, command) for name, all_of_it in seen.items() for command in all_of_it)
    else:
        happened = await _try(house, seed, case, struck, described, request)
    first = await line.until_answered(described, request)
    second = await line.until_answered(described, request)
    return Run(case, seed, struck, request, first, second, happened, commands)


def points_of(undisturbed: Sequence[Run], points: tuple[FaultPoint, ...]) -> list[Struck]:
    """Give all points in a call: each write of it in each way, its first read of each database, the call itself.

    Only commands that every undisturbed call had count: background work did the others.
    """
    own = method(undisturbed[0].seed.name).service
    writes, reads = (reduce(and_, [_commands(each, own, reads=kind) for each in undisturbed]) for kind in (False, True))
    found: list[Struck] = []
    for point in points:
        if isinstance(point, OnTheWay):
            found.append(Struck(point, own))
        elif isinstance(point, AtDatabase) and point.reads:
            found += [Struck(point, service) for service in sorted(reads)]
        else:
            found += [Struck(point, service, nth + 1) for service in sorted(writes) for nth in range(writes[service])]
    return found


def _commands(undisturbed: Run, own: str, *, reads: bool) -> Counter[str]:
    """Count what the call wrote or read, by service; what others did meanwhile was a listener's doing."""
    matches = of_the_call(frozenset(undisturbed.case.words), reads=reads)
    return Counter(
        service for service, command in undisturbed.commands if own in (service, CALLS_OTHERS) and matches(command)
    )


async def _try(house: House, seed: Seed, case: Case, struck: Struck, described: Method, request: Message) -> bool:
    point = struck.point
    if isinstance(point, OnTheWay):
        async with house.torn_line(described.service, seed.who) as (line, proxy):
            on_the_way = proxy.arm(point.fault)
            await _once(line, described, request, point.seconds)
            return on_the_way.struck
    line = house.line(described.service, seed.who)
    proxied = house.mongo[struck.service]
    words = frozenset(case.words)
    if isinstance(point, AtDatabase):
        armed = proxied.arm(point.fault, matching=of_the_call(words, reads=point.reads), nth=struck.nth)
        try:
            await _once(line, described, request, point.seconds)
        finally:
            proxied.forget(armed)
        return armed.struck
    return await _meanwhile(house, seed, struck, point, described, request, words)


async def _meanwhile(
    house: House, seed: Seed, struck: Struck, point: Beside, described: Method, request: Message, words: frozenset[str]
) -> bool:
    line = house.line(described.service, seed.who)
    reached, goes_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        reached.set()
        await goes_on.wait()

    proxied = house.mongo[struck.service]
    fault = Fault(point.point, hook=hold, goes_on=True)
    armed: Armed[Command] = proxied.arm(fault, matching=of_the_call(words, reads=False), nth=struck.nth)
    first = asyncio.create_task(_once(line, described, request, 10.0))
    try:
        arrival = asyncio.create_task(reached.wait())
        await asyncio.wait({first, arrival}, return_when=asyncio.FIRST_COMPLETED)
        arrival.cancel()
        if point.leaves:
            first.cancel()
            await soon()
        if point.arrives_late:
            await line.until_answered(described, request)
        elif not point.leaves:
            again = asyncio.create_task(line.until_answered(described, request))
            await soon()
            goes_on.set()
            await again
    finally:
        goes_on.set()
        proxied.forget(armed)
        with suppress(asyncio.CancelledError):
            await first
    return armed.struck


async def _once(line: Line, described: Method, request: Message, seconds: float) -> None:
    try:
        await line.once(described, request, seconds=seconds)
    except grpc.aio.AioRpcError as error:
        if not asks_again(error):
            raise
