"""The aggregator's own records over a real database, beside nobody: what it does alone."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import grpc
import pytest

from libs.ids import new_id
from libs.mongo.connection import Client, Database, connect
from libs.mongo.connection import database as named_database
from libs.mongo.migrate import migrate
from libs.mongo.record import Records
from libs.rpc.directory import CustomerDirectory
from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceStub
from services.aggregator.operations import Journeys
from services.aggregator.store import INDEXES, SHAPE
from tests.services.aggregator.samples import NOON


@dataclass(slots=True)
class Watch:
    """A clock that stands still until it is told to go on."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture(scope="session")
async def mongo_client(mongo_uri: str) -> AsyncIterator[Client]:
    client = connect(mongo_uri, app_name="aggregator-tests")
    yield client
    client.close()


@pytest.fixture
async def database(mongo_client: Client, unique_prefix: str) -> Database:
    database = named_database(mongo_client, unique_prefix)
    await migrate(database, INDEXES, new_epoch="epoch-1")
    return database


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def journeys(database: Database, watch: Watch) -> AsyncIterator[Journeys]:
    """Give the operations, where profile does not answer: nobody's existence is looked up."""
    async with grpc.aio.insecure_channel("127.0.0.1:1") as nowhere:
        yield Journeys(
            records=Records(
                database=database,
                shape=SHAPE,
                clock=watch,
                new_id=new_id,
                epoch="epoch-1",
                admit=None,
                on_saved=lambda _customer_id: None,
                random=random.Random(7),
            ),
            database=database,
            directory=CustomerDirectory(ProfileInternalServiceStub(nowhere)),
            clock=watch,
            new_id=new_id,
        )
