"""Takes a server away from a running suite: dead, or frozen so that its connections stay and nothing is said."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from deploy.local.server import Server
from tests.faults import freezing


@asynccontextmanager
async def dead(server: Server[Any]) -> AsyncIterator[None]:  # addresses of several types; so below
    """Kill it, and start it again at the end."""
    await server.kill()
    try:
        yield
    finally:
        await server.start()


@asynccontextmanager
async def frozen(server: Server[Any]) -> AsyncIterator[None]:
    """Stop it as it is, and let it go on at the end."""
    pid = server.pid
    assert pid is not None
    async with freezing.frozen(pid):
        yield
