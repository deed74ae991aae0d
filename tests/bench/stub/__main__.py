"""Serves a stub: `python -m tests.bench.stub PORT FOLDER [--forgets-outbox]`; what is in the folder is in it.

FOLDER holds a file `DATABASE.COLLECTION.bson` for each collection, documents one after the other as `mongodump` writes
them, and `DATABASE.COLLECTION.indexes` with theirs.
"""

import asyncio
import gc
import struct
import sys
from pathlib import Path
from typing import cast

import bson
import uvloop

from deploy.local.ports import LOOPBACK
from tests.bench.stub.commands import Stub
from tests.bench.stub.messages import read_message, write_message

LENGTH = struct.Struct("<i")


class Connection(asyncio.Protocol):
    """One connection: messages in, answers out, at once and in order."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer all that is whole."""
        self._buffer += data
        while len(self._buffer) >= LENGTH.size:
            length = LENGTH.unpack_from(self._buffer)[0]
            if len(self._buffer) < length:
                return
            number, code, name, body = read_message(bytes(self._buffer[:length]))
            del self._buffer[:length]
            assert self._transport is not None
            self._transport.write(write_message(number, code, self._stub.answer(name, body)))


def load(stub: Stub, folder: Path) -> None:
    """Take in what was recorded."""
    for file in sorted(folder.glob("*.bson")):
        database, _, name = file.stem.partition(".")
        collection, raw, place = stub.collections[database, name], file.read_bytes(), 0
        while place < len(raw):
            length = LENGTH.unpack_from(raw, place)[0]
            collection.load(raw[place : place + length])
            place += length
    for file in sorted(folder.glob("*.indexes")):
        database, _, name = file.stem.partition(".")
        stub.collections[database, name].indexes = list(bson.decode(file.read_bytes())["indexes"])


async def serve(port: int, folder: Path, *, keeps_outbox: bool) -> None:
    """Serve until killed."""
    stub = Stub(address=f"{LOOPBACK}:{port}", keeps_outbox=keeps_outbox)
    load(stub, folder)
    gc.freeze()  # what was loaded stays, and need not be looked at again and again
    server = await asyncio.get_running_loop().create_server(lambda: Connection(stub), LOOPBACK, port)
    async with server:
        while True:
            await asyncio.sleep(1)
            for what, count in stub.refused.items():
                print(f"refused {count} times: {what}", flush=True)
            stub.refused.clear()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2]), keeps_outbox="--forgets-outbox" not in sys.argv))
