"""The customers of a history: each is made when the first client needs it."""

import asyncio
import time

import omnithread
from libs.ids import new_id
from omnithread.profile.v1.profile_service_pb2 import IdentifyRequest
from tests.faults.histories.asking import ask


class Customers:
    """Gives the id of a customer by its number."""

    def __init__(self, channel: omnithread.Omnithread) -> None:
        self._channel = channel
        self._made: dict[int, asyncio.Task[str]] = {}

    async def id_of(self, number: int) -> str:
        """Give the id."""
        if number not in self._made:
            self._made[number] = asyncio.create_task(self._make())
        return await self._made[number]

    async def ids(self) -> list[str]:
        """Give the ids of all that were made."""
        return [await made for made in self._made.values()]

    async def _make(self) -> str:
        request = IdentifyRequest(identifiers=[omnithread.cookie(new_id("visitor"))])
        asked = await ask(self._channel.profile.Identify, request, patient=True, now=time.monotonic)
        assert asked.answer is not None  # it was asked patiently
        return asked.answer.profile.customer_id
