"""Stands between a driver and MongoDB, knows the commands, and lets one of them go wrong.

async with MongoProxy.before(mongo_uri) as proxy:
    client = connect(proxy.uri, ...)
    lost = proxy.arm(CUT_AFTER, matching=lambda command: command.writes)     # its reply is lost
    refused = proxy.arm(said(NOT_WRITABLE_PRIMARY), matching=..., nth=2)
    ...
    assert lost.struck
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from pymongo import MongoClient

from tests.proxies.answers import Answer
from tests.proxies.strikes import Armed, Fault, Point
from tests.proxies.tcp import Connection, Proxy
from tests.proxies.wire import Command, answers, messages, read_body, read_command, reply_to

MOST_SEEN = 2000
FIND_SERVER_MS = 10_000
HANDSHAKE = frozenset({"hello", "ismaster", "isMaster", "ping", "buildInfo", "endSessions", "killCursors"})

Matching: TypeAlias = Callable[[Command], bool]


@dataclass(frozen=True, slots=True)
class Said(Fault):
    """The client hears this instead of the server's answer."""

    cut: bool = False
    answer: Answer | None = None


def said(answer: Answer, *, point: Point = Point.BEFORE) -> Said:
    """Answer so: before the server has the command, or in place of what it answered."""
    return Said(point, answer=answer)


class MongoProxy(Proxy):
    """A proxy for one server; `uri` connects to it alone, so that no driver finds a way around."""

    def __init__(self, *, host: str, port: int) -> None:
        super().__init__(host=host, port=port, passing=self._pass, client_split=messages, server_split=messages)
        self.seen: deque[Command] = deque(maxlen=MOST_SEEN)
        """The newest commands in order, without handshakes and probes."""
        self._armed: list[Armed[Command]] = []
        self._listeners: list[list[Command]] = []

    @classmethod
    def before(cls, uri: str) -> Self:
        """Stand before the primary of a replica set, or the one server. Raises where none answers."""
        client: MongoClient[dict[str, Any]]
        with MongoClient(uri, serverSelectionTimeoutMS=FIND_SERVER_MS) as client:
            client.admin.command("ping")
            address = client.primary or client.address
        if address is None:
            raise OSError("no primary answers")
        return cls(host=address[0], port=address[1])

    @property
    def uri(self) -> str:
        """For drivers, which look after the server themselves: no server tells them that an error was made up."""
        return f"mongodb://{self.address}/?directConnection=true&serverMonitoringMode=poll"

    def arm(self, fault: Fault, *, matching: Matching, nth: int = 1, times: int = 1) -> Armed[Command]:
        """Let a fault strike the `nth` command from now on that matches, and the next ones up to `times`."""
        armed = Armed(fault, matching, nth, times)
        self._armed.append(armed)
        return armed

    def forget(self, armed: Armed[Command]) -> None:
        """Forget one fault, struck or not."""
        self._armed.remove(armed)

    def disarm(self) -> None:
        """Forget all faults."""
        self._armed.clear()

    @contextmanager
    def listening(self) -> Iterator[list[Command]]:
        """Give the commands that pass during the block, however many there are."""
        heard: list[Command] = []
        self._listeners.append(heard)
        try:
            yield heard
        finally:
            self._listeners = [one for one in self._listeners if one is not heard]

    def strike(self, command: Command) -> Armed[Command] | None:
        """Note a command that passes, and give the fault that is to strike it."""
        if command.name in HANDSHAKE:
            return None
        self.seen.append(command)
        for heard in self._listeners:
            heard.append(command)
        return next((armed for armed in tuple(self._armed) if armed.strikes(command)), None)

    def _pass(self, connection: Connection) -> "_Passing":
        return _Passing(self, connection)


class _Passing:
    """One connection: commands up, replies down, matched by their numbers."""

    def __init__(self, proxy: MongoProxy, connection: Connection) -> None:
        self._proxy = proxy
        self._connection = connection
        self._struck: dict[int, tuple[Command, Armed[Command]]] = {}

    async def to_server(self, message: bytes) -> None:
        command = read_command(message)
        armed = None if command is None else self._proxy.strike(command)
        if command is None or armed is None:
            await self._connection.say_to_server(message)
        elif armed.fault.point is Point.AFTER:
            self._struck[command.number] = (command, armed)
            await self._connection.say_to_server(message)
        else:
            await self._strike(armed, command, {}, on=self._connection.say_to_server, message=message)

    async def to_client(self, message: bytes) -> None:
        command, armed = self._struck.pop(answers(message), (None, None))
        if command is None or armed is None:
            await self._connection.say_to_client(message)
        else:
            reply = read_body(message)
            await self._strike(armed, command, reply, on=self._connection.say_to_client, message=message)

    async def _strike(
        self,
        armed: Armed[Command],
        command: Command,
        reply: Mapping[str, Any],
        *,
        on: Callable[[bytes], Any],
        message: bytes,
    ) -> None:
        fault = armed.fault
        armed.note()
        await fault.hook()
        if fault.goes_on:
            await on(message)
        elif isinstance(fault, Said) and fault.answer is not None:
            await self._connection.say_to_client(reply_to(command.number, fault.answer(command, reply)))
        elif fault.cut:
            self._connection.cut()


async def before(uri: str) -> MongoProxy:
    """Make a proxy without holding up the loop while the server is looked for."""
    return await asyncio.to_thread(MongoProxy.before, uri)
