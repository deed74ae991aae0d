"""`make up` runs until it is told to stop, with a customer in it whom the printed command finds."""

import asyncio
import re
import signal
import sys
import sysconfig
from pathlib import Path

import httpx
import pytest

from deploy.local.leftovers import drop_what_is_elsewhere
from deploy.local.plan import Plan, fresh_prefix
from deploy.local.state import ROOT
from tests.launch.processes import marked_environment, still_running

UP_LIMIT_SECONDS = 90


@pytest.mark.timeout(180)
async def test_it_comes_up_with_a_customer_answers_a_foreign_client_and_goes_when_told(tmp_path: Path) -> None:
    plan = Plan(state_dir=tmp_path, prefix=fresh_prefix("test"))
    environment = {
        **marked_environment(),
        "OMNITHREAD_STATE_DIR": str(plan.state_dir),
        "OMNITHREAD_TOPIC_PREFIX": plan.prefix,
        "COLUMNS": "200",
    }
    child = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "deploy.local", "up", "--free-ports"],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=ROOT,
        env=environment,
    )
    assert child.stdout is not None
    printed = ""
    try:
        async with asyncio.timeout(UP_LIMIT_SECONDS):
            while "Ctrl-C" not in printed:
                line = await child.stdout.readline()
                assert line, printed
                printed += line.decode()

        token = await output(sys.executable, "-m", "deploy.local", "token", "store-042", environment=environment)
        request = re.search(r"-d '(.*)'", printed)
        address = re.search(r"(127\.0\.0\.1:\d+) omnithread\.context", printed)
        assert request is not None
        assert address is not None
        told = await output(
            str(Path(sysconfig.get_path("scripts")) / "grpcurl"),
            *[
                "-cacert",
                str(plan.tls_dir / "ca.pem"),
                "-H",
                f"authorization: Bearer {token.strip()}",
                "-d",
                request[1],
                address[1],
            ],
            "omnithread.context.v1.ContextService/GetCustomerContext",
            environment=environment,
        )
        assert "Handtasche Marlene" in told
        assert "Clara" in told
        link = re.search(r"http://127\.0\.0\.1:\d+/sign-in/\S+", printed)
        assert link is not None
        async with httpx.AsyncClient(timeout=20) as browser:
            assert "Sign in as Anna?" in (await browser.get(link[0])).text
            another = await output(sys.executable, "-m", "deploy.local", "sign-in", "bob", environment=environment)
            here = f"{link[0].partition('/sign-in/')[0]}/sign-in/{another.strip().rpartition('/')[2]}"
            assert "Sign in as bob?" in (await browser.get(here)).text
    finally:
        child.send_signal(signal.SIGTERM)
        await asyncio.wait_for(child.wait(), 60)
        await drop_what_is_elsewhere(plan)  # `up` itself keeps what it made
    assert child.returncode == 0
    assert still_running(environment) == []


async def output(*command: str, environment: dict[str, str]) -> str:
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=ROOT, env=environment
    )
    said, _ = await child.communicate()
    assert child.returncode == 0, said.decode()
    return said.decode()
