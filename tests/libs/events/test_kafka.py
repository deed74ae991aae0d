"""Topics are made once, who we are at Kafka comes from the settings, and what is closed is gone."""

import asyncio
import gc
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import OAuthAuthenticator
from aiokafka.errors import ProducerClosed, TopicAuthorizationFailedError

from deploy.local.backends import EmbeddedKafka
from libs.events.kafka import (
    KafkaAccess,
    TokenInFile,
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


async def test_where_all_topics_are_there_no_right_to_make_any_is_asked_for(
    kafka_bootstrap: str, unique_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = KafkaAccess(bootstrap_servers=kafka_bootstrap)
    await ensure_topics(access, [unique_prefix], partitions=1)

    async def forbidden(*_: object) -> None:  # as a broker with rights says, where these are to read and write
        raise TopicAuthorizationFailedError

    monkeypatch.setattr(AIOKafkaAdminClient, "create_topics", forbidden)
    await ensure_topics(access, [unique_prefix], partitions=1)
    with pytest.raises(TopicAuthorizationFailedError):
        await ensure_topics(access, [f"{unique_prefix}.other"], partitions=1)


async def test_a_token_for_kafka_is_the_one_that_lies_there_when_it_connects(tmp_path: Path) -> None:
    file = tmp_path / "token"
    settings = ServiceSettings(
        kafka_security_protocol="SASL_SSL", kafka_sasl_mechanism="OAUTHBEARER", kafka_token_file=file
    )
    access = kafka_access(settings)
    for token in ("first", "second"):
        file.write_text(f"{token}\n")
        # What the driver says first to a broker.
        said = await OAuthAuthenticator(sasl_oauth_token_provider=TokenInFile(file)).step(None)
        assert said == (f"n,,\x01auth=Bearer {token}\x01\x01".encode(), True)
    # Made and closed without a broker: the driver takes it.
    await close_producer(new_producer(access))
    await close_consumer(new_group_consumer(access, ["cart"], group="test"))


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
@pytest.mark.parametrize("joining", [False, True])
async def test_a_member_is_gone_although_the_broker_no_longer_answers(tmp_path: Path, joining: bool) -> None:
    async with EmbeddedKafka(data_dir=tmp_path) as broker:
        access = KafkaAccess(bootstrap_servers=broker.address.bootstrap_servers)
        await ensure_topics(access, ["cart"], partitions=1)
        before = asyncio.all_tasks()
        consumer = new_group_consumer(access, ["cart"], group="readers")
        await consumer.start()
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            if joining:
                consumer._coordinator.request_rejoin()
                await asyncio.sleep(0.1)  # it asks for its place in the group, and hears nothing
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


async def test_a_producer_that_is_given_up_with_what_it_holds_complains_of_nothing(tmp_path: Path) -> None:
    complaints: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    async with EmbeddedKafka(data_dir=tmp_path) as broker:
        access = KafkaAccess(bootstrap_servers=broker.address.bootstrap_servers)
        await ensure_topics(access, ["cart"], partitions=1)
        producer = new_producer(access)
        await producer.start()
        await producer.send_and_wait("cart", b"1", partition=0)
        await broker.kill()
        sent = await producer.send("cart", b"2", partition=0)
        held = producer._message_accumulator
        async with asyncio.timeout(30):
            while not any(batch.retry_count for waiting in held._batches.values() for batch in waiting):
                await asyncio.sleep(0.01)  # until the driver has tried, and means to try again
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        try:
            await close_producer(producer)
            with pytest.raises(ProducerClosed):
                await sent
            del producer, held
            gc.collect()
            await asyncio.sleep(0)
        finally:
            loop.set_exception_handler(before)
    assert complaints == []
