import asyncio
import functools
import random

from libs.mongo.connection import Database
from tests.libs.mongo.notebook import notebooks, parsed, stamp, until_done, write_down

WRITERS = 16
PROCESSES = 4


async def test_sixteen_writers_on_one_customer_lose_nothing(database: Database) -> None:
    processes = [notebooks(database) for _ in range(PROCESSES)]

    async def one_writer(number: int) -> None:
        for turn in range(3):
            text = f"{number}/{turn}"
            command = functools.partial(
                processes[number % PROCESSES].run, "ann", stamp(), write_down(text, note_id=text)
            )
            assert (await until_done(command)).facts == {"note_id": text}

    await asyncio.gather(*(one_writer(number) for number in range(WRITERS)))
    saved = await processes[0].get("ann")
    wanted = [f"{number}/{turn}" for number in range(WRITERS) for turn in range(3)]
    assert sorted(saved.state.notes) == sorted(wanted)
    assert (saved.version, saved.seq) == (len(wanted), len(wanted))
    events, _ = await processes[0].replay("ann", 0, 1000)
    assert tuple(event.cart_id for event in parsed(events)) == saved.state.notes
    assert [event.header.seq for event in parsed(events)] == list(range(1, len(wanted) + 1))


async def test_one_request_sent_to_every_process_at_once_is_carried_out_once(database: Database) -> None:
    processes = [notebooks(database) for _ in range(PROCESSES)]
    asked = stamp("milk")
    sent = [
        processes[number % PROCESSES].run("ann", asked, write_down("milk", line_id=f"lin_{number}"))
        for number in range(WRITERS)
    ]
    random.Random(1).shuffle(sent)
    outcomes = await asyncio.gather(*sent)
    assert len({outcome.facts["line_id"] for outcome in outcomes}) == 1
    assert sum(not outcome.replayed for outcome in outcomes) == 1
    assert (await processes[0].get("ann")).state.notes == ("milk",)


async def test_writers_of_one_process_wait_for_each_other_instead_of_racing(database: Database) -> None:
    records = notebooks(database)
    outcomes = await asyncio.gather(*(records.run("ann", stamp(), write_down(f"{n}")) for n in range(WRITERS)))
    assert sorted(outcome.saved.version for outcome in outcomes) == list(range(1, WRITERS + 1))
