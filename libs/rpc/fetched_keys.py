"""A JWKS at an https address, as an identity provider publishes it: fetched in the background, kept while it is away.

What came last stays in use however long the address does not answer, or answers what is no JWKS. A token of a key that
nobody knows yet makes us look at once, but only every few seconds: who sends rubbish makes nobody busy.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

from libs.patience import PATIENCE_SECONDS
from libs.rpc.token_keys import MOST_JWKS_BYTES, TokenKeys, parse_keys

REFRESH_SECONDS = 300.0
PAUSE_SECONDS = 5.0
"""At least so long between two fetches."""
AWAY_PAUSE_SECONDS = 30.0
"""At least so long after one that failed, before a token makes us look again."""
AGAIN_SECONDS = 15.0
"""After one that failed it is tried again by itself."""
FETCH_SECONDS = 5.0
"""So long may one take, from the connection to the last byte."""
WAIT_SECONDS = 1.0
"""So long calls wait for one, from its beginning: an address that is silent holds up nobody for longer."""
FIRST_PAUSE_SECONDS = 0.5


class KeysNotFetched(Exception):
    """The address gave no keys; the message says why, without what it answered."""


class FetchedKeys:
    """The keys of one address."""

    def __init__(
        self, address: str, *, authorities_file: Path | None = None, monotonic: Callable[[], float] | None = None
    ) -> None:
        """Prepare to fetch from `address`; `authorities_file` (PEM) is whom it must be certified by, else the system's.

        Raises OSError where that file cannot be read.
        """
        self._address = address
        self._authorities_file = authorities_file
        self._trust()
        self._monotonic = monotonic or asyncio.get_running_loop().time
        self._text = ""
        self._not_before = float("-inf")
        self._next = float("-inf")
        self._wait_until = 0.0
        self._fetching: asyncio.Task[None] | None = None
        self.keys = TokenKeys()
        """What came last."""

    async def start(self, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Fetch for the first time, trying for a minute. Raises KeysNotFetched."""
        until = self._monotonic() + seconds
        while True:
            try:
                return await self._fetch()
            except KeysNotFetched as error:
                if self._monotonic() >= until:
                    raise
                structlog.get_logger(__name__).warning("waiting", part="jwks", error=str(error))
            await asyncio.sleep(FIRST_PAUSE_SECONDS)

    async def run(self) -> None:
        """Fetch again and again, until cancelled."""
        while True:
            await asyncio.sleep(max(0.0, self._next - self._monotonic()))
            await asyncio.shield(self._begun())

    async def look(self) -> None:
        """Fetch, unless that was done a moment ago; all who ask meanwhile wait for the one answer, a second at most."""
        if self._fetching is None and self._monotonic() < self._not_before:
            return
        fetching = self._begun()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._wait_until):
                await asyncio.shield(fetching)

    def _begun(self) -> asyncio.Task[None]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._try())
            self._wait_until = asyncio.get_running_loop().time() + WAIT_SECONDS
        return self._fetching

    @property
    def is_asking(self) -> bool:
        """Whether the address has been asked and has not answered yet."""
        return self._fetching is not None

    async def close(self) -> None:
        """Give up what is being fetched."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})

    async def _try(self) -> None:
        try:
            await self._fetch()
        except KeysNotFetched as error:
            structlog.get_logger(__name__).warning("keys_not_fetched", error=str(error))
        finally:
            self._fetching = None

    async def _fetch(self) -> None:
        pause, again = AWAY_PAUSE_SECONDS, AGAIN_SECONDS
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                text = await self._read()
            if text != self._text:
                self.keys, self._text = parse_keys(text), text
            pause, again = PAUSE_SECONDS, REFRESH_SECONDS
        except TimeoutError:
            raise KeysNotFetched(f"no whole answer within {FETCH_SECONDS:g} s") from None
        except (ValueError, OSError) as error:
            said = str(error) if isinstance(error, KeysInvalid) else type(error).__name__
            raise KeysNotFetched(said) from None
        finally:
            ended = self._monotonic()  # a fetch that fails may have taken longer than the pause
            self._not_before, self._next = ended + pause, ended + again

    def _trust(self) -> ssl.SSLContext:
        """Give whom to believe, as the file has it now: it may have been replaced."""
        trusted = ssl.create_default_context(cafile=self._authorities_file)
        trusted.minimum_version = ssl.TLSVersion.TLSv1_2
        return trusted

    async def _read(self) -> str:
        import httpx  # noqa: PLC0415  a tenth of a second of each start, for those only who have an address

        trusted = self._trust()
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=0)
        try:
            async with (
                httpx.AsyncClient(
                    timeout=FETCH_SECONDS, trust_env=False, follow_redirects=False, verify=trusted, limits=limits
                ) as client,
                client.stream("GET", self._address, headers={"accept": "application/json"}) as answer,
            ):
                if answer.status_code != httpx.codes.OK:
                    raise KeysInvalid(f"status {answer.status_code}")
                body = bytearray()
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > MOST_JWKS_BYTES:
                        raise KeysInvalid("more than 256 KB")
        except httpx.HTTPError as error:
            raise KeysNotFetched(type(error).__name__) from None
        return body.decode("utf-8")


class KeysInvalid(ValueError):
    """What was answered is of no use."""
