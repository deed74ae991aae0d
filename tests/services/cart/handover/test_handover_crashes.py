"""Hand-overs over a database: whatever crashed, a retry ends the same; digits are drawn until some are free."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from libs.errors import OmnithreadError
from libs.mongo.connection import Database, connect
from libs.mongo.connection import database as named_database
from libs.mongo.migrate import migrate
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from services.cart.handover.codes import HANDOVER_CODES, MOST_CODES, HandoverCodes
from services.cart.handover.keys import HandoverKey
from services.cart.handover.parts import HANDOVER_INDEXES
from services.cart.store import INDEXES
from tests.libs.mongo.faults import Crash, Fault, crashes_after, crashes_before, no_fault, with_faults_everywhere
from tests.services.cart.handing import FIVE_MINUTES, asked, handovers_at, keys_in, now, with_a_shoe


@pytest.fixture
async def database(mongo_uri: str, unique_prefix: str) -> AsyncIterator[Database]:
    client = connect(mongo_uri, app_name="handover-tests")
    database = named_database(client, unique_prefix)
    await migrate(database, (*INDEXES, *HANDOVER_INDEXES), new_epoch="epoch-1")
    yield database
    client.close()


@pytest.mark.parametrize("crash", [crashes_before, crashes_after], ids=["before", "after"])
async def test_whatever_crashes_while_one_is_made_the_retry_gives_one_token(
    database: Database, tmp_path: Path, crash: Fault
) -> None:
    keys = keys_in(tmp_path)
    sound = handovers_at(database, keys)
    for steps in range(2):  # the digits, the hand-over
        customer_id, stamp = await with_a_shoe(sound), asked()
        broken = handovers_at(with_faults_everywhere(database, *([no_fault] * steps), crash), keys)
        with pytest.raises(Crash):
            await broken.create(customer_id, FIVE_MINUTES, stamp)
        made = await sound.create(customer_id, FIVE_MINUTES, stamp)
        again = await sound.create(customer_id, FIVE_MINUTES, stamp)
        assert (made.token, made.code) == (again.token, again.code)
        assert (await sound.redeem_code(made.code, asked())).outcome.saved.customer_id == customer_id


@pytest.mark.parametrize("crash", [crashes_before, crashes_after], ids=["before", "after"])
async def test_whatever_crashes_while_somebody_goes_on_the_retry_goes_on_and_it_is_told_once(
    database: Database, tmp_path: Path, crash: Fault
) -> None:
    keys = keys_in(tmp_path)
    sound = handovers_at(database, keys)
    for steps in range(5):  # the try, the digits, the try again, the hand-over, the record
        customer_id, stamp = await with_a_shoe(sound), asked()
        made = await sound.create(customer_id, FIVE_MINUTES, asked())
        broken = handovers_at(with_faults_everywhere(database, *([no_fault] * steps), crash), keys)
        with pytest.raises(Crash):
            await broken.redeem_code(made.code, stamp)
        gone_on = await sound.redeem_code(made.code, stamp)
        assert gone_on.outcome.saved.customer_id == customer_id
        told, _ = await sound.carts.records.replay(customer_id, 0, 100)
        assert sum(CartEvent.FromString(event).HasField("cart_handed_over") for event in told) == 1
        with pytest.raises(OmnithreadError) as refused:
            await sound.redeem_code(made.code, asked())
        assert refused.value.reason == "HANDOVER_USED"


async def test_a_new_key_signs_and_an_old_one_is_known_until_it_is_taken_out(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "handover-keys.json"
    old, new = ({"id": number, "secret": secret * 32} for number, secret in ((1, "ab"), (2, "cd")))
    tokens: list[str] = []
    for listed in ([old], [new, old], [new]):
        file.write_text(json.dumps({"keys": listed}))
        handovers = handovers_at(database, keys_in(tmp_path))
        made = await handovers.create(await with_a_shoe(handovers), FIVE_MINUTES, asked())
        tokens.append(made.token)
        if listed == [new, old]:
            await handovers.redeem_token(tokens[0], asked())
    newest = handovers_at(database, keys_in(tmp_path))
    await newest.redeem_token(tokens[1], asked())
    with pytest.raises(OmnithreadError) as refused:
        await newest.redeem_token(tokens[0], asked())
    assert refused.value.reason == "HANDOVER_INVALID"


@dataclass(frozen=True, slots=True)
class Unlucky(HandoverKey):
    """A key that draws the same digits first for everybody."""

    def code(self, handover_id: str, place: int) -> str:
        return HandoverKey.code(self, handover_id if place else "everybody", place)


async def test_digits_that_somebody_has_are_drawn_anew_and_free_again_after_their_time(
    database: Database, tmp_path: Path
) -> None:
    later = timedelta()

    def clock() -> datetime:
        return now() + later

    codes = HandoverCodes(database, keys=keys_in(tmp_path), clock=clock)
    key = Unlucky(7, b"x" * 32)
    until = now() + timedelta(minutes=10)
    drawn = await asyncio.gather(*(codes.draw(key, f"hnd_{n}", "cus_1", until) for n in range(4)))
    assert sorted(one.place for one in drawn) == [0, 1, 1, 1]
    first = next(f"hnd_{n}" for n, one in enumerate(drawn) if one.place == 0)
    assert (await codes.draw(key, first, "cus_1", until)).place == 0
    later = timedelta(minutes=11)
    assert (await codes.draw(key, "hnd_later", "cus_1", until + later)).place == 0


async def test_no_more_digits_work_at_once_than_a_guess_may_meet(database: Database, tmp_path: Path) -> None:
    handovers = handovers_at(database, keys_in(tmp_path))
    customer_id = await with_a_shoe(handovers)
    working = [
        {"_id": f"code-{number}", "handover_id": f"hnd_{number}", "expire_time": now() + timedelta(hours=1)}
        for number in range(MOST_CODES)
    ]
    for begin in range(0, MOST_CODES, 250):  # a little at a time: the machine may have much else to do
        await database[HANDOVER_CODES].insert_many(working[begin : begin + 250])
    with pytest.raises(OmnithreadError) as refused:
        await handovers.create(customer_id, FIVE_MINUTES, asked())
    assert (refused.value.reason, refused.value.metadata) == ("HANDOVER_LIMIT", {"limit": str(MOST_CODES)})
