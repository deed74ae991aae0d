"""The console as a process, started as docs/console.md says."""

import asyncio
import json
import os
import re
import signal
import stat
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import httpx
import pytest

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.state import ROOT
from services.console.commands import run_command
from services.console.settings import ConsoleSettings

PATIENCE_SECONDS = 60
PAGE = (ROOT / "docs/console.md").read_text(encoding="utf-8")


def block(language: str, having: str) -> str:
    [found] = [code for code in re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL) if having in code]
    return str(found)


async def run(folder: Path, code: str, **settings: str) -> tuple[int, str, str]:
    child = await asyncio.create_subprocess_exec(
        "bash", "-euc", code, cwd=ROOT, env=environment(folder, **settings), stdout=PIPE, stderr=PIPE
    )
    out, err = await asyncio.wait_for(child.communicate(), PATIENCE_SECONDS)
    assert child.returncode is not None
    return child.returncode, out.decode(), err.decode()


def environment(folder: Path, **settings: str) -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "OMNITHREAD_TOKEN_KEY_FILE": str(folder / "console-key.json"),
        "OMNITHREAD_SESSION_KEY_FILE": str(folder / "console-session.key"),
        **{f"OMNITHREAD_{name.upper()}": value for name, value in settings.items()},
    }


@pytest.mark.timeout(240)
async def test_the_page_leads_from_no_keys_to_somebody_signed_in(tmp_path: Path) -> None:
    code, out, err = await run(tmp_path, block("sh", "new-keys"))
    assert code == 0, err
    entry = json.loads(out)
    assert entry["omnithread_channels"] == ["console"]
    assert "d" not in entry, "what services are told is public"
    assert stat.S_IMODE((tmp_path / "console-key.json").stat().st_mode) == 0o600
    code, _, err = await run(tmp_path, block("sh", "new-keys"))
    assert code == 1
    assert "Traceback" not in err, "keys that are there are never written over"

    listen = f"{LOOPBACK}:{free_port()}"
    serving = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "services.console"],
        cwd=ROOT,
        env=environment(tmp_path, listen=listen, port_file=str(tmp_path / "ports")),
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (tmp_path / "ports").exists():
                await asyncio.sleep(0.05)
        code, link, err = await run(tmp_path, block("sh", "sign-in --agent"), listen=listen)
        assert code == 0, err
        async with httpx.AsyncClient(base_url=f"http://{listen}", timeout=20, follow_redirects=True) as http:
            here = {"origin": f"http://{listen}"}
            page = await http.post(link.strip(), headers=here, data={"x": ""})
            assert "Find a customer" in page.text
            assert "Anna Berg" in page.text
            async with http.stream("GET", "/customers/cus_1/live", headers={"accept": "text/event-stream"}) as live:
                lines = live.aiter_lines()
                assert await anext(lines) == "retry: 1000"
                serving.send_signal(signal.SIGTERM)
                rest = [line async for line in lines]
            assert all(line == "" or line.startswith(("event: ", "data: ")) for line in rest), "it ends between events"
        out_bytes, _ = await asyncio.wait_for(serving.communicate(), PATIENCE_SECONDS)
        assert serving.returncode == 0
        assert link.strip().rpartition("/")[2] not in out_bytes.decode(), "a link is in no log"
    finally:
        if serving.returncode is None:
            serving.kill()
            await serving.communicate()


def test_no_key_is_made_whose_public_half_nobody_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "console-session.key").write_text("a secret that is there already")
    with pytest.raises(SystemExit, match="never written over"):
        run_command("new-keys", [])
    assert not (tmp_path / "console-key.json").exists()
    (tmp_path / "console-session.key").unlink()
    assert "omnithread_channels" in run_command("new-keys", [])


def test_the_settings_behind_a_proxy_are_ones_that_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    for line in block("ini", "AGENT_HEADER").splitlines():
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value)
    settings = ConsoleSettings()
    assert settings.agent_header == "X-Auth-Request-User"
    assert settings.base_url == "https://console.example.com"
    assert settings.trusted_proxies == 1


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"agent_header": "x-agent"}, "agent_header_networks"),
        ({"agent_header": "x agent", "agent_header_networks": "10.0.0.0/8"}, "agent_header"),
        ({"agent_header": "x-agent", "agent_header_networks": "everywhere"}, "everywhere"),
        ({"base_url": "console.example.com"}, "base_url"),
        ({"base_url": "https://console.example.com/pages"}, "base_url"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({}, "console-session.key"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(tmp_path: Path, settings: dict[str, str], fault: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(tmp_path, **settings).items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit, match=re.escape(fault)):
            run_command("sign-in", ["--agent", "anna"])
