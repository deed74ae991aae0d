"""A service as a process: what its command line does, and how it ends."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2

from deploy.local.keys import Keys, ensure_keys
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from tests.libs.rpc.opened_door import CHANNELS, as_channel

PATIENCE_SECONDS = 60


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return ensure_keys(tmp_path / "keys")


@pytest.fixture
def environment(keys: Keys, mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "OMNITHREAD_MONGO_URI": mongo_uri,
        "OMNITHREAD_MONGO_DATABASE": unique_prefix,
        "OMNITHREAD_KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "OMNITHREAD_TOPIC_PREFIX": unique_prefix,
        "OMNITHREAD_JWKS_FILE": str(keys.jwks_file),
        "OMNITHREAD_CHANNELS_FILE": str(CHANNELS),
        "OMNITHREAD_PORT_FILE": str(tmp_path / "ports"),
    }


async def start(environment: Mapping[str, str], *words: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.libs.tiny_service", *words, env=environment, stdout=PIPE, stderr=PIPE
    )


async def run(environment: Mapping[str, str], *words: str) -> tuple[int | None, str, str]:
    """Run to the end, and give the exit code and what was written."""
    process = await start(environment, *words)
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    return process.returncode, out.decode(), err.decode()


def ports_in(environment: Mapping[str, str]) -> tuple[int, int] | None:
    path = Path(environment["OMNITHREAD_PORT_FILE"])
    if not path.exists():
        return None
    port, health_port = path.read_text().split()
    return int(port), int(health_port)


@asynccontextmanager
async def started(environment: Mapping[str, str]) -> AsyncIterator[tuple[Process, int, int]]:
    """Start serving, and give the process and its two ports."""
    process = await start(environment)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (ports := ports_in(environment)):
                assert process.returncode is None, (await process.communicate())[1].decode()
                await asyncio.sleep(0.02)
        yield process, *ports
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_the_start_refuses_a_database_that_was_not_migrated(environment: dict[str, str]) -> None:
    code, _, err = await run(environment)
    assert code == 1
    assert "Run `python -m services.cart migrate` first." in err
    assert "Traceback" not in err


async def test_a_running_call_is_answered_after_sigterm_and_the_process_ends_well(
    environment: dict[str, str], keys: Keys
) -> None:
    code, out, err = await run(environment, "migrate")
    assert (code, err) == (0, "")
    assert '"event": "migrated"' in out
    code, out, err = await run(environment, "retry-parked")
    assert (code, err) == (0, "")
    assert '"records": 0, "events": 0, "streams": 0, "event": "parked_due"' in out
    async with (
        started(environment) as (process, port, health_port),
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
        grpc.aio.insecure_channel(f"127.0.0.1:{health_port}") as probe,
    ):
        check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = probe.unary_unary("/grpc.health.v1.Health/Check")
        assert health_pb2.HealthCheckResponse.FromString(await check(b"")).status == 1
        stub = CartServiceStub(channel)
        metadata = as_channel(keys, "web-shop")
        await stub.GetCart(GetCartRequest(customer_id="cus_1"), metadata=metadata)
        slow = stub.GetCart(GetCartRequest(customer_id="cus_after_2"), metadata=metadata)
        await slow.wait_for_connection()
        quick = await stub.GetCart(GetCartRequest(customer_id="cus_1"), metadata=metadata)  # behind the slow one
        assert quick.cart.customer_id == "cus_1"
        process.send_signal(signal.SIGTERM)
        answer: GetCartResponse = await slow
        assert answer.cart.customer_id == "cus_after_2"
        assert await asyncio.wait_for(process.wait(), PATIENCE_SECONDS) == 0


async def test_a_process_that_still_waits_for_its_database_can_be_stopped(environment: dict[str, str]) -> None:
    away = {**environment, "OMNITHREAD_MONGO_URI": "mongodb://127.0.0.1:1/?directConnection=true"}
    process = await start(away)
    assert process.stdout is not None
    first_line = await asyncio.wait_for(process.stdout.readline(), PATIENCE_SECONDS)
    assert b'"event": "starting"' in first_line
    process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("changed", "words", "says"),
    [
        ({}, ["serf"], "usage: python -m services.cart [serve | migrate | new-epoch | retry-parked]"),
        ({"OMNITHREAD_DRAIN_SECONDS": "-1"}, [], "drain_seconds: Input should be greater than or equal to 0"),
        ({"OMNITHREAD_CHANNELS_FILE": "nowhere.toml"}, [], "nowhere.toml"),
        ({"OMNITHREAD_JWKS_FILE": "nowhere.json"}, [], "nowhere.json"),
    ],
)
async def test_a_fault_of_the_set_up_is_told_in_one_line(
    environment: dict[str, str], changed: dict[str, str], words: list[str], says: str
) -> None:
    code, _, err = await run({**environment, **changed}, *words)
    assert code == 1
    assert says in err
    assert "Traceback" not in err
