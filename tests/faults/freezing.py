"""Freezes a process: it says nothing any more, and its connections stay."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

STOPPED = "T"
LOOK_AGAIN_SECONDS = 0.01
MOST_SECONDS = 30.0


@asynccontextmanager
async def frozen(pid: int) -> AsyncIterator[None]:
    """Freeze it while inside.

    On a busy machine it is a moment until the last of its threads has stopped; it answers until then.
    """
    os.kill(pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(MOST_SECONDS):
            while not _stands_still(pid):
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _stands_still(pid: int) -> bool:
    """Whether all of its threads are stopped, as the kernel tells it: `proc_pid_stat(5)`."""
    try:
        told = [stat.read_text() for stat in Path(f"/proc/{pid}/task").glob("*/stat")]
    except FileNotFoundError:  # a thread that ended meanwhile
        return False
    return all(one.rpartition(")")[2].split()[0] == STOPPED for one in told)
