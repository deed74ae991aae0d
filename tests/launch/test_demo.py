"""`make demo` plays to the end, proves what it says, and leaves nothing behind; a claim that is untrue stops it."""

import asyncio
import io
import subprocess
import sys

import pytest
from rich.console import Console

from deploy.demo.stage import Stage, Untrue
from deploy.local.state import ROOT
from tests.launch.processes import marked_environment, still_running

EXIT_LIMIT_SECONDS = 150


async def run(*command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=EXIT_LIMIT_SECONDS,
        check=False,
    )


@pytest.mark.timeout(180)
async def test_the_demo_plays_to_the_end_and_leaves_nothing_behind() -> None:
    environment = marked_environment()
    played = await run("-m", "deploy.local", "demo", environment=environment)
    assert played.returncode == 0, played.stdout + played.stderr
    assert "All of it is true" in played.stdout
    assert "Handtasche Marlene" in played.stdout
    assert still_running(environment) == []


async def test_what_is_untrue_is_named_and_the_exit_code_says_so() -> None:
    code = (
        "from deploy.demo.stage import Untrue\n"
        "from deploy.local.__main__ import _run\n"
        "async def play(): raise Untrue('the cart is hers; seen instead: nothing')\n"
        "_run(play(), when_told_to_stop=130)\n"
    )
    played = await run("-c", code, environment=marked_environment())
    assert played.returncode == 1
    assert "UNTRUE: the cart is hers; seen instead: nothing" in " ".join(played.stderr.split())


async def test_a_claim_is_shown_where_it_holds_and_stops_the_play_where_it_does_not() -> None:
    printed = io.StringIO()
    stage = Stage(Console(file=printed, width=100))
    stage.prove("nothing is lost", holds=True, seen=2)
    with pytest.raises(Untrue, match="nothing is lost; seen instead: 1"):
        stage.prove("nothing is lost", holds=False, seen=1)
    assert stage.proofs == 1
    assert "✓ nothing is lost" in printed.getvalue()


async def test_a_claim_may_become_true_within_its_limit_only() -> None:
    stage = Stage(Console(file=io.StringIO()))
    seen = iter(range(100))

    async def look() -> int:
        return next(seen)

    assert await stage.until("it counts to two", look, lambda number: number == 2, limit_seconds=10) == 2
    with pytest.raises(Untrue, match="it counts backwards, within 0 s"):
        await stage.until("it counts backwards", look, lambda number: number < 0, limit_seconds=0)
