"""`make demo` plays to the end, proves what it says, and leaves nothing behind; a claim that is untrue stops it."""

import asyncio
import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from deploy.demo.play import SETTINGS
from deploy.demo.stage import Stage, Untrue
from deploy.local.plan import Plan, fresh_prefix
from deploy.local.state import ROOT
from deploy.local.suite import Suite
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


@pytest.mark.timeout(600)
async def test_the_demo_plays_once_on_a_suite_that_runs_already(tmp_path: Path) -> None:
    plan = Plan(state_dir=tmp_path, prefix=fresh_prefix("test"), settings=SETTINGS)
    async with Suite(plan) as suite:
        assert suite.traces is not None
        told = {
            **marked_environment(),
            **{f"OMNITHREAD_{name.upper()}_ADDRESS": service.address for name, service in suite.services.items()},
            "OMNITHREAD_ROOT_CERTIFICATES_FILE": str(suite.authority.file),
            "OMNITHREAD_STATE_DIR": str(plan.state_dir),
            "OMNITHREAD_MAILS_FOLDER": str(suite.mailbox.folder),
            "OMNITHREAD_SPANS_FROM": "own",
            "OMNITHREAD_SPANS_ADDRESS": suite.traces.address,
            "OTEL_EXPORTER_OTLP_ENDPOINT": suite.traces.address,
        }
        played = await run("-m", "deploy.local", "demo", environment=told)
        assert played.returncode == 0, played.stdout + played.stderr
        assert "All of it is true" in played.stdout
        assert "what she did stays there" in played.stdout
        again = await run("-m", "deploy.local", "demo", environment=told)
        assert again.returncode == 1
        assert "the play was given on this suite before" in " ".join(again.stderr.split())
        assert still_running(told) == []


async def test_a_suite_that_is_named_in_part_only_is_not_played_on(tmp_path: Path) -> None:
    environment = {
        **marked_environment(),
        "OMNITHREAD_CART_ADDRESS": "127.0.0.1:1",
        "OMNITHREAD_STATE_DIR": str(tmp_path),
    }
    played = await run("-m", "deploy.local", "demo", environment=environment)
    assert played.returncode == 1
    assert "these have to be told as well: profile_address" in " ".join(played.stderr.split())


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
