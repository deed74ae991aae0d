"""The MongoDB-wire server and the Kafka-compatible broker that stand in where no addresses are given.

Both are processes of their own on free ports, and keep port and data folder over a crash, so that fault tests
can kill one and have it back: what MongoDB acknowledged is there again, what Kafka acknowledged need not be.
"""

import asyncio
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.server import START_TIMEOUT_SECONDS, Server

PROBE_TIMEOUT_MS = 1000


@dataclass(frozen=True, slots=True)
class MongoAddress:
    """Where a MongoDB-wire server answers."""

    uri: str


@dataclass(frozen=True, slots=True)
class KafkaAddress:
    """Where a broker answers."""

    bootstrap_servers: str


class EmbeddedMongo(Server[MongoAddress]):
    """SecantusDB, with every commit synced to disk, as `journal=true` promises. It starts in 1.5 s."""

    def __init__(
        self,
        *,
        data_dir: Path,
        port: int | None = None,
        users_only: bool = False,
        start_timeout_seconds: float = START_TIMEOUT_SECONDS,
    ) -> None:
        """`users_only`: nobody gets in without a password; users are made in a run before, where everybody may."""
        port = port or free_port()
        program = Path(sysconfig.get_path("scripts")) / "secantusd-py"
        storage = data_dir / "data"
        more = ["--auth"] if users_only else []
        super().__init__(
            command=[
                program,
                "--host",
                LOOPBACK,
                "--port",
                str(port),
                "--storage-path",
                storage,
                "--sync-on-commit",
                *more,
            ],
            data_dir=data_dir,
            address=MongoAddress(uri=f"mongodb://{LOOPBACK}:{port}/?replicaSet=secantus"),
            port=port,
            responds=_mongo_answers,
            start_timeout_seconds=start_timeout_seconds,
        )


class EmbeddedKafka(Server[KafkaAddress]):
    """noida-db with only its Kafka part. It starts in 0.1 s.

    Its log is in memory: a crash forgets what it acknowledged.
    """

    def __init__(
        self,
        *,
        data_dir: Path,
        port: int | None = None,
        start_timeout_seconds: float = START_TIMEOUT_SECONDS,
    ) -> None:
        port = port or free_port()
        # The binary itself: its Python wrapper, when killed, would leave the broker behind.
        program = Path(sysconfig.get_path("purelib")) / "noida_db" / "noida-db"
        where: list[str | Path] = ["--data-dir", data_dir / "data", "--host", LOOPBACK]
        super().__init__(
            command=[program, "start", *where, "--only", "kafka", "--kafka-port", str(port)],
            data_dir=data_dir,
            address=KafkaAddress(bootstrap_servers=f"{LOOPBACK}:{port}"),
            port=port,
            responds=_kafka_answers,
            start_timeout_seconds=start_timeout_seconds,
        )


async def _mongo_answers(address: MongoAddress) -> bool:
    return await asyncio.to_thread(_ping, address)


def _ping(address: MongoAddress) -> bool:
    client: MongoClient[dict[str, object]]
    with MongoClient(address.uri, serverSelectionTimeoutMS=PROBE_TIMEOUT_MS) as client:
        try:
            client.admin.command("ping")
        except PyMongoError:
            return False
    return True


async def _kafka_answers(address: KafkaAddress) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=address.bootstrap_servers, request_timeout_ms=PROBE_TIMEOUT_MS)
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await admin.close()
