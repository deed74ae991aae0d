"""Signing in and out."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from libs.clock import Clock
from services.console.pages.rendering import Rendering
from services.console.web.failures import link_not_good
from services.console.web.limits import Limits
from services.console.web.requests import session_of, session_or_none
from services.console.web.sessions import Sessions
from services.console.web.sign_in_links import SignInLinks

SIGN_IN, SIGN_IN_BY, SIGN_OUT = "/sign-in", "/sign-in/{token}", "/sign-out"


@dataclass(frozen=True, slots=True)
class SigningIn:
    """The pages around it. A link that is opened shows whom it is for; pressing the button uses it."""

    rendering: Rendering
    sessions: Sessions
    links: SignInLinks
    limits: Limits
    clock: Clock

    async def ask(self, request: Request) -> Response:
        """Say how to sign in."""
        if session_or_none(request) is not None:
            return RedirectResponse("/", status_code=303)
        return self.rendering.page(request, "sign_in.html", agent_of_link=None)

    async def show(self, request: Request) -> Response:
        """Show whom a link signs in; mail programs and messengers that look at links use none up."""
        agent = self.links.look(request.path_params["token"], self.clock())
        if agent is None:
            self.limits.count_sign_in(request)
            raise link_not_good()
        return self.rendering.page(request, "sign_in.html", agent_of_link=agent)

    async def act(self, request: Request) -> Response:
        """Use a link."""
        self.limits.count_sign_in(request)
        now = self.clock()
        agent = self.links.take(request.path_params["token"], now)
        if agent is None:
            raise link_not_good()
        response = RedirectResponse("/", status_code=303)
        response.headers["set-cookie"] = self.sessions.cookie(self.sessions.begin(agent, now))
        return response

    async def leave(self, request: Request) -> Response:
        """End the session."""
        self.sessions.end(session_of(request))
        response = RedirectResponse(SIGN_IN, status_code=303)
        response.headers["set-cookie"] = self.sessions.no_cookie()
        return response

    def open_routes(self) -> list[Route]:
        """Give the places for who is not signed in yet."""
        return [
            Route(SIGN_IN, self.ask, methods=["GET"]),
            Route(SIGN_IN_BY, self.show, methods=["GET"]),
            Route(SIGN_IN_BY, self.act, methods=["POST"]),
        ]

    def routes(self) -> list[Route]:
        """Give the place for who is."""
        return [Route(SIGN_OUT, self.leave, methods=["POST"])]
