import pytest

from libs.errors import OmnithreadError, customer_not_found
from libs.mongo.connection import Database
from tests.libs.mongo.notebook import (
    notebooks,
    stamp,
    write_down,
)


async def test_an_unknown_customer_is_asked_for_before_the_first_write_only(database: Database) -> None:
    asked_for: list[str] = []

    async def admit(customer_id: str) -> str:
        asked_for.append(customer_id)
        if customer_id == "nobody":
            raise customer_not_found(customer_id)
        return customer_id

    records = notebooks(database, admit=admit)
    await records.run("ann", stamp(), write_down("milk"))
    await records.run("ann", stamp(), write_down("bread"))
    with pytest.raises(OmnithreadError, match="CUSTOMER_NOT_FOUND"):
        await records.run("nobody", stamp(), write_down("milk"))
    assert asked_for == ["ann", "nobody"]
    assert not (await records.get("nobody")).exists


async def test_the_first_write_for_a_merged_customer_goes_to_who_remains(database: Database) -> None:
    async def admit(_customer_id: str) -> str:
        return "ann"

    async def outdated_admit(customer_id: str) -> str:
        return customer_id

    asked = stamp()
    outcome = await notebooks(database, admit=admit).run("guest", asked, write_down("milk"))
    assert outcome.saved.customer_id == "ann"
    # A slower copy of the same command, in a process that has not heard of the merge.
    copy = await notebooks(database, admit=outdated_admit).run("guest", asked, write_down("milk"))
    assert copy.replayed
    assert copy.saved.state.notes == ("milk",)
