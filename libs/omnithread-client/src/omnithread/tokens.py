"""The bearer token of the channel, fetched when needed and again shortly before it expires."""

import asyncio
import base64
import binascii
import inspect
import json
import threading
import time
from collections.abc import Awaitable, Callable
from typing import cast

TokenProvider = str | Callable[[], str] | Callable[[], Awaitable[str]]
"""A token, or a function that fetches one."""

REFRESH_BEFORE_SECONDS = 30.0
FRESH_TOKEN = frozenset({"TOKEN_EXPIRED", "TOKEN_INVALID"})
"""Refusals that another token may mend: its key may have been taken out, because it leaked."""


class TokenSource:
    """Keeps the present token. Those who need another one at the same time wait for one fetch."""

    def __init__(
        self,
        provider: TokenProvider,
        *,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = provider
        self._now = now
        self._monotonic = monotonic
        self._token = provider if isinstance(provider, str) else ""
        self._until = float("-inf")
        self._one_fetch = asyncio.Lock()
        self._one_fetch_sync = threading.Lock()

    async def get(self) -> str:
        """The token, fetched again where it has run out."""
        if self._stale():
            async with self._one_fetch:
                if self._stale():
                    fetched = cast("Callable[[], str | Awaitable[str]]", self._provider)()
                    self._keep(await fetched if inspect.isawaitable(fetched) else fetched)
        return self._token

    def get_sync(self) -> str:
        """The same for blocking programs, whose provider is a plain function."""
        if self._stale():
            with self._one_fetch_sync:
                if self._stale():
                    fetched = cast("Callable[[], str | Awaitable[str]]", self._provider)()
                    if not isinstance(fetched, str):
                        raise TypeError("connect_sync takes a token provider that is no coroutine function")
                    self._keep(fetched)
        return self._token

    @property
    def can_fetch(self) -> bool:
        """Whether there is another one to be had where the server refuses this."""
        return not isinstance(self._provider, str)

    def forget(self, token: str) -> bool:
        """The server refuses this token, and the next call is to have another. True where one can be fetched."""
        if self.can_fetch and token == self._token:  # else somebody has fetched another one already
            self._until = float("-inf")
        return self.can_fetch

    def _stale(self) -> bool:
        return self.can_fetch and self._monotonic() >= self._until

    def _keep(self, token: str) -> None:
        self._token = token
        self._until = self._monotonic() + max(0.0, seconds_good(token, now=self._now()) - REFRESH_BEFORE_SECONDS)


def seconds_good(token: str, *, now: float) -> float:
    """How long a JWT that was just fetched is good; infinity where it does not say. Checking is up to the server.

    `now` is this machine's clock, in seconds since 1970. It may be wrong: where it contradicts the token, that is
    taken for as good as new.
    """
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        ends = float(claims["exp"])
        lifetime = ends - float(claims["iat"]) if "iat" in claims else float("inf")
    except (IndexError, KeyError, OverflowError, TypeError, ValueError, binascii.Error):
        return float("inf")
    left = ends - now
    return left if "iat" not in claims or REFRESH_BEFORE_SECONDS < left <= lifetime else lifetime
