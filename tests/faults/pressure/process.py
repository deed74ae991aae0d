"""Starts the process that makes the load, and waits for what came of it."""

import asyncio
import subprocess
import sys

from tests.faults.pressure.plan import LoadPlan, LoadResult

GRACE_SECONDS = 60.0


async def load(plan: LoadPlan) -> LoadResult:
    """Make a load. Raises TimeoutError, or RuntimeError where the process fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.pressure", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(plan.seconds + plan.settle_seconds + plan.deadline_seconds + GRACE_SECONDS):
            told, _ = await process.communicate(plan.to_json().encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"the load ended with {process.returncode}")
    return LoadResult.from_json(told.decode())
