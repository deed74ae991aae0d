"""No caller has more of a server than is its share: connections, pings, streams, and how long those go on."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import grpc
import pytest

from deploy.local.keys import Keys
from libs.rpc.open_streams import OpenStreams
from libs.rpc.server import MOST_CALLS_AT_ONCE, MOST_METADATA_BYTES
from omnithread.context.v1.watch_service_pb2 import WatchCustomerContextRequest, WatchCustomerContextResponse
from omnithread.context.v1.watch_service_pb2_grpc import (
    WatchServiceServicer,
    add_WatchServiceServicer_to_server,
)
from tests.libs.rpc import bare_http2
from tests.libs.rpc.bare_http2 import bare_connection
from tests.libs.rpc.opened_door import OpenedDoor, as_channel, opened_door, refused

WATCH = "/omnithread.context.v1.WatchService/WatchCustomerContext"
ASK = WatchCustomerContextRequest(customer_id="cus_1").SerializeToString()
MOST_OF_A_CALLER = 2
SCREENS = 1000
MOST_STRIKES = 2
"""How many pings too many a server overlooks."""


class EndlessWatch(WatchServiceServicer):
    """Answers again and again."""

    async def WatchCustomerContext(  # noqa: N802  the contract's name
        self, _request: WatchCustomerContextRequest, _context: object
    ) -> AsyncIterator[WatchCustomerContextResponse]:
        while True:
            yield WatchCustomerContextResponse()
            await asyncio.sleep(0.01)


class OpeningWatch(WatchServiceServicer):
    """Answers once, and stays open."""

    def __init__(self) -> None:
        self.opened = 0

    async def WatchCustomerContext(  # noqa: N802  as above
        self, _request: WatchCustomerContextRequest, _context: object
    ) -> AsyncIterator[WatchCustomerContextResponse]:
        self.opened += 1
        yield WatchCustomerContextResponse()
        await asyncio.Event().wait()


@pytest.fixture
async def streaming(keys: Keys) -> AsyncIterator[tuple[OpenedDoor, OpenStreams]]:
    streams = OpenStreams(most_of_a_caller=MOST_OF_A_CALLER)
    more = [partial(add_WatchServiceServicer_to_server, EndlessWatch())]
    async with opened_door(keys, open_streams=streams, more=more) as door:
        yield door, streams


def watch(door: OpenedDoor, channel_id: str) -> "grpc.aio.UnaryStreamCall[bytes, bytes]":
    call: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = door.channel.unary_stream(WATCH)
    return call(ASK, metadata=as_channel(door.keys, channel_id))


async def first_of(stream: "grpc.aio.UnaryStreamCall[bytes, bytes]") -> object:
    return await anext(aiter(stream))


async def test_a_channel_has_no_more_streams_open_than_it_may_and_others_have_theirs(
    streaming: tuple[OpenedDoor, OpenStreams],
) -> None:
    door, streams = streaming
    shop = [watch(door, "web-shop") for _ in range(MOST_OF_A_CALLER)]
    for stream in shop:
        await first_of(stream)
    refusal = await refused(first_of(watch(door, "web-shop")))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "STREAM_LIMIT")
    assert refusal.metadata == {"most_streams": str(MOST_OF_A_CALLER)}
    await first_of(watch(door, "store-042"))

    shop[0].cancel()
    async with asyncio.timeout(30):
        while streams.count("web-shop") == MOST_OF_A_CALLER:
            await asyncio.sleep(0.01)
    await first_of(watch(door, "web-shop"))


async def test_a_thousand_screens_come_at_once_and_each_is_let_in(keys: Keys) -> None:
    """As when a replica has ended that had them all; grpc cancels those for whom there is no room to wait."""
    watcher = OpeningWatch()
    more = [partial(add_WatchServiceServicer_to_server, watcher)]
    async with opened_door(keys, most_streams=SCREENS, more=more) as door:
        streams = [watch(door, "web-shop") for _ in range(SCREENS)]
        async with asyncio.timeout(60):
            await asyncio.gather(*(first_of(stream) for stream in streams))
        assert watcher.opened == SCREENS
        for stream in streams:
            stream.cancel()


async def test_a_stream_ends_when_it_is_old_enough_and_says_that_another_may_be_opened(keys: Keys) -> None:
    more = [partial(add_WatchServiceServicer_to_server, EndlessWatch())]
    async with opened_door(keys, open_streams=OpenStreams(most_seconds=0.2), more=more) as door:
        stream = watch(door, "web-shop")

        async def to_its_end() -> None:
            async for _ in stream:
                pass

        refusal = await refused(to_its_end())
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "STREAM_TOO_OLD")
        await first_of(watch(door, "web-shop"))


async def test_a_server_says_how_many_calls_a_connection_may_have_and_how_much_metadata(door: OpenedDoor) -> None:
    async with bare_connection(door.server.port) as connection:
        said = (await connection.read(bare_http2.SETTINGS)).settings
    assert said[bare_http2.MAX_CONCURRENT_STREAMS] == MOST_CALLS_AT_ONCE
    assert said[bare_http2.MAX_HEADER_LIST_SIZE] == MOST_METADATA_BYTES


async def test_who_pings_all_the_time_is_sent_away(door: OpenedDoor) -> None:
    async with bare_connection(door.server.port) as connection:
        await connection.read(bare_http2.SETTINGS)
        for _ in range(MOST_STRIKES + 2):
            await connection.send(bare_http2.PING, b"12345678")
        farewell = await connection.read(bare_http2.GOAWAY)
    assert farewell.error == bare_http2.ENHANCE_YOUR_CALM


@pytest.mark.parametrize(
    ("kind", "content", "stream"),
    [
        (bare_http2.HEADERS, b"\xff" * 40, 1),
        (bare_http2.DATA, b"nobody asked", 1),
        (bare_http2.SETTINGS, b"\0\4\xff\xff\xff\xff", 0),
        (bare_http2.PING, b"short", 0),
        (0x5, b"\0\0\0\2\x88", 1),
    ],
    ids=["headers that are none", "data of no call", "a window beyond all", "a short ping", "a push"],
)
async def test_who_breaks_the_protocol_is_sent_away_and_others_are_served(
    door: OpenedDoor, kind: int, content: bytes, stream: int
) -> None:
    async with bare_connection(door.server.port) as connection:
        await connection.send(kind, content, stream=stream)
        await connection.closed()
    assert (await door.ask()).cart.customer_id == "cus_1"


async def test_a_connection_that_says_nothing_takes_nothing_from_others(door: OpenedDoor) -> None:
    silent = [await asyncio.open_connection("127.0.0.1", door.server.port) for _ in range(50)]
    assert (await door.ask()).cart.customer_id == "cus_1"
    for _, writer in silent:
        writer.close()
