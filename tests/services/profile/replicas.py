"""Several replicas of profile over one database, and a clock that the test moves."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from libs.ids import new_id
from libs.mongo.connection import Client, Database, Document, connect, database
from libs.mongo.migrate import migrate
from libs.mongo.values import Outcome
from libs.origin import Origin, Stamp
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent
from services.profile.linking import Introduction
from services.profile.model import Identifier, Profile, Trait
from services.profile.operations import Profiles
from services.profile.rules import DEFAULT_RULES, IdentityRules
from services.profile.service import INDEXES, profiles_of
from tests.services.profile.people import NOW, WEB

ORIGIN = Origin(channel_id=WEB.id, channel_kind=WEB.kind)
REQUEST_NUMBERS = itertools.count(1)


class MovedClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@dataclass(frozen=True, slots=True)
class Replicas:
    """One database and the replicas that work on it."""

    client: Client
    database: Database
    clock: MovedClock
    replicas: Sequence[Profiles]
    saved: list[str] = field(default_factory=list)

    def __getitem__(self, number: int) -> Profiles:
        return self.replicas[number]

    async def identify(
        self, *identifiers: Identifier, replica: int = 0, traits: Sequence[Trait] = ()
    ) -> Outcome[Profile]:
        return await self.replicas[replica].identify(self.introduction(*identifiers, traits=traits), self.stamp())

    def introduction(self, *identifiers: Identifier, traits: Sequence[Trait] = ()) -> Introduction:
        return Introduction(identifiers=identifiers, traits=tuple(traits))

    def stamp(self, request_id: str = "", *, body: bytes = b"body", issued: float = 0, channel: str = WEB.id) -> Stamp:
        return Stamp(
            request_id=request_id or f"request-{next(REQUEST_NUMBERS):010}",
            body_hash=body,
            issue_time=self.clock.now + timedelta(seconds=issued),
            origin=Origin(channel_id=channel, channel_kind=WEB.kind),
        )

    async def events(self, customer_id: str) -> list[ProfileEvent]:
        """Give what this very record announced, in order."""
        raw, _ = await self.replicas[0].records.replay(customer_id, 0, 1000)
        return [ProfileEvent.FromString(one) for one in raw]

    async def announced(self, customer_id: str) -> list[str]:
        """Name what this very record announced, in order."""
        return [str(event.WhichOneof("payload")) for event in await self.events(customer_id)]

    async def contents(self) -> dict[str, list[Document]]:
        """Give all claims and records as they are stored."""
        return {
            name: await self.database[name].find({}).sort("_id", 1).to_list(None) for name in ("identifiers", "records")
        }


async def start_replicas(
    mongo_uri: str, name: str, *, count: int = 2, rules: IdentityRules = DEFAULT_RULES
) -> Replicas:
    """Make the database, and replicas that share nothing but it."""
    client = connect(mongo_uri, app_name="test")
    place = database(client, name)
    clock = MovedClock()
    epoch = await migrate(place, INDEXES, new_epoch="epo_test")
    saved: list[str] = []
    replicas = [
        profiles_of(
            database=place,
            epoch=epoch,
            clock=clock,
            new_id=new_id,
            randomness=random.Random(number),
            on_saved=saved.append,
            rules=rules,
        )
        for number in range(count)
    ]
    return Replicas(client=client, database=place, clock=clock, replicas=replicas, saved=saved)


def replica_over(place: Database, like: Replicas) -> Replicas:
    """Give one more replica that reaches the same database by another way, for example one with faults."""
    replica = profiles_of(
        database=place,
        epoch=like[0].records.epoch,
        clock=like.clock,
        new_id=new_id,
        randomness=random.Random(99),
        on_saved=like.saved.append,
    )
    return Replicas(client=like.client, database=place, clock=like.clock, replicas=[replica], saved=like.saved)
