"""Hand-overs as one process of cart has them, over a database, without the other services."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from deploy.local.keys import ensure_keys
from libs.clock import Clock
from libs.ids import new_id
from libs.mongo.connection import Database
from libs.mongo.record import Records
from libs.origin import Stamp
from libs.rpc.directory import CustomerDirectory
from libs.rpc.watched_file import WatchedFile
from services.cart.audit.rejections import Rejections
from services.cart.commands import Commands
from services.cart.handover.codes import HandoverCodes
from services.cart.handover.keys import HandoverKeys, watch_keys
from services.cart.handover.operations import Handovers, Wish
from services.cart.handover.store import HandoverStore
from services.cart.handover.tries import HandoverTries
from services.cart.operations import Carts
from services.cart.store import SHAPE
from tests.services.cart.samples import WEB, article

if TYPE_CHECKING:
    from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceAsyncStub

FIVE_MINUTES = Wish(lifetime=timedelta(minutes=5), single_use=True, with_code=True)


def now() -> datetime:
    return datetime.now(UTC)


def keys_in(folder: Path) -> WatchedFile[HandoverKeys]:
    return watch_keys(ensure_keys(folder).handover_keys_file)


def handovers_at(database: Database, keys: WatchedFile[HandoverKeys], *, clock: Clock = now) -> Handovers:
    """Put the operations together; nothing is relayed, and nobody's existence is looked up."""
    records = Records(
        database=database,
        shape=SHAPE,
        clock=clock,
        new_id=new_id,
        epoch="epoch-1",
        admit=None,
        on_saved=lambda _customer_id: None,
        random=random.Random(7),
    )
    nobody = cast("ProfileInternalServiceAsyncStub", None)
    commands = Commands(
        records=records, rejections=Rejections(database, clock), clock=clock, idle_after=timedelta(hours=1)
    )
    return Handovers(
        carts=Carts(commands=commands, database=database, directory=CustomerDirectory(nobody), new_id=new_id),
        store=HandoverStore(database),
        codes=HandoverCodes(database, keys=keys, clock=clock),
        tries=HandoverTries(database, clock=clock),
        keys=keys,
    )


def asked(request_id: str = "") -> Stamp:
    """One request of the web shop, to be sent more than once."""
    return Stamp(request_id=request_id or new_id("req"), body_hash=b"body", issue_time=now(), origin=WEB)


async def with_a_shoe(handovers: Handovers) -> str:
    customer_id = new_id("cus")
    await handovers.carts.add_item(customer_id, article(), 1, etag="", stamp=asked())
    return customer_id
