"""The embedded servers do what the suite builds on: they answer, survive a crash, and never outlive us."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from motor.motor_asyncio import AsyncIOMotorClient

from deploy.local.backends import EmbeddedKafka, EmbeddedMongo
from deploy.local.child import ChildFailed, start_child
from libs.events.kafka import KafkaAccess, ensure_topics

Document = dict[str, object]


@contextmanager
def open_mongo(uri: str) -> Iterator[AsyncIOMotorClient[Document]]:
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(uri, w="majority", journal=True)
    try:
        yield client
    finally:
        client.close()


async def test_what_mongo_acknowledged_is_there_after_a_crash(tmp_path: Path) -> None:
    async with EmbeddedMongo(data_dir=tmp_path) as server:
        with open_mongo(server.address.uri) as client:
            await client.shop.carts.insert_one({"_id": "anna", "version": 1})
            await server.kill()
            assert not await server.answers()
            assert await server.start() == server.address
            assert await client.shop.carts.find_one({"_id": "anna"}) == {"_id": "anna", "version": 1}


async def test_a_conditional_write_changes_one_version_only(mongo_uri: str, unique_prefix: str) -> None:
    with open_mongo(mongo_uri) as client:
        carts = client[unique_prefix].carts
        await carts.insert_one({"_id": "anna", "version": 1})
        change = {"$set": {"version": 2}, "$push": {"outbox": {"$each": [{"seq": 1}]}}}
        won = await carts.update_one({"_id": "anna", "version": 1}, change)
        lost = await carts.update_one({"_id": "anna", "version": 1}, change)
        assert (won.modified_count, lost.modified_count) == (1, 0)
        await client.drop_database(unique_prefix)


async def test_a_record_sent_to_kafka_is_read_from_it(kafka_bootstrap: str, unique_prefix: str) -> None:
    topic = f"{unique_prefix}.events"
    await ensure_topics(KafkaAccess(bootstrap_servers=kafka_bootstrap), [topic], partitions=1)
    async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, enable_idempotence=True) as producer:
        await producer.send_and_wait(topic, b"added", key=b"anna")
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=kafka_bootstrap, group_id=unique_prefix, auto_offset_reset="earliest"
    ) as consumer:
        record = await asyncio.wait_for(consumer.getone(), 10)
    assert (record.key, record.value) == (b"anna", b"added")


async def test_a_crashed_broker_answers_again_at_the_same_address(tmp_path: Path) -> None:
    async with EmbeddedKafka(data_dir=tmp_path) as server:
        await server.kill()
        assert not await server.answers()
        assert await server.start() == server.address
        assert await server.answers()


async def test_a_stopped_broker_still_has_its_records(tmp_path: Path) -> None:
    async with EmbeddedKafka(data_dir=tmp_path) as server:
        bootstrap = server.address.bootstrap_servers
        async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
            await producer.send_and_wait("events", b"added")
        await server.stop()
        await server.start()
        async with AIOKafkaConsumer("events", bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
            assert (await asyncio.wait_for(consumer.getone(), 10)).value == b"added"


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    async with EmbeddedKafka(data_dir=tmp_path / "first") as first:
        port = int(first.address.bootstrap_servers.rpartition(":")[2])
        (tmp_path / "second").write_text("in the way of the data folder")
        with pytest.raises((ChildFailed, OSError)):
            await EmbeddedKafka(data_dir=tmp_path / "second", port=port).start()


async def test_a_child_that_ignores_the_request_to_stop_is_ended(tmp_path: Path) -> None:
    deaf = "import signal as s, time; s.signal(s.SIGTERM, s.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    log = tmp_path / "log"
    child = await start_child([sys.executable, "-c", deaf], name="deaf", log=log)
    while not log.read_bytes():
        await asyncio.sleep(0.01)
    await child.stop(timeout_seconds=0.1)
    assert await child.wait() == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_a_killed_parent_leaves_no_server_behind(tmp_path: Path) -> None:
    parent_code = (
        "import asyncio, pathlib, sys\n"
        "from deploy.local.child import start_child\n"
        "async def main():\n"
        "    log = pathlib.Path(sys.argv[1])\n"
        "    child = await start_child(['sleep', '60'], name='sleep', log=log)\n"
        "    print(child.pid, flush=True)\n"
        "    await child.wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", parent_code, str(tmp_path / "log"), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(5):
        while _is_alive(pid):
            await asyncio.sleep(0.01)


def _is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended but was not yet collected does not."""
    try:
        os.kill(pid, 0)
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
