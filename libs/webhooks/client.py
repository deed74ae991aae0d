"""Posts one thing to one address, signed, and says for certain what is certain about it afterwards."""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpcore

from libs.telemetry.propagation import current_traceparent
from libs.webhooks.addresses import AddressForbidden, AddressRules, Resolve, resolve_by_system
from libs.webhooks.answers import WebhookAnswer, WebhookNotTaken, WebhookRefused, WebhookUnsure, error_of_status
from libs.webhooks.signing import SIGNATURE_HEADER, signature_header
from libs.webhooks.wire import GuardedBackend

USER_AGENT = "Omnithread-Webhooks/1"
MAX_BODY_BYTES = 256 * 1024
"""What is posted at most."""
MAX_ANSWER_BYTES = 64 * 1024
"""What is read of an answer at most; the connection is closed then."""
MOST_CONNECTIONS = 64
MOST_IDLE_CONNECTIONS = 16
IDLE_SECONDS = 15.0
KEY = re.compile(r"[\x21-\x7e]{1,200}")
KIND = re.compile(r"[A-Za-z0-9_./+-]{1,100}")
BeforeSending = Callable[[], Awaitable[None]]
SENDING = "http11.send_request_headers.started"


@dataclass(frozen=True, slots=True)
class WebhookTimeouts:
    """How long a receiver may take, in seconds."""

    connect: float = 5.0
    """To look up, connect and agree on TLS."""
    step: float = 10.0
    """For each read and write."""
    total: float = 15.0
    """For all of it, however busily it drips."""


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """Where something is posted to, and what it is signed with."""

    url: str
    secrets: tuple[str, ...]
    """1 to 8, all valid; the newest first."""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    """Sent besides, such as a provider's own key; from the operator's configuration, never from a customer."""


class WebhookClient:
    """Posts over HTTP/1.1 with kept connections; one for each process, closed at its end.

    What is certain afterwards: on return and on WebhookRefused the receiver answered, or was never asked; on
    WebhookNotTaken it did not take it; on WebhookUnsure it may have. The client itself never sends anything twice.
    """

    def __init__(
        self,
        *,
        rules: AddressRules,
        timeouts: WebhookTimeouts | None = None,
        ca_file: Path | None = None,
        resolve: Resolve = resolve_by_system,
    ) -> None:
        self._rules = rules
        self._timeouts = timeouts or WebhookTimeouts()
        self._backend = GuardedBackend(rules=rules, resolve=resolve)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(cafile=ca_file),
            max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=MOST_IDLE_CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
            http1=True,
            http2=False,
            retries=0,
            network_backend=self._backend,
        )

    async def post(
        self,
        target: WebhookTarget,
        *,
        key: str,
        kind: str,
        body: bytes,
        now: datetime,
        before_sending: BeforeSending | None = None,
    ) -> WebhookAnswer:
        """Post `body`, at most 256 KB, under an idempotency key that stays the same over all tries.

        `kind` names what it is, for the receiver (header `Omnithread-Kind`). Takes at most the total timeout.
        `before_sending` is awaited once there is a connection, as the last thing before anything is said on it; what it
        raises is raised, and nothing was sent.
        Raises WebhookRefused, WebhookNotTaken, WebhookUnsure; ValueError where the caller's own words break a bound.
        """
        if not KEY.fullmatch(key) or not KIND.fullmatch(kind) or len(body) > MAX_BODY_BYTES:
            raise ValueError("key, kind or body beyond its bounds")
        try:
            self._rules.check_url(target.url)
        except AddressForbidden as error:
            raise WebhookRefused(error.why) from error
        exchange = _Exchange(before_sending)
        request = httpcore.Request(
            "POST",
            target.url,
            headers=_headers(target, key=key, kind=kind, body=body, now=now),
            content=body,
            extensions={"timeout": self._step_timeouts(), "trace": exchange.note},
        )
        try:
            async with asyncio.timeout(self._timeouts.total):
                await self._exchange(request, exchange)
        except AddressForbidden as error:
            raise WebhookRefused(error.why) from error
        except (TimeoutError, httpcore.TimeoutException) as error:
            if not exchange.status:
                raise exchange.failed("timeout") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            if not exchange.status:
                why = "garbage" if isinstance(error, httpcore.RemoteProtocolError) else "connection_failed"
                raise exchange.failed(why) from error
        if 200 <= exchange.status < 300:
            return WebhookAnswer(exchange.status, b"".join(exchange.chunks), exchange.is_complete)
        raise error_of_status(exchange.status, exchange.header(b"retry-after"), now)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()
        await self._backend.close()

    async def _exchange(self, request: httpcore.Request, exchange: "_Exchange") -> None:
        response = await self._pool.handle_async_request(request)
        exchange.status, exchange.headers = response.status, response.headers
        try:
            await exchange.read(response)
        finally:
            with suppress(httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError):
                await response.aclose()

    def _step_timeouts(self) -> dict[str, float]:
        times = self._timeouts
        return {"connect": times.connect, "pool": times.connect, "read": times.step, "write": times.step}


class _Exchange:
    """What is known of one exchange at any moment of it."""

    def __init__(self, before_sending: BeforeSending | None) -> None:
        self._before_sending = before_sending
        self.sent = False
        self.status = 0
        self.headers: Sequence[tuple[bytes, bytes]] = ()
        self.chunks: list[bytes] = []
        self.is_complete = False

    async def note(self, event: str, _info: object) -> None:
        """Hear from httpcore how far it is."""
        if event == SENDING and not self.sent:
            if self._before_sending is not None:
                await self._before_sending()
            self.sent = True

    def failed(self, why: str) -> WebhookNotTaken | WebhookUnsure:
        """Give what a failure without an answer means: nothing was taken where nothing was sent."""
        return WebhookUnsure(why) if self.sent else WebhookNotTaken(why)

    def header(self, name: bytes) -> str:
        """Give a header of the answer, empty where there is none."""
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == name), "")

    async def read(self, response: httpcore.Response) -> None:
        """Read the body up to its bound. What is packed is left alone: unpacked it may be without end."""
        if self.header(b"content-encoding").strip().lower() not in {"", "identity"}:
            return
        room = MAX_ANSWER_BYTES
        async for chunk in response.aiter_stream():
            self.chunks.append(chunk[:room])
            room -= len(chunk)
            if room < 0:
                return
        self.is_complete = True


def _headers(target: WebhookTarget, *, key: str, kind: str, body: bytes, now: datetime) -> list[tuple[str, str]]:
    ours = [
        ("Host", target.url.split("/", 3)[2]),
        ("User-Agent", USER_AGENT),
        ("Content-Type", target.content_type),
        ("Content-Length", str(len(body))),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Idempotency-Key", key),
        ("Omnithread-Kind", kind),
        (SIGNATURE_HEADER, signature_header(target.secrets, body, now)),
    ]
    traceparent = current_traceparent()
    return [*ours, *([("traceparent", traceparent)] if traceparent else []), *target.headers]
