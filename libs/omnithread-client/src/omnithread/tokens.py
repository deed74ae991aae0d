"""The bearer token of the channel, fetched when needed and again shortly before it expires."""

import base64
import binascii
import inspect
import json
import time
from collections.abc import Awaitable, Callable
from typing import cast

TokenProvider = str | Callable[[], str] | Callable[[], Awaitable[str]]
"""A token, or a function that fetches one."""

REFRESH_BEFORE_SECONDS = 30.0


class TokenSource:
    """Keeps the present token."""

    def __init__(self, provider: TokenProvider, *, now: Callable[[], float] = time.time) -> None:
        self._provider = provider
        self._now = now
        self._token = provider if isinstance(provider, str) else ""
        self._expires = expiry_of(self._token)

    async def get(self) -> str:
        """The token, fetched again where it has run out."""
        if self._stale():
            fetched = cast("Callable[[], str | Awaitable[str]]", self._provider)()
            self._keep(await fetched if inspect.isawaitable(fetched) else fetched)
        return self._token

    def get_sync(self) -> str:
        """The same for blocking programs, whose provider is a plain function."""
        if self._stale():
            fetched = cast("Callable[[], str | Awaitable[str]]", self._provider)()
            if not isinstance(fetched, str):
                raise TypeError("connect_sync takes a token provider that is no coroutine function")
            self._keep(fetched)
        return self._token

    def forget(self) -> bool:
        """The server says the token has expired. True where a new one can be fetched."""
        if isinstance(self._provider, str):
            return False
        self._token = ""
        return True

    def _stale(self) -> bool:
        if isinstance(self._provider, str):
            return False
        return not self._token or self._now() > self._expires - REFRESH_BEFORE_SECONDS

    def _keep(self, token: str) -> None:
        self._token, self._expires = token, expiry_of(token)


def expiry_of(token: str) -> float:
    """When a JWT expires, in seconds since 1970; infinity where it does not say. Checking is up to the server."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return float(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return float("inf")
