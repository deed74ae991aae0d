"""Preference beside profile, both real, on the embedded servers; each test has customers of its own."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.mongo.connection import Database, connect, database
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.services.preference.desk import PUBLIC, PURPOSES, Desk, desk_at
from tests.services.running import Services


def IN_TEN_DAYS() -> datetime:  # noqa: N802  a clock, as the system's is one
    """The time in ten days: links and codes of today are too old."""
    return datetime.now(UTC) + timedelta(days=10)


@pytest.fixture(scope="package")
async def desk(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    prefix, state = new_prefix(), tmp_path_factory.mktemp("preference")
    async with Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=prefix, state=state) as services:
        await services.start(PROFILE)
        purposes = state / "purposes.toml"
        purposes.write_text(PURPOSES, encoding="utf-8")
        told: dict[str, Any] = {"purposes_file": purposes, "public_base_url": PUBLIC}
        first = await services.start(PREFERENCE, **told)
        later = await services.start(PREFERENCE, clock=IN_TEN_DAYS, **told)
        yield desk_at(services, first, in_ten_days=later)


@pytest.fixture
async def stored(desk: Desk) -> AsyncIterator[Database]:
    """What lies in preference's database, for those who change it behind its back."""
    client = connect(desk.mongo_uri, app_name="test")
    yield database(client, desk.database_name)
    client.close()
