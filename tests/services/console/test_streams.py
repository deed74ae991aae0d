"""Pages that are kept up to date are counted, and end when they are told to."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from prometheus_client import CollectorRegistry
from starlette.responses import StreamingResponse

from libs.web.refusals import Refused
from services.console.web.streams import Event, LiveStreams


class Source:
    """Events that come when a test says so."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Event] = asyncio.Queue(maxsize=10)
        self.closed = False

    async def events(self) -> AsyncGenerator[Event, None]:
        try:
            while True:
                yield await self.told.get()
        finally:
            self.closed = True


def streams(*, most: int = 2, most_per_agent: int = 2) -> tuple[LiveStreams, CollectorRegistry]:
    registry = CollectorRegistry()
    return LiveStreams(most=most, most_per_agent=most_per_agent, registry=registry), registry


async def begin(answer: StreamingResponse) -> AsyncGenerator[bytes, None]:
    body = answer.body_iterator
    assert isinstance(body, AsyncGenerator)
    assert await anext(body) == b"retry: 1000\n\n"
    return body


def open_pages(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("omnithread_console_live_pages")


async def test_an_event_is_one_line_of_json_whatever_is_in_it() -> None:
    live, _ = streams()
    source = Source()
    body = await begin(live.answer("anna", source.events()))
    await source.told.put(Event("parts", {"cart": "<p>\nevent: forged\n\n</p>"}))
    sent = (await anext(body)).decode()
    assert sent.count("\n") == 3
    assert sent.startswith("event: parts\ndata: {")
    await body.aclose()
    assert source.closed


async def test_each_agent_and_all_together_have_so_many_and_no_more() -> None:
    live, registry = streams(most=3, most_per_agent=2)
    bodies = [await begin(live.answer("anna", Source().events())) for _ in range(2)]
    with pytest.raises(Refused, match="TOO_MANY_LIVE"):
        live.answer("anna", Source().events())
    bodies.append(await begin(live.answer("bob", Source().events())))
    with pytest.raises(Refused, match="TOO_MANY_LIVE"):
        live.answer("carla", Source().events())
    assert open_pages(registry) == 3
    for body in bodies:
        await body.aclose()
    assert open_pages(registry) == 0
    await (await begin(live.answer("anna", Source().events()))).aclose()


async def test_when_the_console_stops_pages_that_hear_nothing_end_too() -> None:
    live, registry = streams()
    source = Source()
    body = await begin(live.answer("anna", source.events()))
    waiting = asyncio.ensure_future(anext(body, b"the end"))
    await asyncio.sleep(0)
    live.stop()
    assert await asyncio.wait_for(waiting, 10) == b"the end"
    assert source.closed
    assert open_pages(registry) == 0


async def test_a_source_that_ends_or_fails_takes_its_place_along() -> None:
    live, registry = streams()

    async def failing() -> AsyncGenerator[Event, None]:
        yield Event("state", "live")
        raise RuntimeError

    body = await begin(live.answer("anna", failing()))
    await anext(body)
    with pytest.raises(StopAsyncIteration):
        await anext(body)
    assert open_pages(registry) == 0
