"""A receiver by itself, without the pages, for demos and tests: `python -m services.console.spans PORT [FILE]`.

It listens on this machine only, and whoever is on it may read what was taken.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from libs.program import until_stopped
from libs.web.server import http_server
from services.console.spans.file import SpanFile
from services.console.spans.parts import RECEIVER_LIMITS
from services.console.spans.receiver import Receiver
from services.console.spans.store import SpanStore


@asynccontextmanager
async def receiving(port: str, file: SpanFile | None) -> AsyncIterator[None]:
    """Take spans while inside."""
    receiver = Receiver(SpanStore(), registry=CollectorRegistry(), file=file, readable=True)
    async with http_server(receiver, f"127.0.0.1:{port}", RECEIVER_LIMITS):
        yield


if __name__ == "__main__":
    listen, *files = sys.argv[1:]
    asyncio.run(until_stopped(lambda: receiving(listen, SpanFile(Path(files[0])) if files else None)))
