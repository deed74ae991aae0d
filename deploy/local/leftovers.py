"""What a run leaves on servers that are not ours, taken away: databases and topics of its prefix.

An empty prefix takes nothing away: it would mean everybody's.
"""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient
from pymongo import MongoClient

from deploy.local.plan import Plan


async def drop_what_is_elsewhere(plan: Plan) -> None:
    """Take away what a run of this plan has made on given servers."""
    if plan.mongo_uri:
        await asyncio.to_thread(drop_databases, plan.mongo_uri, plan.database_prefix)
    if plan.kafka_bootstrap_servers:
        await drop_topics(plan.kafka_bootstrap_servers, plan.prefix)


def drop_databases(mongo_uri: str, prefix: str) -> None:
    """Drop the databases whose names begin with the prefix."""
    client: MongoClient[dict[str, object]]
    with MongoClient(mongo_uri) as client:
        for name in client.list_database_names():
            if prefix and name.startswith(prefix):
                client.drop_database(name)


async def drop_topics(bootstrap_servers: str, prefix: str) -> None:
    """Delete the topics whose names begin with the prefix."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        mine = [topic for topic in await admin.list_topics() if prefix and topic.startswith(prefix)]
        if mine:
            await admin.delete_topics(mine)
    finally:
        await admin.close()
