"""One HTTP server: uvicorn inside our own process, with its signals, logs and unbounded waits taken away."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from libs.web.patient_protocol import patient_protocol

MOST_HEAD_BYTES = 16 * 1024
"""Of a request line and headers together."""
BACKLOG = 128


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What one server bears."""

    most_connections: int = 512
    head_seconds: float = 10.0
    drain_seconds: float = 10.0


@asynccontextmanager
async def http_server(app: ASGIApp, listen: str, limits: ServerLimits) -> AsyncIterator[int]:
    """Serve `app` on `host:port` while inside, and give the port; at the end, let running requests finish.

    Raises OSError where the address is taken, ValueError where it is none.
    """
    bound = _bound(listen)
    port: int = bound.getsockname()[1]
    server = _Server(
        uvicorn.Config(
            app,
            http=patient_protocol(limits.head_seconds),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=True,
            limit_concurrency=limits.most_connections,
            backlog=BACKLOG,
            timeout_keep_alive=max(1, round(limits.head_seconds)),
            timeout_graceful_shutdown=max(1, round(limits.drain_seconds)),
            h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        )
    )
    work, up = asyncio.create_task(server.serve([bound])), asyncio.create_task(server.up.wait())
    try:
        await asyncio.wait([work, up], return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
            raise RuntimeError("the HTTP server ended while starting")
        yield port
    finally:
        up.cancel()
        server.should_exit = True
        await work


class _Server(uvicorn.Server):
    """Leaves signals to the process, and says when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bound(listen: str) -> socket.socket:
    """Bind here, so that a taken address is an OSError of ours and not an exit of uvicorn's."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host or "127.0.0.1", int(port)))
    except OverflowError:
        bound.close()
        raise ValueError(f"there is no such port: {listen}") from None
    except BaseException:
        bound.close()
        raise
    return bound
