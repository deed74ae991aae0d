"""Workers die at every step between looking and noting, in many rounds: each message comes as often as promised."""

from pathlib import Path

import pytest

from tests.services.messaging.delivery.dying import Depot
from tests.services.messaging.delivery.places import (
    EXACTLY_ONCE,
    PLACES,
    each_comes_again_if_in_doubt,
    each_comes_at_most_once,
    each_comes_once,
)

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("every_round")]
AT_MOST_ONCE = [name for name in PLACES if name not in EXACTLY_ONCE]


@pytest.fixture
async def depot(mongo_uri: str, unique_prefix: str) -> Depot:
    one = Depot(mongo_uri, f"{unique_prefix}_depot")
    await one.migrate()
    return one


@pytest.mark.parametrize("name", EXACTLY_ONCE)
async def test_each_message_comes_once_where_the_provider_can_be_asked_or_takes_a_key_once(
    depot: Depot, tmp_path: Path, name: str
) -> None:
    await each_comes_once(depot, tmp_path, name, stride=1)


@pytest.mark.parametrize("name", AT_MOST_ONCE)
@pytest.mark.parametrize("purpose", ["cart_reminder", "invoice"])
async def test_each_message_comes_at_most_once_where_nobody_can_be_asked(
    depot: Depot, tmp_path: Path, name: str, purpose: str
) -> None:
    await each_comes_at_most_once(depot, tmp_path, name, purpose, stride=1)


async def test_each_message_comes_again_in_doubt_where_its_purpose_wants_that(depot: Depot, tmp_path: Path) -> None:
    await each_comes_again_if_in_doubt(depot, tmp_path, stride=1)
