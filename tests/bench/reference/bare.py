"""References (a) and (b): `python -m tests.bench.reference.bare PORT` with the rest in the environment.

A handler of grpc.aio that answers a message which it was given. With a database it first makes the driver calls that
the operation cannot do without, of which the answer owes nothing: `find` reads the customer's record, `replace` reads
it and puts it back in a new version, journalled and only where nobody else did so meanwhile.
It runs on the same event loop, the same driver and with the same guarantees as the suite, and does nothing else.
"""

import os
import sys
from pathlib import Path

import grpc
import uvloop

from deploy.local.ports import LOOPBACK
from libs.mongo.connection import Database, connect, database
from libs.mongo.reader import STATE_AND_MEMBERS
from libs.mongo.shapes import RECORDS
from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceServicer, add_CartServiceServicer_to_server

MONGO_URI, DATABASE = "BENCH_MONGO_URI", "BENCH_DATABASE"
CART_FILE, ADDED_FILE = "BENCH_CART_FILE", "BENCH_ADDED_FILE"
"""What the two methods answer; nothing where none is given."""


class Bare(CartServiceServicer):
    """Answers what it was given."""

    def __init__(self, *, cart: bytes, added: bytes, owned: Database | None) -> None:
        self._cart = pb.GetCartResponse.FromString(cart)
        self._added = pb.AddItemResponse.FromString(added)
        self._records = None if owned is None else owned[RECORDS]

    async def GetCart(self, request: pb.GetCartRequest, _context: object) -> pb.GetCartResponse:  # noqa: N802
        if self._records is not None:
            record = await self._records.find_one({"_id": request.customer_id}, STATE_AND_MEMBERS)
            if record is None:
                raise LookupError(request.customer_id)
        return self._cart

    async def AddItem(self, request: pb.AddItemRequest, _context: object) -> pb.AddItemResponse:  # noqa: N802
        assert self._records is not None
        while True:
            record = await self._records.find_one({"_id": request.customer_id})
            assert record is not None
            as_found = {"_id": record["_id"], "version": record["version"]}
            replaced = await self._records.replace_one(as_found, {**record, "version": record["version"] + 1})
            if replaced.matched_count:
                return self._added


async def serve(port: int) -> None:
    """Serve until killed."""
    uri = os.environ.get(MONGO_URI)
    owned = database(connect(uri, app_name="bare"), os.environ[DATABASE]) if uri else None
    server = grpc.aio.server()
    bare = Bare(cart=_given(CART_FILE), added=_given(ADDED_FILE), owned=owned)  # type: ignore[abstract]  # two suffice
    add_CartServiceServicer_to_server(bare, server)
    server.add_insecure_port(f"{LOOPBACK}:{port}")
    await server.start()
    await server.wait_for_termination()


def _given(name: str) -> bytes:
    return Path(os.environ[name]).read_bytes() if name in os.environ else b""


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
