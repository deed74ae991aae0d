"""The door as a process: it starts by itself, and goes when told without leaving a customer halfway."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.state import ROOT

PATIENCE_SECONDS = 60
FORM = b"form=resume"
HEAD = (
    b"POST /r/token HTTP/1.1\r\nHost: door\r\nConnection: close\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(FORM)
)


async def start(folder: Path, **settings: str) -> Process:
    environment = {
        "PATH": os.environ["PATH"],
        "OMNITHREAD_LISTEN": "127.0.0.1:0",
        "OMNITHREAD_PORT_FILE": str(folder / "ports"),
        "OMNITHREAD_CART_ADDRESS": "127.0.0.1:1",
        "OMNITHREAD_SERVICE_TOKEN_FILE": str(folder / "door.token"),
        "OMNITHREAD_RESUME_TARGET": "https://shop.example/cart#{token}",
        **{f"OMNITHREAD_{name.upper()}": value for name, value in settings.items()},
    }
    (folder / "door.token").write_text("no token", encoding="utf-8")
    return await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "services.door"], cwd=ROOT, env=environment, stdout=PIPE, stderr=PIPE
    )


async def ports(folder: Path) -> tuple[int, int]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (folder / "ports").exists():
            await asyncio.sleep(0.02)
    port, health_port = (folder / "ports").read_text().split()
    return int(port), int(health_port)


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[Process]:
    process = await start(tmp_path)
    yield process
    if process.returncode is None:
        process.kill()
        await process.communicate()


async def test_a_request_that_is_on_its_way_is_answered_before_it_ends(process: Process, tmp_path: Path) -> None:
    port, health_port = await ports(tmp_path)
    probe, probe_writer = await asyncio.open_connection("127.0.0.1", health_port)
    probe_writer.write(b"GET /readyz HTTP/1.1\r\nHost: door\r\nConnection: close\r\n\r\n")
    assert b"200 OK" in await probe.read()
    probe_writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + FORM[:5])
    await writer.drain()
    await asyncio.sleep(0)
    idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
    idle_writer.write(b"GET /style.css HTTP/1.1\r\nHost: door\r\n\r\n")
    assert b"200 OK" in await idle.readline()  # so the one before it is being answered
    process.send_signal(signal.SIGTERM)
    writer.write(FORM[5:])
    answer = await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
    assert answer.startswith(b"HTTP/1.1 503 ")  # nobody is behind this door, and it says so
    writer.close()
    idle_writer.close()
    out, _ = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    assert process.returncode == 0
    assert b"/r/{token}" in out
    assert b"/r/token" not in out


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"resume_target": "http://shop.example/{token}"}, "resume_target"),
        ({"resume_target": "https://{token}.shop.example/"}, "resume_target"),
        ({"trusted_proxies": "-1"}, "trusted_proxies"),
        ({"default_language": "fr"}, "default_language"),
        ({"listen": "127.0.0.1:99999"}, "door"),
    ],
)
async def test_what_cannot_be_is_told_in_one_line(tmp_path: Path, settings: dict[str, str], fault: str) -> None:
    process = await start(tmp_path, **settings)
    _, said = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    assert process.returncode == 1
    assert fault in said.decode()
    assert "Traceback" not in said.decode()


async def test_there_is_nothing_to_migrate(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "services.door", "migrate"], cwd=ROOT, stdout=PIPE, stderr=PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    assert said.decode().strip() == "usage: python -m services.door [serve]"
