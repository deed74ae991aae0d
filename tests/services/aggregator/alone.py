"""The aggregator's operations on a database, without the other services."""

import random
from typing import TYPE_CHECKING

from libs.clock import Clock
from libs.ids import new_id
from libs.journey_rules import BUILT_IN
from libs.mongo.connection import Database
from libs.mongo.record import Records
from libs.rpc.directory import CustomerDirectory
from services.aggregator.operations import Journeys
from services.aggregator.store import SHAPE

if TYPE_CHECKING:
    from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceAsyncStub

EPOCH = "epoch-1"


def journeys_over(database: Database, clock: Clock, profile: "ProfileInternalServiceAsyncStub") -> Journeys:
    """Put the operations together; nothing is relayed."""
    records = Records(
        database=database,
        shape=SHAPE,
        clock=clock,
        new_id=new_id,
        epoch=EPOCH,
        admit=None,
        on_saved=lambda _customer_id: None,
        random=random.Random(7),
    )
    return Journeys(
        rules=BUILT_IN,
        records=records,
        database=database,
        directory=CustomerDirectory(profile),
        clock=clock,
        new_id=new_id,
    )
