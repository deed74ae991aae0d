"""The page of operations: what does not answer is said to, and what tells is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from deploy.local.ports import LOOPBACK, free_port
from libs.telemetry.metrics import CallMetrics, new_registry, serving_metrics
from services.console.operations.asking import NotAnswering, numbers_at
from services.console.operations.lookout import Lookout
from services.console.operations.places import Place
from tests.services.console.desk import ConsoleDesk, console_desk


async def test_nothing_answers_and_nothing_is_told_as_zero(tmp_path: Path) -> None:
    away = f"{LOOPBACK}:{free_port()}"
    async with console_desk(tmp_path, metrics_addresses=f"cart={away}", health_addresses=f"door={away}") as desk:
        await desk.sign_in()
        page = await desk.http.get("/operations")
        part = await desk.http.get("/operations/now")
    assert page.status_code == part.status_code == 200
    assert page.text.count("not answering: cannot be reached") == 6
    for name in ("Providers", "Messages that could not be sent", "Subscriptions of other systems"):
        after = page.text.split(f"<h2>{name}</h2>")[1].split("</section>")[0]
        assert "Messaging: not answering" in after
    assert "No process tells." in page.text
    assert "<html" not in part.text


async def test_what_marketing_looks_at_says_when_it_cannot_be_had(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    for path in (
        "/campaigns",
        "/campaigns/a",
        "/offers",
        "/offers/a",
        "/templates",
        "/templates/a",
        "/customers/c/silence",
    ):
        answer = await desk.http.get(path)
        assert (answer.status_code, "did not answer in time" in answer.text) == (503, True), path


@pytest.mark.parametrize(
    "path",
    [
        "/campaigns?state=dead",
        "/campaigns/a?first=yesterday",
        "/campaigns/a?first=2026-01-02&last=2026-01-01",
        "/campaigns/a?version=-1",
        "/campaigns/A..B",
        "/campaigns?page=" + "x" * 1100,
        "/templates/a?way=PIGEON",
        "/templates/a/mail?language=%00",
        "/customers/c/silence?missed=everything",
        "/operations/dead-letters/c/%3Cscript%3E",
    ],
)
async def test_what_cannot_be_meant_is_refused(desk: ConsoleDesk, path: str) -> None:
    await desk.sign_in()
    assert (await desk.http.get(path)).status_code == 400


async def test_a_message_is_sent_again_by_a_form_of_ours_only(desk: ConsoleDesk) -> None:
    path = "/operations/dead-letters/cus_1/msg_1/replay"
    await desk.sign_in()
    assert (await desk.http.get(path)).status_code == 405
    assert (await desk.http.post(path, headers=desk.from_here, data={"request_id": "r" * 20})).status_code == 403
    assert (await desk.send(path, {"request_id": "short"})).status_code == 400
    assert (await desk.send(path, {"request_id": "r" * 20})).status_code == 503  # nobody is there to do it


async def test_what_a_process_tells_is_read_from_its_own_port() -> None:
    registry = new_registry()
    metrics = CallMetrics(registry)
    metrics.calls.labels("/cart/AddItem", "WEB", "OK").inc(3)
    with serving_metrics(f"{LOOPBACK}:0", registry) as port:
        lookout = Lookout(
            services=[],
            http_services=[],
            metrics=[Place("cart", f"{LOOPBACK}:{port}")],
            credentials=None,
            now=asyncio.get_running_loop().time,
        )
        [cart] = (await lookout.look()).processes
        assert await lookout.look() is await lookout.look()  # nobody is asked again so soon
    assert cart.figures is not None
    assert cart.figures.calls is not None
    assert cart.figures.calls.answered == 3


@asynccontextmanager
async def saying(body: bytes) -> AsyncIterator[str]:
    """Serve one thing to whoever asks."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + body)
        writer.close()

    server = await asyncio.start_server(answer, LOOPBACK, 0)
    async with server:
        yield f"{LOOPBACK}:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"omnithread_watchers{ 1\n", "tells what cannot be read"),
        (b"omnithread_watchers " + b"9" * 5_000_000, "tells more than can be read"),
    ],
)
async def test_what_tells_nonsense_is_said_to(body: bytes, why: str) -> None:
    async with saying(body) as address, httpx.AsyncClient(trust_env=False) as http:
        told = await numbers_at(address, http, now=0)
    assert isinstance(told, NotAnswering)
    assert told.why.startswith(why)
