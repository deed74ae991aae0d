"""One replica that writes and relays, as a process of its own that can be frozen.

`python -m tests.faults.relays.replica MONGO_URI DATABASE KAFKA TOPIC NUMBER WRITES`: it writes so many bags for
customers that all replicas share, says so, and relays until it is told to stop.
"""

import asyncio
import random
import signal
import sys

from libs.errors import OmnithreadError
from libs.events.kafka import KafkaAccess
from libs.mongo.connection import connect, database
from libs.mongo.epoch import read_epoch
from tests.libs.events.shop import Shop

CUSTOMERS = 40
PAUSE_SECONDS = 0.02
WRITTEN = "written"


async def replicate(mongo_uri: str, name: str, kafka: str, topic: str, number: int, writes: int) -> None:
    """Write and relay until SIGTERM; every acknowledged write is printed as a customer and is one event."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = connect(mongo_uri, app_name=f"replica-{number}")
    own = database(client, name)
    access = KafkaAccess(bootstrap_servers=kafka, idle_pause_seconds=0.05)
    shop = Shop(database=own, kafka=access, topic=topic, epoch=await read_epoch(own) or "")
    draw = random.Random(number)
    relaying = asyncio.create_task(shop.relay.run())
    for _ in range(writes):
        customer_id = f"cus_{draw.randrange(CUSTOMERS)}"
        try:
            await shop.add_bag(customer_id)
        except OmnithreadError:  # a race was lost too often: nothing was written
            continue
        _say(customer_id)
        await asyncio.sleep(draw.uniform(0, 2 * PAUSE_SECONDS))
    _say(WRITTEN)
    await stop.wait()
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)
    client.close()


def _say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uri, name, kafka, topic = sys.argv[1:5]
    asyncio.run(replicate(uri, name, kafka, topic, *map(int, sys.argv[5:7])))
