"""The connection to Kafka: who we are, what we promise as a producer, and which topics there are.

Producers are idempotent and wait for all replicas in sync. Consumers commit by hand, after what they did is saved,
and start at the oldest record where the broker no longer knows their place: what they have already is dropped later.
"""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.abc import AbstractTokenProvider
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import KafkaError, ProducerClosed, TopicAlreadyExistsError, for_code

from libs.settings import ServiceSettings
from libs.telemetry.scrub import safe_text, type_name

MOST_REPLICAS = 3
REQUEST_TIMEOUT_MS = 10_000
RETRY_PAUSE_MS = 250
SESSION_TIMEOUT_MS = 10_000
STATIC_SESSION_TIMEOUT_MS = 45_000
"""A member that keeps its name has this long to come back before its partitions go to another."""
HEARTBEAT_MS = 3_000
BATCH_BYTES = 64 * 1024
CLOSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """Where Kafka is and how to be let in."""

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "PLAIN"
    user: str = ""
    password_file: Path | None = None
    """Read at every connection, so that a changed password needs no restart."""
    token_file: Path | None = None
    """With OAUTHBEARER, in place of user and password."""
    ca_file: Path | None = None
    instance_name: str = ""
    """Kept over restarts by this replica; a group then gives it the same partitions again. Empty for none."""
    idle_pause_seconds: float = 0.0
    """How long to pause between questions to a broker that answers at once instead of waiting; 0 for Kafka."""


def kafka_access(settings: ServiceSettings) -> KafkaAccess:
    """Take what concerns Kafka from a service's settings."""
    return KafkaAccess(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        user=settings.kafka_user,
        password_file=settings.kafka_password_file,
        token_file=settings.kafka_token_file,
        ca_file=settings.kafka_ca_file,
        instance_name=settings.instance_name,
        idle_pause_seconds=settings.kafka_idle_pause_seconds,
    )


