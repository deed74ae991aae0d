"""A client of the test's MongoDB that counts its commands, and a migrated database of its own for each test."""

from collections.abc import AsyncIterator

import pytest
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from libs.mongo.connection import Client, Database, connect, disconnect
from libs.mongo.connection import database as named_database
from libs.mongo.migrate import member_index, migrate
from tests.libs.mongo.notebook import EPOCH, FILED


class CommandLog(CommandListener):
    """The commands that were sent, oldest first."""

    def __init__(self) -> None:
        self.sent: list[CommandStartedEvent] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.sent.append(event)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass

    @property
    def names(self) -> list[str]:
        return [event.command_name for event in self.sent]


@pytest.fixture(scope="package")
async def commands() -> CommandLog:
    return CommandLog()


@pytest.fixture(scope="package", params=["motor", pytest.param("pymongo", marks=pytest.mark.long)])
async def client(mongo_uri: str, commands: CommandLog, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    client = connect(mongo_uri, app_name="tests", driver=request.param, listeners=(commands,))
    yield client
    await disconnect(client)


@pytest.fixture
async def database(client: Client, unique_prefix: str, commands: CommandLog) -> Database:
    database = named_database(client, unique_prefix)
    await migrate(database, [member_index(FILED)], new_epoch=EPOCH)
    commands.sent.clear()
    return database
