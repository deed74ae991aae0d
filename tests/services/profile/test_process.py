"""Profile as the process that an installation starts."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from deploy.local.keys import ensure_keys, write_service_token
from deploy.local.service import serving
from services.profile.settings import ProfileSettings
from tests.services.running import ROOT

START_SECONDS = 60.0


def environment(mongo_uri: str, kafka_bootstrap: str, prefix: str, state: Path) -> dict[str, str]:
    settings = {
        "mongo_uri": mongo_uri,
        "mongo_database": f"{prefix}_profile",
        "kafka_bootstrap_servers": kafka_bootstrap,
        "topic_prefix": f"{prefix}.",
        "jwks_file": ensure_keys(state).jwks_file,
        "channels_file": ROOT / "deploy/channels.toml",
        "service_token_file": write_service_token(state, "profile"),
        "port_file": state / "ports",
        "drain_seconds": 1,
    }
    assert settings.keys() <= ProfileSettings.model_fields.keys()
    return {**os.environ, **{f"OMNITHREAD_{name.upper()}": str(value) for name, value in settings.items()}}


async def start(variables: dict[str, str], *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.profile",
        *words,
        cwd=ROOT,
        env=variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_it_wants_to_be_migrated_then_serves_then_stops_in_order(
    mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path
) -> None:
    variables = environment(mongo_uri, kafka_bootstrap, unique_prefix, tmp_path)
    too_early = await start(variables)
    _, told = await too_early.communicate()
    assert too_early.returncode == 1
    assert b"python -m services.profile migrate" in told
    for _ in range(2):
        migration = await start(variables, "migrate")
        await migration.communicate()
        assert migration.returncode == 0

    service = await start(variables)
    try:
        async with asyncio.timeout(START_SECONDS):
            while not (tmp_path / "ports").exists():
                assert service.returncode is None
                await asyncio.sleep(0.05)
            _, health_port = (tmp_path / "ports").read_text(encoding="utf-8").split()
            while not await serving(f"127.0.0.1:{health_port}"):
                await asyncio.sleep(0.05)
        service.send_signal(signal.SIGTERM)
        await asyncio.wait_for(service.communicate(), START_SECONDS)
        assert service.returncode == 0
    finally:
        if service.returncode is None:
            service.kill()
            await service.communicate()


def test_every_setting_says_what_it_is_for() -> None:
    own = set(ProfileSettings.__annotations__)
    assert own >= {"identifiers_file", "merge_patience_seconds", "merge_sweep_seconds"}
    assert all(ProfileSettings.model_fields[name].description for name in own)


@pytest.mark.parametrize("words", [("sing",), ("migrate", "twice")])
async def test_what_it_does_not_know_it_refuses(words: tuple[str, ...]) -> None:
    process = await start(dict(os.environ), *words)
    _, told = await process.communicate()
    assert process.returncode != 0
    assert b"usage: python -m services.profile" in told
