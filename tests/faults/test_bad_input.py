"""The row of bad input: whatever is in a request, no call ends UNKNOWN or INTERNAL.

No refused one changes a document or leaves its customer unreadable, and nothing that a person told comes out in
answers, logs, spans or metrics.
"""

import gc
import resource
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.faults.results import note
from tests.faults.seeds import chance, rounds, seed, share
from tests.hostile.contract import AREAS
from tests.hostile.house import House, open_house
from tests.hostile.shares import damaged, matrix, told
from tests.hostile.web.asking import open_console, open_door
from tests.hostile.web.places import CONSOLE, DOOR

pytestmark = pytest.mark.timeout(240 + 1800 * share())

ROW = "bad-input"
DAMAGED = 100_000
MOST_GROWTH_BYTES = 64 * 1024 * 1024
"""Of all five services and the tests' own clients together."""
WANTED = "0 UNKNOWN, INTERNAL or other faults"


@pytest.fixture(scope="module")
async def house(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    state = tmp_path_factory.mktemp("hostile")
    async with open_house(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=new_prefix(), state=state
    ) as house:
        yield house


@pytest.fixture
async def web_house(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path: Path
) -> AsyncIterator[House]:
    """A house whose brand nobody renames: the name stands on pages of the door."""
    async with open_house(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=new_prefix(), state=tmp_path / "keys"
    ) as house:
        yield house


@pytest.mark.parametrize("service", AREAS)
async def test_every_field_of_every_method_broken_in_every_way_harms_nobody(house: House, service: str) -> None:
    run = await matrix(house, service, share=share(), chance=chance("matrix", service))
    found = f"{service}: {len(run.faults)} faults {told(run.faults)}"
    note(ROW, seed=seed(), done=run.sent, wanted=f"{WANTED}, every field", found=found, ok=not run.faults)


@pytest.mark.parametrize("service", AREAS)
async def test_a_hundred_thousand_damaged_requests_harm_nobody(house: House, service: str) -> None:
    source = chance("damaged", service)
    first = await damaged(house, service, count=rounds(DAMAGED) // 5 + 1, chance=source)
    before = _memory_bytes(house)
    rest = await damaged(house, service, count=rounds(DAMAGED) - first.sent, chance=source)
    growth = _memory_bytes(house) - before
    faults = first.faults + rest.faults
    if growth > MOST_GROWTH_BYTES:
        faults.append(f"memory grew by {growth} bytes")
    note(
        ROW,
        seed=seed(),
        done=first.sent + rest.sent,
        wanted=f"{WANTED}, damaged requests",
        found=f"{service}: {len(faults)} faults, {growth / 2**20:.0f} MB more {told(faults)}",
        ok=not faults,
    )


@pytest.mark.parametrize("program", ["door", "console"])
async def test_every_place_of_the_door_and_the_console_asked_in_every_way_nobody_would_harms_nobody(
    web_house: House, tmp_path: Path, program: str
) -> None:
    house, source, places = web_house, chance("web", program), DOOR if program == "door" else CONSOLE
    known = {"token": "eyJ0.not-a-token", "brand": "main.1", "customer_id": await house.new_customer()}
    async with open_door(house, tmp_path) if program == "door" else open_console(house) as asking:
        await asking.everywhere(places, known, share=share(), chance=source)
    asking.look_around(house)
    note(
        ROW,
        seed=seed(),
        done=asking.asked,
        wanted="0 faults of ours, the right status, no word about insides, nothing personal told",
        found=f"{program}: {len(asking.faults)} faults {told(asking.faults)}",
        ok=not asking.faults,
    )


def _memory_bytes(house: House) -> int:
    """Give what is resident now: the highest ever may come from another test."""
    house.logs.seek(0)
    house.logs.truncate()
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
