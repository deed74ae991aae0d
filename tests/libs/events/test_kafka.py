"""Topics are made once, who we are at Kafka comes from the settings, and what is closed is gone."""

import asyncio
import gc
import os
import signal
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.backends import EmbeddedKafka
from libs.events.kafka import (
    KafkaAccess,
    close_consumer,
    close_producer,
    ensure_topics,
    kafka_access,
    missing_topics,
    new_group_consumer,
    new_producer,
    start,
)
from libs.settings import ServiceSettings


async def test_topics_are_made_where_they_are_missing_and_left_alone_where_not(
    kafka_bootstrap: str, unique_prefix: str
) -> None:
    access = KafkaAccess(bootstrap_servers=kafka_bootstrap)
    topics = [f"{unique_prefix}.one", f"{unique_prefix}.two"]
    assert await missing_topics(access, topics) == {*topics}
    await ensure_topics(access, topics[:1], partitions=3)
    assert await missing_topics(access, topics) == {topics[1]}
    await ensure_topics(access, topics, partitions=5)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    described = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics(topics)}
    await admin.close()
    assert described == {topics[0]: 3, topics[1]: 5}


async def test_login_and_certificates_come_from_files(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("secret\n")
    settings = ServiceSettings(
        kafka_bootstrap_servers="kafka.example.com:9093",
        kafka_security_protocol="SASL_SSL",
        kafka_user="cart",
        kafka_password_file=password,
        kafka_idle_pause_seconds=0.5,
        instance_name="cart-0",
    )
    access = kafka_access(settings)
    assert access == KafkaAccess(
        bootstrap_servers="kafka.example.com:9093",
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        user="cart",
        password_file=password,
        instance_name="cart-0",
        idle_pause_seconds=0.5,
    )
    # Made and closed without a broker: the driver takes all of it.
    await close_producer(new_producer(access))
    await close_consumer(new_group_consumer(access, ["cart"], group="test"))


@pytest.mark.parametrize("instance_name", ["", "reader-0"])
async def test_a_member_comes_back_under_its_name(kafka_bootstrap: str, unique_prefix: str, instance_name: str) -> None:
    access = KafkaAccess(bootstrap_servers=kafka_bootstrap, instance_name=instance_name)
    await ensure_topics(access, [unique_prefix], partitions=2)
    for _ in range(2):
        consumer = new_group_consumer(access, [unique_prefix], group=f"{unique_prefix}.readers")
        await consumer.start()
        assert len(consumer.assignment()) == 2
        await close_consumer(consumer)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the driver forgets a connection that it was still opening
async def test_a_member_is_gone_although_the_broker_no_longer_answers(tmp_path: Path) -> None:
    async with EmbeddedKafka(data_dir=tmp_path) as broker:
        access = KafkaAccess(bootstrap_servers=broker.address.bootstrap_servers)
        await ensure_topics(access, ["cart"], partitions=1)
        before = asyncio.all_tasks()
        consumer = new_group_consumer(access, ["cart"], group="readers")
        await consumer.start()
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            await close_consumer(consumer)
            async with asyncio.timeout(10):
                while asyncio.all_tasks() - before:
                    await asyncio.sleep(0.01)
        finally:
            os.kill(broker.pid, signal.SIGCONT)
            gc.collect()  # in this test, not in whichever comes next


async def test_whoever_stops_while_it_is_starting_leaves_no_connection_open(kafka_bootstrap: str) -> None:
    access = KafkaAccess(bootstrap_servers=kafka_bootstrap)
    for turns in range(25):  # of the loop: the driver is cut off while it connects, asks and is answered
        producer = new_producer(access)
        starting = asyncio.ensure_future(start(producer))
        for _ in range(turns):
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.wait([starting])
        await close_producer(producer)
        del producer, starting
        gc.collect()  # an open connection would say so here, and fail this test
