"""A small name server over UDP, to which a test says which addresses a name leads to."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

ADDRESS, INTERNET = 1, 1
TTL_SECONDS = 1


class NameServer(asyncio.DatagramProtocol):
    """Answers every question for IPv4 addresses with those it was told; there are no others."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self.addresses = list(addresses)
        self.port = 0

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # it is one of these
        """Keep the way to answer."""
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        """Answer a question."""
        end = data.index(b"\0", 12) + 5
        question = data[12:end]
        kind, _ = struct.unpack("!HH", question[-4:])
        found = self.addresses if kind == ADDRESS else []
        head = data[:2] + struct.pack("!HHHHH", 0x8580, 1, len(found), 0, 0)
        record = struct.pack("!HHHIH", 0xC00C, ADDRESS, INTERNET, TTL_SECONDS, 4)
        self._transport.sendto(head + question + b"".join(record + socket.inet_aton(one) for one in found), addr)


@asynccontextmanager
async def name_server(addresses: Sequence[str]) -> AsyncIterator[NameServer]:
    """Answer while inside, at `port` of this machine."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: NameServer(addresses), local_addr=("127.0.0.1", 0))
    try:
        yield server
    finally:
        transport.close()
