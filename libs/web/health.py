"""Health for probes, on a port of its own: `/healthz` while the process runs, `/readyz` while it takes requests.

Whether the services behind answer is no part of it: without them, too, a page has something to say.
"""

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

ALIVE, READY = "/healthz", "/readyz"


class Health:
    """The ASGI application; not ready until told."""

    def __init__(self) -> None:
        self.ready = False

    def not_ready(self) -> None:
        """Say from now on that no requests are welcome."""
        self.ready = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a probe."""
        if scope["type"] != "http":
            return
        if scope["path"] == ALIVE:
            response = PlainTextResponse("alive\n")
        elif scope["path"] == READY:
            response = PlainTextResponse("ready\n") if self.ready else PlainTextResponse("not ready\n", status_code=503)
        else:
            response = PlainTextResponse("not found\n", status_code=404)
        await response(scope, receive, send)
