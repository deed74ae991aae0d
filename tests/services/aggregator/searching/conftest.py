"""A library over a database of the test's own."""

import pytest

from libs.mongo.connection import Database
from libs.mongo.migrate import migrate
from services.aggregator.operations import Journeys
from services.aggregator.searching.parts import SEARCH_INDEXES
from tests.services.aggregator.alone import EPOCH
from tests.services.aggregator.conftest import Watch
from tests.services.aggregator.searching.library import Library, library_over


@pytest.fixture
async def library(database: Database, journeys: Journeys, watch: Watch) -> Library:
    await migrate(database, SEARCH_INDEXES, new_epoch=EPOCH)
    return library_over(journeys, watch)
