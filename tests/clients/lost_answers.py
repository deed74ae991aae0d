"""A proxy that lets requests through and keeps the answers back: to cut a call between its effect and its answer."""

import asyncio
from functools import partial
from typing import Self

from tests.proxies.tcp import Connection, Proxy


class LosesAnswers(Proxy):
    """While `keeps_back`, what servers say goes nowhere; a cut loses it. It knows of bytes only, so TLS is as well."""

    def __init__(self, *, host: str, port: int) -> None:
        self._may_answer = asyncio.Event()
        self._may_answer.set()
        super().__init__(host=host, port=port, passing=partial(_Passing, may_answer=self._may_answer))

    def keep_back(self) -> Self:
        """Keep what servers say from now on."""
        self._may_answer.clear()
        return self

    def lose(self) -> None:
        """End all connections with what was kept back, and let servers of new ones speak."""
        self.cut()
        self._may_answer.set()


class _Passing:
    def __init__(self, connection: Connection, *, may_answer: asyncio.Event) -> None:
        self.to_server = connection.say_to_server
        self._connection = connection
        self._may_answer = may_answer

    async def to_client(self, piece: bytes) -> None:
        await self._may_answer.wait()
        await self._connection.say_to_client(piece)
