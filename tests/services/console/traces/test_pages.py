"""The pages of traces, with spans and with nothing else behind the console."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1 import trace_pb2

from tests.services.console.desk import ConsoleDesk, console_desk
from tests.services.console.spans.samples import export, send, text, wire_span


def hexadecimal(number: int) -> str:
    return f"{number:032x}"


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ConsoleDesk]:
    folder: Path = tmp_path_factory.mktemp("traces")
    async with console_desk(folder, spans_listen="127.0.0.1:0", agent_requests_per_second=1000) as desk:
        await desk.sign_in()
        yield desk


async def test_a_waterfall_shows_what_came_in_and_trusts_nothing_in_it(desk: ConsoleDesk) -> None:
    top, below = wire_span(1, trace=101, linked=100), wire_span(2, trace=101)
    below.parent_span_id, below.name = top.span_id, "<b>SELECT</b>"
    top.attributes.append(text("customer.id", "cus_1"))
    below.attributes.append(text("<i>sku</i>", "<script>alert(1)</script>"))
    await send(desk.running.spans_port, export(top, below))
    page = (await desk.http.get(f"/traces/{hexadecimal(101)}")).text
    assert page.index("AddItem") < page.index("&lt;b&gt;SELECT")
    assert "<script>alert" not in page
    assert "<i>sku" not in page
    assert f"/traces/{hexadecimal(100)}" in page
    assert "The touchpoint before was in" in page
    assert "CART_EMPTY" in page
    assert "The journey cannot be read now" in page


async def test_a_trace_says_which_others_go_on_from_it(desk: ConsoleDesk) -> None:
    await send(desk.running.spans_port, export(wire_span(1, trace=110)))
    await send(desk.running.spans_port, export(wire_span(1, trace=111, linked=110)))
    page = (await desk.http.get(f"/traces/{hexadecimal(110)}")).text
    assert f'Goes on in <a href="/traces/{hexadecimal(111)}">' in page


async def test_the_newest_and_those_of_a_journey_are_listed(desk: ConsoleDesk) -> None:
    await send(desk.running.spans_port, export(wire_span(1, trace=120)))
    other = trace_pb2.Span(trace_id=(121).to_bytes(16), span_id=(1).to_bytes(8), name="of no journey")
    await send(desk.running.spans_port, export(other))
    newest = (await desk.http.get("/traces")).text
    assert hexadecimal(120) in newest
    assert hexadecimal(121) not in newest
    assert hexadecimal(121) in (await desk.http.get("/traces?all=1")).text
    of_journey = (await desk.http.get("/traces?journey=jrn_1")).text
    assert hexadecimal(120) in of_journey
    assert hexadecimal(121) not in of_journey
    there = await desk.http.get(f"/traces?trace={hexadecimal(120).upper()}")
    assert (there.status_code, there.headers["location"]) == (303, f"/traces/{hexadecimal(120)}")


async def test_a_trace_of_five_thousand_spans_is_a_page_that_a_browser_can_show(desk: ConsoleDesk) -> None:
    spans = [wire_span(number, trace=130) for number in range(1, 5001)]
    for number, span in enumerate(spans[1:]):
        span.parent_span_id = spans[0].span_id if number < 100 else spans[1 + number % 100].span_id
    await send(desk.running.spans_port, export(*spans))
    page = (await desk.http.get(f"/traces/{hexadecimal(130)}")).text
    assert len(page) < 1_000_000
    assert "49 more below" in page
    part = (await desk.http.get(f"/traces/{hexadecimal(130)}?under={spans[1].span_id.hex()}")).text
    assert "50 of 5000 spans" in part


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        (f"/traces/{hexadecimal(999)}", 404, "This trace is not there"),
        ("/traces/nonsense", 404, "There is nothing here"),
        ("/traces?trace=nonsense", 200, "32 hexadecimal digits"),
        ("/traces?journey=%3Cb%3E", 200, "letters, digits"),
        ("/traces?journey=jrn_nobody", 200, "No traces are there of it"),
        (f"/traces/{hexadecimal(1)}?under=%00&from=99999999999&customer=%3C&journey=%27", 404, "not there"),
    ],
)
async def test_what_is_not_there_is_said_in_words(desk: ConsoleDesk, path: str, status: int, said: str) -> None:
    answer = await desk.http.get(path)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text


async def test_where_the_back_end_of_spans_is_away_the_pages_say_so(tmp_path: Path) -> None:
    async with console_desk(tmp_path, spans_from="tempo", spans_address="http://127.0.0.1:9") as desk:
        await desk.sign_in()
        for path in ("/traces", f"/traces/{hexadecimal(1)}"):
            answer = await desk.http.get(path)
            assert (answer.status_code, "Tempo cannot be reached" in answer.text) == (503, True)
