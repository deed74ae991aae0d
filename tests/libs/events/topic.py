"""Reading a topic as anybody may: from its first record."""

import asyncio
from collections import defaultdict
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer

from omnithread.cart.v1.cart_events_pb2 import CartEvent
from tests.libs.events.shop import WAIT_SECONDS

Sequences = dict[str, list[int]]


async def read_until(bootstrap: str, topic: str, enough: Callable[[Sequences], bool]) -> Sequences:
    """Give the `seq` of each customer's records in their order, as soon as there are enough."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while not enough(found):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        event = CartEvent.FromString(record.value or b"")
                        assert record.key == event.header.customer_id.encode()
                        found[event.header.customer_id].append(event.header.seq)
    except TimeoutError:
        raise AssertionError(f"not enough on {topic}: {dict(found)}") from None
    finally:
        await consumer.stop()
    return dict(found)
