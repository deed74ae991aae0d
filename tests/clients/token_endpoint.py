"""An identity provider's token endpoint: gives the tokens that a test put there, one after the other."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from libs.web.server import ServerLimits, http_server


@dataclass
class TokenEndpoint:
    """Give `first` once each, then what `then` makes."""

    first: list[str]
    then: Callable[[], str]
    given: list[str] = field(default_factory=list)
    """What it has given out, in order."""
    address: str = ""

    async def answer(self, _request: Request) -> JSONResponse:
        """Give the next one."""
        place = len(self.given)
        self.given.append(self.first[place] if place < len(self.first) else self.then())
        return JSONResponse({"access_token": self.given[-1], "token_type": "Bearer"})


@asynccontextmanager
async def token_endpoint(*first: str, then: Callable[[], str]) -> AsyncIterator[TokenEndpoint]:
    """Serve one inside the block."""
    endpoint = TokenEndpoint(list(first), then)
    app = Starlette(routes=[Route("/token", endpoint.answer, methods=["POST"])])
    async with http_server(app, "127.0.0.1:0", ServerLimits()) as port:
        endpoint.address = f"http://127.0.0.1:{port}/token"
        yield endpoint
