"""What a run leaves on servers that are not ours, taken away: databases and topics of its prefix."""

from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient
from pymongo import MongoClient


def drop_databases(mongo_uri: str, names: Iterable[str]) -> None:
    """Drop the databases."""
    client: MongoClient[dict[str, object]]
    with MongoClient(mongo_uri) as client:
        for name in names:
            client.drop_database(name)


async def drop_topics(bootstrap_servers: str, prefix: str) -> None:
    """Delete the topics whose names begin with the prefix."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        mine = [topic for topic in await admin.list_topics() if topic.startswith(prefix)]
        if mine:
            await admin.delete_topics(mine)
    finally:
        await admin.close()
