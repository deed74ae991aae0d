"""What every request passes before and after its page: limits, the route, refusals, headers, span, counters."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from libs.web.buckets import Buckets
from libs.web.client_address import UNKNOWN, client_address
from libs.web.headers import ALWAYS, NOT_KEPT
from libs.web.refusals import (
    Refused,
    internal,
    service_away,
    too_many,
    unknown_link,
    uri_too_long,
    wrong_method,
)
from libs.web.visits import Visit, Visits

MOST_PATH_CHARACTERS = 2500
ARGUMENT = re.compile(r"[A-Za-z0-9_=.-]{1,2048}")
NOWHERE = "/…"
"""The route of what has none, on spans and counters."""
CLIENT_GONE = 499
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One request at a place that exists."""

    request: Request
    argument: str = field(repr=False)
    """What the path has in the place of `{...}`: a token, or a name. Empty where the route has none."""


Handler = Callable[[Asked], Awaitable[Response]]
PageOf = Callable[[Refused, Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One place."""

    path: str
    """`/u/{token}`, or `/style.css`."""
    get: Handler | None = None
    """Shows and changes nothing. HEAD is answered alike, without the body."""
    post: Handler | None = None
    """Acts."""
    by_token: bool = False
    """Whether the argument is a secret link's: then it has a limit of its own, and unknown ones are counted."""
    refusal: PageOf | None = None
    """Gives the answer of a refusal here, where it is no page."""
    post_by_anyone: bool = False
    """Whether a POST is not counted for the address it comes from: mail providers and other providers send many from
    few. What they send has to be genuine: what is not, is counted (`Limits.count_refused`)."""

    @property
    def prefix(self) -> str:
        """What stands before the argument."""
        return self.path.partition("{")[0]

    def is_free(self, method: str) -> bool:
        """Whether a request is not counted for its address."""
        return self.post_by_anyone and method == "POST"

    @property
    def has_argument(self) -> bool:
        """Whether the path has a changing part."""
        return "{" in self.path

    @property
    def allowed(self) -> str:
        """The methods of this place, as the header `Allow` gives them."""
        return ", ".join([*(["GET", "HEAD"] if self.get else []), *(["POST"] if self.post else []), "OPTIONS"])

    def handler(self, method: str) -> Handler:
        """Give what answers a method. Raises WRONG_METHOD."""
        found = {"GET": self.get, "HEAD": self.get, "POST": self.post}.get(method)
        if found is None:
            raise wrong_method(self.allowed)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Who may ask how often."""

    addresses: Buckets
    unknown: Buckets
    tokens: Buckets
    junk: Buckets
    """What came to no good of all that is not counted for addresses."""
    trusted_proxies: int
    now: Callable[[], float]
    """Seconds, on a clock that does not turn back."""

    def address(self, request: Request) -> str:
        """Give whom to count a request for."""
        peer = request.client.host if request.client else UNKNOWN
        return client_address(peer, request.headers.getlist("x-forwarded-for"), trusted_proxies=self.trusted_proxies)

    def admit(self, route: Route | None, asked: Asked, address: str) -> None:
        """Count one request. Raises TOO_MANY."""
        now = self.now()
        free = route is not None and route.is_free(asked.request.method)
        if wait := self.junk.left(address, now) if free else self.addresses.take(address, now):
            raise too_many(wait)
        if not (free and route is not None and route.by_token) and (wait := self.unknown.left(address, now)):
            raise too_many(wait)
        if route is not None and route.by_token and (wait := self.tokens.take(_name_of(asked.argument), now)):
            raise too_many(wait)

    def count_refused(self, route: Route, method: str, address: str, refused: Refused) -> None:
        """Count what came to no good.

        Links that are none of ours, in the POSTs of mail providers, count as what makes no sense does, and not as
        guesses: anybody can have a mail provider send some, and the genuine ones come from the same address.
        """
        free = route.is_free(method)
        if refused.not_genuine and not (free and route.by_token):
            self.unknown.take(address, self.now())
        elif free and refused.makes_no_sense:
            self.junk.take(address, self.now())


class Gate:
    """The ASGI application."""

    def __init__(
        self,
        *,
        routes: Sequence[Route],
        limits: Limits,
        visits: Visits,
        page_of: PageOf,
        most_seconds: float,
    ) -> None:
        """Answer at `routes`; `page_of` gives the page of a refusal, and must not fail.

        `most_seconds` is what one answer may take in all: whatever waits has a limit of its own below it.
        """
        self._exact: Mapping[str, Route] = {route.path: route for route in routes if not route.has_argument}
        self._by_prefix: Mapping[str, Route] = {route.prefix: route for route in routes if route.has_argument}
        self._limits = limits
        self._visits = visits
        self._page_of = page_of
        self._most_seconds = most_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        route, argument = self._find(request)
        method = request.method if request.method in METHODS else "OTHER"
        visit = self._visits.enter(method, route.path if route else NOWHERE)
        status = CLIENT_GONE
        try:
            response = await self._answer(visit, route, Asked(request, argument))
            for name, value in {**ALWAYS, **NOT_KEPT}.items():
                response.headers.setdefault(name, value)
            await response(scope, receive, send)
            status = response.status_code
        finally:
            visit.leave(status)

    def _find(self, request: Request) -> tuple[Route | None, str]:
        path = request.url.path if len(request.scope["path"]) <= MOST_PATH_CHARACTERS else ""
        exact = self._exact.get(path)
        if exact is not None:
            return exact, ""
        place, slash, argument = path.rpartition("/")
        route = self._by_prefix.get(place + slash)
        return (route, argument) if route and ARGUMENT.fullmatch(argument) else (None, "")

    async def _answer(self, visit: Visit, route: Route | None, asked: Asked) -> Response:
        address = self._limits.address(asked.request)
        page_of = (route.refusal if route else None) or self._page_of
        try:
            self._limits.admit(route, asked, address)
            if route is None:
                raise uri_too_long() if len(asked.request.scope["path"]) > MOST_PATH_CHARACTERS else unknown_link()
            if asked.request.method == "OPTIONS":
                return Response(status_code=204, headers={"allow": route.allowed})
            async with asyncio.timeout(self._most_seconds):
                return await route.handler(asked.request.method)(asked)
        except Refused as refused:
            if route is not None:
                self._limits.count_refused(route, asked.request.method, address, refused)
            visit.refused(refused.reason)
            return await page_of(refused, asked.request)
        except TimeoutError:
            visit.refused("AWAY")
            return await page_of(service_away(), asked.request)
        except Exception as error:  # noqa: BLE001  whatever it was, the customer is told, and not what it was
            visit.failed(error)
            return await page_of(internal(), asked.request)


def _name_of(token: str) -> str:
    """Name a token without keeping it."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]
