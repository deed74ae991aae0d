"""What the console lets in, and what goes out with every answer."""

import re
from pathlib import Path

import httpx
import pytest

from services.console.pages.static_files import CONSOLE, StaticFiles
from tests.services.console.desk import ConsoleDesk, console_desk

INLINE = re.compile(r"<script(?![^>]*\bsrc=)|\bon[a-z]+=|<style|\sstyle=|javascript:", re.IGNORECASE)


@pytest.mark.parametrize("place", ["/", "/sign-in", "/nowhere", "/static/console.css", "/static/none.css"])
async def test_nothing_that_is_answered_may_be_framed_sniffed_or_run_from_elsewhere(
    desk: ConsoleDesk, place: str
) -> None:
    await desk.sign_in()
    answer = await desk.http.get(place)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    if not place.startswith("/static/c"):
        assert answer.headers["cache-control"] == "no-store"


def test_no_template_has_a_script_or_a_style_within() -> None:
    faults = [
        f"{path}: {found[0]}"
        for path in CONSOLE.glob("*/templates/**/*.html")
        for found in [INLINE.search(path.read_text(encoding="utf-8"))]
        if found
    ]
    assert faults == []


def test_no_script_or_style_asks_anybody_else() -> None:
    for name, file in StaticFiles().all().items():
        text = file.content.decode()
        assert not re.search(r"""(url\(|import|fetch\(|EventSource\()\s*['"]?https?:""", text), name
        assert "eval(" not in text, name


async def test_a_form_from_another_site_does_nothing(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    token = await desk.form_token()
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
        {**desk.from_here, "sec-fetch-site": "cross-site"},
        {**desk.from_here, "sec-fetch-site": "same-site"},
    ):
        answer = await desk.http.post("/sign-out", headers=headers, data={"form_token": token})
        assert answer.status_code == 403, headers
        assert "Nothing was done" in answer.text
    assert (await desk.http.get("/")).status_code == 200, "still signed in"


async def test_a_form_without_the_token_of_this_session_does_nothing(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    good = await desk.form_token()
    for fields in ({"x": ""}, {"form_token": ""}, {"form_token": good[:-1]}, {"form_token": [good, good]}):
        answer = await desk.http.post("/sign-out", headers=desk.from_here, data=fields)
        assert answer.status_code in {400, 403}, fields
    assert (await desk.http.get("/")).status_code == 200


async def test_looking_never_acts(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    for place in ("/sign-out", "/find"):
        answer = await desk.http.get(place)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (await desk.http.get("/")).status_code == 200


async def test_another_name_that_leads_here_gets_nothing(desk: ConsoleDesk) -> None:
    for host in ("evil.example", f"evil.example:{desk.running.port}", "127.0.0.1.evil.example", ""):
        answer = await desk.http.get("/sign-in", headers={"host": host})
        assert answer.status_code in {400, 421}, host
    assert (await desk.http.get("/sign-in", headers={"host": f"localhost:{desk.running.port}"})).status_code == 200


async def test_only_its_own_name_counts_where_it_has_one(tmp_path: Path) -> None:
    async with console_desk(tmp_path, base_url="https://console.example.com") as desk:
        assert (await desk.http.get("/sign-in")).status_code == 421
        assert (await desk.http.get("/sign-in", headers={"host": "console.example.com"})).status_code == 200


async def test_an_agent_who_asks_too_often_is_slowed_down_and_no_other(tmp_path: Path) -> None:
    async with console_desk(tmp_path, agent_burst=5, agent_requests_per_second=0.001) as desk:
        await desk.sign_in()
        answers = [await desk.http.get("/") for _ in range(8)]
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) >= 1
        async with httpx.AsyncClient(base_url=desk.base) as other:
            assert (await other.get("/sign-in")).status_code == 200


async def test_a_form_that_is_too_large_is_not_read(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    answer = await desk.send("/find", {"customer": "x" * 70_000})
    assert answer.status_code == 413


async def test_what_is_typed_is_in_no_span_and_no_address(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    answer = await desk.send("/find", {"customer": "planted@example.com"})
    assert answer.status_code == 503, "profile is away"
    assert "planted" not in str(answer.url)
    told = "".join(span.to_json() for span in desk.spans.get_finished_spans())
    assert "POST /find" in told
    assert "planted" not in told
    assert desk.link().rpartition("/")[2][:20] not in told


async def test_with_every_service_away_the_pages_say_so(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    answer = await desk.http.get("/customers/cus_1")
    assert answer.status_code == 503
    assert "A part of the suite does not answer" in answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert (await desk.http.get("/")).status_code == 200, "finding somebody can be asked for"


async def test_the_health_port_knows_nothing_else(desk: ConsoleDesk) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{desk.running.health_port}") as probe:
        assert (await probe.get("/readyz")).status_code == 200
        assert (await probe.get("/sign-in")).status_code == 404


async def test_pages_are_counted_by_route(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    await desk.http.get("/customers/cus_1")
    routes = {
        sample.labels.get("route")
        for metric in desk.running.registry.collect()
        for sample in metric.samples
        if sample.name.startswith("omnithread") and "route" in sample.labels
    }
    assert "/customers/{customer_id}" in routes
    assert not any("cus_1" in str(route) for route in routes)


async def test_too_many_live_pages_are_refused_before_they_begin(tmp_path: Path) -> None:
    async with console_desk(tmp_path, most_live_pages_per_agent=1) as desk:
        await desk.sign_in()
        place, accept = "/customers/cus_1/live", {"accept": "text/event-stream"}
        assert (await desk.http.head(place, headers=accept)).status_code == 200
        async with desk.http.stream("GET", place, headers=accept) as live:
            assert await anext(live.aiter_lines()) == "retry: 1000"
            for method in ("GET", "HEAD"):
                answer = await desk.http.request(method, place, headers=accept)
                assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")


async def test_a_live_page_is_counted_when_it_begins_and_not_by_how_long_it_is_open(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    async with desk.http.stream("GET", "/customers/cus_1/live") as live:
        assert await anext(live.aiter_lines()) == "retry: 1000"
        ended = [span.name for span in desk.spans.get_finished_spans()]
        assert "GET /customers/{customer_id}/live" in ended


async def test_what_somebody_puts_into_an_address_in_place_of_an_id_is_on_no_span(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    for place in (
        "/customers/{}",
        "/customers/{}/messages/msg_1",
        "/customers/cus_1/messages/{}",
        "/customers/{}/live",
        "/customers/{}/journeys/jrn_1",
    ):
        assert (await desk.http.get(place.format("clara@example.com"))).status_code == 404, place
    assert desk.spans.get_finished_spans()
    assert "clara" not in "".join(span.to_json() for span in desk.spans.get_finished_spans())
