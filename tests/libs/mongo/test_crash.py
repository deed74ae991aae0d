import asyncio
from pathlib import Path

from deploy.local.backends import EmbeddedMongo
from libs.errors import OmnithreadError
from libs.mongo.connection import connect
from libs.mongo.connection import database as named_database
from libs.mongo.migrate import migrate
from libs.mongo.record import Outcome
from tests.libs.mongo.notebook import EPOCH, Notebook, notebooks, parsed, relay, stamp, write_down

WRITERS = 4
TURNS = 10


async def test_when_the_database_crashes_under_load_nothing_is_lost_or_done_twice(tmp_path: Path) -> None:
    server = EmbeddedMongo(data_dir=tmp_path)
    client = connect((await server.start()).uri, app_name="tests")
    database = named_database(client, "crash")
    await migrate(database, [], new_epoch=EPOCH)
    records = notebooks(database)
    acknowledged: dict[str, Outcome[Notebook]] = {}
    half_done = asyncio.Event()

    async def write(customer_id: str, text: str) -> None:
        asked = stamp(text)
        while text not in acknowledged:
            try:
                acknowledged[text] = await records.run(customer_id, asked, write_down(text, note=text))
            except OmnithreadError as error:
                assert error.reason in {"OUTCOME_UNKNOWN", "DEPENDENCY_UNAVAILABLE", "CONFLICT"}  # noqa: PT017
                await asyncio.sleep(0.05)

    async def one_writer(number: int) -> None:
        for turn in range(TURNS):
            await write(f"c{number % 2}", f"{number}/{turn}")
            if len(acknowledged) >= WRITERS * TURNS // 2:
                half_done.set()

    writers = asyncio.gather(*(one_writer(number) for number in range(WRITERS)))
    await half_done.wait()
    await server.kill()
    await server.start()
    await writers
    for number in range(2):
        customer_id = f"c{number}"
        saved = await records.get(customer_id)
        wanted = [f"{writer}/{turn}" for writer in range(number, WRITERS, 2) for turn in range(TURNS)]
        assert sorted(saved.state.notes) == sorted(wanted)
        assert saved.version == saved.seq == len(wanted)
        await relay(database, customer_id)
        events, _ = await records.replay(customer_id, 0, 1000)
        assert tuple(event.cart_id for event in parsed(events)) == saved.state.notes
    assert all(outcome.facts == {"note": text} for text, outcome in acknowledged.items())
    client.close()
    await server.kill()
