"""Cart as a process: made ready by `migrate`, started, asked, and stopped in order."""

import asyncio
import os
import sys
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.cart.service import SERVICE as CART
from tests.services.calls import until
from tests.services.running import ROOT, Services


def environment(services: Services, **settings: object) -> dict[str, str]:
    given = services.settings(CART, **settings).model_dump(mode="json", exclude_none=True)
    return {**os.environ, **{f"OMNITHREAD_{name.upper()}": str(value) for name, value in given.items()}}


async def run(*words: str, env: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.cart", *words, cwd=ROOT, env=env, stderr=asyncio.subprocess.PIPE
    )


@pytest.fixture
def alone(mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path) -> Services:
    return Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=tmp_path)


async def test_it_is_migrated_twice_then_started_then_stopped(alone: Services, tmp_path: Path) -> None:
    env = environment(alone, port_file=tmp_path / "ports")
    for _ in range(2):
        assert await (await run("migrate", env=env)).wait() == 0

    process = await run(env=env)

    async def ports() -> list[str]:
        return (tmp_path / "ports").read_text().split() if (tmp_path / "ports").exists() else []

    for port in await until(ports, seconds=60):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            health = health_pb2_grpc.HealthStub(channel)
            answer = await health.Check(health_pb2.HealthCheckRequest())  # type: ignore[attr-defined]  # its stubs
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    process.terminate()
    _, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, said.decode()
    assert await (await run("new-epoch", env=env)).wait() == 0  # as after a restore


async def test_it_does_not_start_on_a_database_that_was_not_migrated(alone: Services) -> None:
    process = await run(env=environment(alone))
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert "python -m services.cart migrate" in said.decode()
