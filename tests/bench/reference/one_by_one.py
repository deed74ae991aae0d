"""The relay as it is usually written: look what waits, send an event, wait for the broker, take it out, and so on."""

from typing import Any

from aiokafka import AIOKafkaProducer
from motor.motor_asyncio import AsyncIOMotorCollection


async def announce(records: AsyncIOMotorCollection[dict[str, Any]], producer: AIOKafkaProducer, topic: str) -> None:
    """Announce all that waits."""
    async for record in records.find({"outbox.seq": {"$gt": 0}}, {"outbox": 1}):
        for entry in record["outbox"]:
            await producer.send_and_wait(topic, bytes(entry["event"]), key=record["_id"].encode())
            await records.update_one({"_id": record["_id"]}, {"$pull": {"outbox": {"seq": entry["seq"]}}})
