"""One more replica of a service, in a process that a test kills.

`python -m tests.faults.retries.replica <service> <settings as JSON>` says its port and serves until it is killed.
"""

import asyncio
import json
import sys

from libs.serving import serving
from tests.faults.retries.house import FIVE


async def serve(name: str, settings: str) -> None:
    """Serve for ever."""
    service = next(one for one in FIVE if one.name == name)
    async with serving(service, service.settings(**json.loads(settings))) as running:
        sys.stdout.write(f"{running.port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
