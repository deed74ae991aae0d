"""Bytes pass, or do not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.proxies.tcp import Proxy

PATIENCE_SECONDS = 10.0


@asynccontextmanager
async def echo() -> AsyncIterator[str]:
    """Give the address of somebody who says again what they hear."""

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(100):
            writer.write(said)
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_what_is_said_is_forwarded_and_so_is_the_answer() -> None:
    async with echo() as address, Proxy.to(address) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"hello")
        assert await asyncio.wait_for(reader.readexactly(5), PATIENCE_SECONDS) == b"hello"
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), PATIENCE_SECONDS) == b""
        writer.close()


async def test_a_frozen_connection_stays_open_and_goes_on_when_thawed() -> None:
    async with echo() as address, Proxy.to(address) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        proxy.freeze()
        writer.write(b"hello")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(5), 0.05)
        proxy.thaw()
        assert await asyncio.wait_for(reader.readexactly(5), PATIENCE_SECONDS) == b"hello"
        writer.close()


async def test_connections_are_cut_and_refused_and_admitted_again() -> None:
    async with echo() as address, Proxy.to(address) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"hello")
        await asyncio.wait_for(reader.readexactly(5), PATIENCE_SECONDS)
        proxy.refuse()
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
        refused, _ = await asyncio.open_connection("127.0.0.1", proxy.port)
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(refused.read(), PATIENCE_SECONDS)
        proxy.admit()
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"again")
        assert await asyncio.wait_for(reader.readexactly(5), PATIENCE_SECONDS) == b"again"
        writer.close()


async def test_nobody_listens_behind_it_and_the_client_is_cut() -> None:
    async with Proxy.to("127.0.0.1:1") as proxy:
        reader, _ = await asyncio.open_connection("127.0.0.1", proxy.port)
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
