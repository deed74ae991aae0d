"""The six digits of a hand-over, while one key takes the place of another."""

import json
from datetime import timedelta
from pathlib import Path

from libs.mongo.connection import connect, database
from services.cart.handover.codes import HandoverCodes
from services.cart.handover.keys import handover_id_for, watch_keys
from tests.services.cart.till_drawer import MovedClock


async def test_nobody_is_given_the_digits_that_somebody_has_by_an_older_key(
    mongo_uri: str, unique_prefix: str, tmp_path: Path
) -> None:
    file, clock = tmp_path / "keys.json", MovedClock()
    file.write_text(json.dumps({"keys": [{"id": 2, "secret": "22" * 32}, {"id": 1, "secret": "11" * 32}]}))
    keys = watch_keys(file)
    new, old = keys.get().keys
    client = connect(mongo_uri, app_name="test")
    place = database(client, f"{unique_prefix}_codes")
    codes = HandoverCodes(place, keys=keys, clock=clock)
    mine, theirs = handover_id_for("cus_1", "request_1"), handover_id_for("cus_2", "request_2")
    digits = new.code(mine, 0)
    until = clock() + timedelta(minutes=5)
    try:
        before = {"handover_id": theirs, "customer_id": "cus_2", "place": 0, "expire_time": until, "used_by": ""}
        await place["handover_codes"].insert_one({"_id": old.code_hash(digits), **before})
        drawn = await codes.draw(new, mine, "cus_1", until)
        assert drawn.place == 1
        found = await codes.find(digits)
        assert found is not None
        assert found.handover_id == theirs

        clock.move(minutes=6)
        later = clock() + timedelta(minutes=5)
        third = handover_id_for("cus_3", "request_3")
        await place["handover_codes"].insert_one(
            {"_id": new.code_hash(digits), **before, "handover_id": third, "expire_time": later}
        )
        found = await codes.find(digits)
        assert found is not None
        assert found.handover_id == third, "the older ones are over, and may be there still"
    finally:
        await client.drop_database(place.name)
        client.close()
