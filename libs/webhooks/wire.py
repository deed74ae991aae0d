"""How connections are made: to the address that was checked, never to one that a second look-up may give."""

from collections.abc import Iterable
from contextlib import suppress
from typing import TypeAlias

import httpcore

from libs.events.flights import Flights, TooManyFlights
from libs.webhooks.addresses import AddressRules, Resolve

SocketOption: TypeAlias = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
MOST_ADDRESSES_TRIED = 3
MOST_LOOKUPS = 64
LOOKUP_SECONDS = 5.0
"""The resolver's threads are few: a name is looked up once at a time, however many wait for it."""


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Looks a name up, checks what it leads to, and connects to that. TLS still asks for the name."""

    def __init__(self, *, rules: AddressRules, resolve: Resolve) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._rules = rules
        self._resolve = resolve
        self._lookups: Flights[tuple[str, int], list[str]] = Flights(most=MOST_LOOKUPS, timeout_seconds=LOOKUP_SECONDS)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's own
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers, of at most three. Raises AddressForbidden, ConnectError."""
        try:
            addresses = await self._lookups.join(
                (host, port), lambda: self._rules.addresses(host, port, resolve=self._resolve)
            )
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("the name is looked up for too long") from error
        except (OSError, TooManyFlights) as error:
            raise httpcore.ConnectError("the name leads nowhere") from error
        *others, last = addresses[:MOST_ADDRESSES_TRIED]
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
        return await self._inner.connect_tcp(last, port, timeout, local_address, socket_options)

    async def close(self) -> None:
        """Give up what is being looked up."""
        await self._lookups.close()

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore does between its own tries; it is told to make none."""
        await self._inner.sleep(seconds)