class TokenInFile(AbstractTokenProvider):  # type: ignore[misc]  # the driver has no types, and wants it so
    """Gives the driver the token that lies in a file when it connects; whoever writes it there renews it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def token(self) -> str:
        """Give the token. Raises OSError."""
        return (await asyncio.to_thread(self._file.read_text, encoding="utf-8")).strip()


def new_producer(access: KafkaAccess) -> AIOKafkaProducer:
    """Make a producer, not started. One that failed is closed and replaced: its errors may be for ever."""
    return AIOKafkaProducer(
        **_connection(access), acks="all", enable_idempotence=True, max_batch_size=BATCH_BYTES, compression_type=None
    )


def new_group_consumer(access: KafkaAccess, topics: Sequence[str], *, group: str) -> AIOKafkaConsumer:
    """Make a member of a group, not started; a static one where this replica keeps its name."""
    static = {"group_instance_id": access.instance_name, "session_timeout_ms": STATIC_SESSION_TIMEOUT_MS}
    return AIOKafkaConsumer(
        *topics,
        **_connection(access),
        **(static if access.instance_name else {"session_timeout_ms": SESSION_TIMEOUT_MS}),
        group_id=group,
        heartbeat_interval_ms=HEARTBEAT_MS,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )


def new_tail_consumer(access: KafkaAccess, topics: Sequence[str]) -> AIOKafkaConsumer:
    """Make a consumer of all partitions that begins now and keeps no place, not started."""
    return AIOKafkaConsumer(*topics, **_connection(access), group_id=None, auto_offset_reset="latest")


async def start(
    part: AIOKafkaProducer | AIOKafkaConsumer | AIOKafkaAdminClient, *, seconds: float | None = None
) -> None:
    """Start a part of the driver. Raises KafkaError or OSError, and TimeoutError after so many seconds.

    The driver leaves its first connection open where it is cut off while it waits there, so it is let finish,
    in bounded time; whoever asked closes what was started.
    """
    starting = asyncio.ensure_future(part.start())
    try:
        async with asyncio.timeout(seconds):
            await asyncio.shield(starting)
    except BaseException:
        await asyncio.wait([starting], timeout=CLOSE_SECONDS)
        if not starting.cancel() and not starting.cancelled():
            starting.exception()  # it has been told already, or comes too late
        raise


async def close_producer(producer: AIOKafkaProducer) -> None:
    """Close a producer in bounded time and give up what it still holds; whoever waits for that gets an error."""
    _give_up_what_it_holds(producer)
    with suppress(Exception):
        async with asyncio.timeout(CLOSE_SECONDS):
            await producer.stop()
            return
    with suppress(Exception):
        async with asyncio.timeout(CLOSE_SECONDS / 4):
            await producer.client.close()


def _give_up_what_it_holds(producer: AIOKafkaProducer) -> None:
    """Fail what is not acknowledged: an idempotent producer waits for its broker for ever else.

    The driver has no other way to say so. A batch that waits for its next try is told like one that is under way, as
    which the driver strikes it off; and nobody may be left to whom that a batch failed would be news.
    """
    held = producer._message_accumulator  # noqa: SLF001
    batches = [batch for waiting in held._batches.values() for batch in waiting]  # noqa: SLF001
    held._pending_batches.update(batches)  # noqa: SLF001
    batches = list(held._pending_batches)  # noqa: SLF001
    held.fail_all(ProducerClosed())
    for batch in batches:
        for future in (batch.future, batch._drain_waiter):  # noqa: SLF001
            if future.done() and not future.cancelled():
                future.exception()


async def close_consumer(consumer: AIOKafkaConsumer) -> None:
    """Leave the group and close, in bounded time, also where the broker does not answer."""
    with suppress(Exception):
        async with asyncio.timeout(CLOSE_SECONDS):
            await consumer.stop()
            return
    # It waited for the group. What it would have ended after that goes on for ever else, or until it is forgotten.
    group, fetcher, client = consumer._coordinator, consumer._fetcher, consumer._client  # noqa: SLF001
    endings = [part.close for part in (fetcher, client) if part is not None]
    if isinstance(group, GroupCoordinator):  # the driver has no other way to say so
        endings[:0] = [group._stop_heartbeat_task, group._stop_commit_offsets_refresh_task]  # noqa: SLF001
    for end in endings:
        with suppress(Exception):
            async with asyncio.timeout(CLOSE_SECONDS / 4):
                await end()


async def ensure_topics(access: KafkaAccess, topics: Sequence[str], *, partitions: int) -> None:
    """Make the topics that are missing; those that exist stay as they are. Safe to run twice, and by two at once.

    Where all of them exist nothing is asked for that needs the right to make topics: an operator may have made them.
    As many replicas as there are brokers, at most three, of which all but one must have a record before it counts.
    Raises KafkaError.
    """
    admin = AIOKafkaAdminClient(**_connection(access))
    try:
        await start(admin)
        topics = sorted(set(topics) - set(await admin.list_topics()))
        if not topics:
            return
        replicas = min(MOST_REPLICAS, len((await admin.describe_cluster())["brokers"]))
        config = {"min.insync.replicas": str(max(1, replicas - 1))}
        wanted = [NewTopic(topic, partitions, replicas, topic_configs=config) for topic in topics]
        answer = await admin.create_topics(wanted)
        for _topic, code, *_message in answer.topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise for_code(code)
    finally:
        await admin.close()


async def missing_topics(access: KafkaAccess, topics: Sequence[str]) -> set[str]:
    """Give those of the topics that do not exist. Raises KafkaError."""
    admin = AIOKafkaAdminClient(**_connection(access))
    try:
        await start(admin)
        return set(topics) - set(await admin.list_topics())
    finally:
        await admin.close()


def trouble(error: Exception) -> dict[str, object]:
    """Give what a log line says of a failure: where Kafka is away, the frames of its driver tell nothing."""
    if isinstance(error, KafkaError | OSError):
        return {"error": type_name(error), "text": safe_text(error)}
    return {"exc_info": error}


def _connection(access: KafkaAccess) -> dict[str, Any]:  # the driver's keyword arguments are of many types
    options: dict[str, Any] = {
        "bootstrap_servers": access.bootstrap_servers,
        "security_protocol": access.security_protocol,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "retry_backoff_ms": RETRY_PAUSE_MS,
    }
    if access.security_protocol in {"SSL", "SASL_SSL"}:
        options["ssl_context"] = ssl.create_default_context(cafile=access.ca_file)
    if not access.security_protocol.startswith("SASL"):
        return options
    if access.sasl_mechanism == "OAUTHBEARER" and access.token_file:
        options |= {"sasl_mechanism": "OAUTHBEARER", "sasl_oauth_token_provider": TokenInFile(access.token_file)}
    else:
        password = access.password_file.read_text().splitlines()[0] if access.password_file else ""
        options |= {
            "sasl_mechanism": access.sasl_mechanism,
            "sasl_plain_username": access.user,
            "sasl_plain_password": password,
        }
    return options
