"""The ASGI application: what every request passes before and after its page."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import grpc
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from libs.clock import Clock
from libs.web.bodies import one, read_form
from libs.web.headers import NOT_KEPT
from libs.web.refusals import Refused, internal, service_away, uri_too_long, wrong_method
from libs.web.visits import Visit, Visits
from services.console.web.entrance import Entrance
from services.console.web.failures import (
    Failure,
    failure_of,
    not_from_here,
    not_signed_in,
    nothing_here,
    other_host,
    refusal_of,
)
from services.console.web.headers import ALWAYS
from services.console.web.limits import Limits
from services.console.web.own_address import is_meant_for_us, is_sent_from_us
from services.console.web.requests import TOKEN_FIELD, admit
from services.console.web.sessions import Session, Sessions

NOWHERE = "/…"
"""The route of what has none, on spans and counters."""
SIGN_IN = "/sign-in"
MOST_PATH_CHARACTERS = 2500
MOST_VALUE_CHARACTERS = 10_000
CLIENT_GONE = 499
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"})
STREAM = "text/event-stream"
NAVIGATE = "navigate"
"""How browsers mark that somebody follows a link or sends a form; programs may say nothing."""
LOOKS = frozenset({"GET", "HEAD"})
ACTS = frozenset({"POST"})

FailurePage = Callable[[Request, Failure], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The addresses of the console. A path with GET shows and changes nothing; a path with POST acts."""

    guarded: Sequence[Route]
    """For who is signed in."""
    open: Sequence[Route]
    """For everybody: signing in, scripts and styles."""


class App:
    """Answers requests."""

    def __init__(
        self,
        *,
        places: Places,
        entrance: Entrance,
        sessions: Sessions,
        limits: Limits,
        visits: Visits,
        failure_page: FailurePage,
        clock: Clock,
        base_url: str,
        body_seconds: float,
        most_seconds: float,
    ) -> None:
        """`failure_page` must not fail; `most_seconds` is what one answer may take, without the stream that follows."""
        self._places = places
        self._entrance = entrance
        self._sessions = sessions
        self._limits = limits
        self._visits = visits
        self._failure_page = failure_page
        self._clock = clock
        self._base_url = base_url
        self._body_seconds = body_seconds
        self._most_seconds = most_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        route, is_open = self._find(scope)
        request = Request(scope, receive)
        method = request.method if request.method in METHODS else "OTHER"
        visit = self._visits.enter(method, route.path if route else NOWHERE)
        status = CLIENT_GONE
        try:
            response = await self._answer(visit, request, route, is_open=is_open)
            for name, value in {**ALWAYS, **NOT_KEPT}.items():
                response.headers.setdefault(name, value)
            if response.media_type != STREAM:
                await response(scope, receive, send)
            status = response.status_code
        finally:
            visit.leave(status)
        if response.media_type == STREAM:  # it goes on for hours, and neither its span nor its time should
            await response(scope, receive, send)

    def _find(self, scope: Scope) -> tuple[Route | None, bool]:
        """Find the place, also where it has another method, and put the changing parts of its path into the scope."""
        if len(scope["path"]) > MOST_PATH_CHARACTERS:
            return None, False
        partly: tuple[Route | None, bool] = (None, False)
        for routes, is_open in ((self._places.open, True), (self._places.guarded, False)):
            for route in routes:
                match, child = route.matches(scope)
                if match is not Match.NONE:
                    scope["path_params"] = child["path_params"]
                if match is Match.FULL:
                    return route, is_open
                if match is Match.PARTIAL:
                    partly = (route, is_open)
        return partly

    async def _answer(self, visit: Visit, request: Request, route: Route | None, *, is_open: bool) -> Response:
        now = self._clock()
        session: Session | None = None
        admit(request, None)
        try:
            if not is_meant_for_us(request.headers.get("host", ""), base_url=self._base_url):
                raise other_host()
            session = self._entrance.session(request, now)
            self._limits.count(request, session.agent.agent_id if session else "")
            admit(request, session)
            async with asyncio.timeout(self._most_seconds):
                response = await self._let_in(request, route, session, is_open=is_open)
        except Refused as refused:
            visit.refused(refused.reason)
            response = self._refused(request, failure_of(refused), refused)
        except grpc.RpcError as error:
            failure, refusal = refusal_of(error)
            visit.refused(failure.reason)
            response = self._refused(request, failure, refusal)
        except TimeoutError:
            visit.refused("AWAY")
            response = self._refused(request, failure_of(service_away()), service_away())
        except Exception as error:  # noqa: BLE001  whatever it was, the agent is told, and not what it was
            visit.failed(error)
            response = self._refused(request, failure_of(internal()), internal())
        if session is not None and not is_open:
            self._keep(request, response, session, now)
        return response

    async def _let_in(
        self, request: Request, route: Route | None, session: Session | None, *, is_open: bool
    ) -> Response:
        if session is None and not is_open:
            if request.method in LOOKS and not request.headers.get("accept", "").startswith(STREAM):
                return RedirectResponse(SIGN_IN, status_code=303)
            if request.method in ACTS and is_sent_from_us(request.headers, base_url=self._base_url):
                await self._form(request, None, is_open=is_open)  # an agent may have typed for longer than a session
            raise not_signed_in()
        if route is None:
            raise uri_too_long() if len(request.scope["path"]) > MOST_PATH_CHARACTERS else nothing_here()
        if request.method not in (route.methods or LOOKS):
            raise wrong_method(", ".join(sorted(route.methods or LOOKS)))
        if request.method not in LOOKS:
            await self._form(request, session, is_open=is_open)
        elif session is not None:
            admit(request, session, goes_on=lambda: self._sessions.goes_on(session, self._clock()))
        handler: Callable[[Request], Awaitable[Response]] = route.endpoint
        return await handler(request)

    async def _form(self, request: Request, session: Session | None, *, is_open: bool) -> None:
        """Take a form that was sent from a page of ours, and, of who is signed in, from a page of this session.

        What it says is noted before it is refused: the page of the refusal shows what somebody wrote.
        """
        if not is_sent_from_us(request.headers, base_url=self._base_url):
            raise not_from_here()
        fields = await read_form(request, within_seconds=self._body_seconds, most_characters=MOST_VALUE_CHARACTERS)
        admit(request, session, fields)
        if session is not None and not is_open:
            shown = one(fields, TOKEN_FIELD).encode()
            if not hmac.compare_digest(shown, self._sessions.form_token(session).encode()):
                raise not_from_here()

    def _refused(self, request: Request, failure: Failure, refused: Refused) -> Response:
        response = self._failure_page(request, failure)
        response.headers.update(refused.headers)
        return response

    def _keep(self, request: Request, response: Response, session: Session, now: datetime) -> None:
        """Give the browser the session as it is now, where that is news to it and the session goes on."""
        if "set-cookie" in response.headers or not self._sessions.goes_on(session, now):
            return
        # What a page asks by itself is no sign of the agent: else a page that is open keeps the session for ever.
        by_agent = request.headers.get("sec-fetch-mode", NAVIGATE) == NAVIGATE
        renewed = self._sessions.renewed(session, now) if by_agent else session
        if renewed is not session or self._sessions.read(request.cookies, now) != session:
            response.headers.append("set-cookie", self._sessions.cookie(renewed))
