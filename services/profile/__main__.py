"""Wires profile and runs it: `python -m services.profile`, once after `python -m services.profile migrate`."""

import random
from collections.abc import Callable

from libs.clock import Clock
from libs.ids import NewId
from libs.mongo.connection import Database
from libs.mongo.migrate import Index, due_index
from libs.mongo.record import Records
from services.profile.claims import Claims
from services.profile.identify import Identification
from services.profile.merges import Merges
from services.profile.operations import Profiles
from services.profile.settling import Settling
from services.profile.store import OLDEST_INCOMING_TIME, SHAPE

INDEXES: tuple[Index, ...] = (due_index(OLDEST_INCOMING_TIME),)


def profiles_of(
    *,
    database: Database,
    epoch: str,
    clock: Clock,
    new_id: NewId,
    randomness: random.Random,
    on_saved: Callable[[str], None],
) -> Profiles:
    """Put together what can be done with customers."""
    records = Records(
        database=database,
        shape=SHAPE,
        clock=clock,
        new_id=new_id,
        epoch=epoch,
        admit=None,  # only Identify creates customers
        on_saved=on_saved,
        random=randomness,
    )
    claims = Claims(database)
    merges = Merges(records=records, claims=claims)
    settling = Settling(records=records, claims=claims, merges=merges, clock=clock, new_id=new_id)
    identification = Identification(
        records=records,
        claims=claims,
        merges=merges,
        settling=settling,
        clock=clock,
        new_id=new_id,
        random=randomness,
    )
    return Profiles(records=records, identification=identification, merges=merges, clock=clock)
