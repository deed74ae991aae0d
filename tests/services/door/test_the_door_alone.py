"""What the door shows, bears and refuses by itself, with nobody behind it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from opentelemetry.trace import SpanKind

from deploy.local.state import ROOT
from libs.settings import ProcessSettings
from libs.web.bodies import MOST_FORM_BYTES
from libs.webhooks.signing import SIGNATURE_HEADER
from services.door.acts.receipts import MOST_BYTES
from services.door.settings import DoorSettings
from tests.services.door.conftest import Doorstep, doorstep

LINK = "/r/secret-token_1"
ANSWERED = 503
"""What a good request gets: there is nobody behind this door."""
FORM = {"form": "resume"}
FORM_TYPE = {"content-type": "application/x-www-form-urlencoded"}


async def test_every_page_keeps_to_itself(step: Doorstep) -> None:
    headers = (await step.http.get(LINK)).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "script-src" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers
    assert "set-cookie" not in headers


async def test_the_browser_is_answered_in_its_language(step: Doorstep) -> None:
    german = await step.http.get(LINK, headers={"accept-language": "de-DE,de;q=0.9"})
    assert "Das geht gerade nicht" in german.text
    assert '<html lang="de">' in german.text
    assert german.headers["content-language"] == "de"


async def test_head_is_answered_like_get_without_the_page_and_options_with_what_may_be_done(step: Doorstep) -> None:
    head = await step.http.head(LINK)
    assert (head.status_code, head.content) == (ANSWERED, b"")
    options = await step.http.options(LINK)
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, POST, OPTIONS")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
async def test_other_methods_are_refused_with_what_may_be_done(step: Doorstep, method: str) -> None:
    refused = await step.http.request(method, LINK)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")


@pytest.mark.parametrize("path", ["/", "/r/", "/r/a/b", "/x/token", "/r/%2e%2e%2fetc", "/r/<script>", "/r/a b", "/R/t"])
async def test_what_is_no_link_of_ours_gets_a_friendly_page(step: Doorstep, path: str) -> None:
    refused = await step.http.get(path)
    assert refused.status_code == 404
    assert "We do not know this link" in refused.text
    assert "script>" not in refused.text


async def test_an_address_that_is_too_long_is_refused(step: Doorstep) -> None:
    assert (await step.http.get("/r/" + "a" * 4000)).status_code == 414


async def test_a_head_that_is_far_too_long_is_not_read(step: Doorstep) -> None:
    long = b"a" * 100_000
    for head in (b"GET /r/" + long, b"GET /r/token HTTP/1.1\r\nHost: x\r\nX-Much: " + long):
        assert (await raw(step.door.port, head)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", FORM_TYPE, 400),
        (b"form=unsubscribe", FORM_TYPE, 400),
        (b"form=resume&form=resume", FORM_TYPE, 400),
        (b"form=%ff%fe", FORM_TYPE, 400),
        (b"form=" + b"a" * 1000, FORM_TYPE, 400),
        (b"&".join(b"a=1" for _ in range(1000)), FORM_TYPE, 400),
        (b'{"form": "resume"}', {"content-type": "application/json"}, 415),
        (b"form=resume", {}, 415),
        (b"form=" + b"a" * MOST_FORM_BYTES, FORM_TYPE, 413),
        (b"garbage", {"content-type": "multipart/form-data; boundary=x"}, 400),
    ],
)
async def test_a_body_that_is_not_our_form_does_nothing(
    step: Doorstep, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert (await step.http.post(LINK, content=body, headers=headers)).status_code == status


async def test_a_body_without_end_is_cut_off(step: Doorstep) -> None:
    async def forever() -> AsyncIterator[bytes]:
        while True:
            yield b"a" * 1024

    try:
        answer = await step.http.post(LINK, content=forever(), headers=FORM_TYPE)
        assert answer.status_code == 413
    except (httpx.WriteError, httpx.ReadError):
        pass  # it was closed while we were still sending


async def raw(port: int, sent: bytes) -> bytes:
    """Send bytes, and give all that comes until the door closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        return await asyncio.wait_for(reader.read(), 30)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_who_sends_slowly_is_not_waited_for(tmp_path: Path) -> None:
    async with doorstep(tmp_path, head_seconds=0.3, body_seconds=0.3) as step:
        assert await raw(step.door.port, b"") == b""
        assert await raw(step.door.port, b"GET /r/token HT") == b""
        head = b"POST /r/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        answer = await raw(step.door.port, head + b"Content-Length: 100\r\n\r\nform=")
        assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /r/t HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /r/t HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET http://other.example/r/t HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused_and_the_door_stays_open(step: Doorstep, sent: bytes) -> None:
    assert (await raw(step.door.port, sent)).startswith(b"HTTP/1.1 400 ")
    assert (await step.http.get(LINK)).status_code == ANSWERED


async def test_who_sends_what_makes_no_sense_is_slowed_down_where_posts_are_not_counted(tmp_path: Path) -> None:
    async with doorstep(tmp_path, address_requests_per_second=0.5, address_burst=3) as step:
        for path in ("/u/token-{}", "/receipts/somebody-{}"):
            signed = {SIGNATURE_HEADER: "t=1,v1=00", **FORM_TYPE}
            answers = [await step.http.post(path.format(number), headers=signed) for number in range(5)]
            assert [answer.status_code for answer in answers] == [400, 400, 400, 429, 429]
            assert "retry-after" in answers[-1].headers
            step.clock.seconds += 10


async def test_who_asks_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    async with doorstep(tmp_path, address_requests_per_second=0.5, address_burst=3) as step:
        for number in range(3):
            assert (await step.http.get(f"/r/token-{number}")).status_code == ANSWERED
        refused = await step.http.get(LINK)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
        assert "One moment, please" in refused.text
        step.clock.seconds += 3
        assert (await step.http.get(LINK)).status_code == ANSWERED


async def test_one_link_has_a_limit_of_its_own_wherever_it_is_used_from(tmp_path: Path) -> None:
    async with doorstep(tmp_path, trusted_proxies=1, token_burst=2, token_requests_per_minute=60) as step:
        from_everywhere = [{"x-forwarded-for": f"203.0.113.{number}"} for number in range(3)]
        assert [(await step.http.get(LINK, headers=each)).status_code for each in from_everywhere] == [
            ANSWERED,
            ANSWERED,
            429,
        ]
        assert (await step.http.get("/r/another", headers=from_everywhere[2])).status_code == ANSWERED


async def test_without_trusted_proxies_nobody_invents_an_address(tmp_path: Path) -> None:
    async with doorstep(tmp_path, address_burst=1, address_requests_per_second=0.1) as step:
        invented = [{"x-forwarded-for": f"203.0.113.{number}"} for number in range(2)]
        assert [(await step.http.get("/style.css", headers=each)).status_code for each in invented] == [200, 429]


async def test_styles_are_ours_and_kept_and_a_brand_that_nobody_knows_has_plain_ones(step: Doorstep) -> None:
    style = await step.http.get("/style.css")
    assert style.headers["content-type"].startswith("text/css")
    assert style.headers["cache-control"] == "public, max-age=300"
    look = await step.http.get("/look/main.css")
    assert "--accent: #44413b" in look.text
    assert (await step.http.get("/look/main.js")).status_code == 404


async def test_no_token_is_told_on_a_span_a_counter_or_a_log_line(
    step: Doorstep, caplog: pytest.LogCaptureFixture
) -> None:
    await step.http.get(LINK)
    await step.http.post(LINK, data=FORM)
    await step.http.get("/r/" + "secret-token" * 300)
    [shown, acted, refused] = [span for span in step.spans.get_finished_spans() if span.kind is SpanKind.SERVER]
    assert (shown.name, shown.attributes and shown.attributes["url.path"]) == ("GET /r/{token}", "/r/{token}")
    assert acted.name == "POST /r/{token}"
    assert refused.name == "GET /…"
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("http")]  # not our client's
    told = "".join([*(span.to_json() for span in step.spans.get_finished_spans()), *ours])
    assert "secret-token" not in told
    counted = step.door.registry.get_sample_value(
        "omnithread_http_requests_total", {"method": "POST", "route": "/r/{token}", "status": "503"}
    )
    assert counted == 1


async def test_health_has_a_port_of_its_own(step: Doorstep) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{step.door.health_port}") as probe:
        assert (await probe.get("/healthz")).status_code == 200
        assert (await probe.get("/readyz")).status_code == 200
    assert (await step.http.get("/healthz")).status_code == 404


async def test_a_taken_address_is_told_at_the_start(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            async with doorstep(tmp_path, listen=f"127.0.0.1:{taken.getsockname()[1]}"):
                pass


async def test_too_many_connections_are_refused_and_then_welcome_again(tmp_path: Path) -> None:
    async with doorstep(tmp_path, most_connections=2) as step:
        idle = [await asyncio.open_connection("127.0.0.1", step.door.port) for _ in range(4)]
        assert (await step.http.get("/style.css")).status_code == 503
        for _, writer in idle:
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(20):
            while (await step.http.get("/style.css")).status_code != 200:
                await asyncio.sleep(0.02)


async def test_receipts_without_a_signature_or_far_too_large_are_refused_in_json(step: Doorstep) -> None:
    place, signed = "/receipts/provider", {SIGNATURE_HEADER: "t=1,v1=00"}
    answers = [
        await step.http.post(place, content=b"{}"),
        await step.http.post(place, content=b"{}", headers={SIGNATURE_HEADER: "x" * 600}),
        await step.http.post(place, content=b"", headers=signed),
        await step.http.post(place, content=b"a" * (MOST_BYTES + 1), headers=signed),
        await step.http.get(place),
        await step.http.post(place, content=b"{}", headers=signed),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 400, 413, 405, 503]
    assert [answer.json()["reason"] for answer in answers][-2:] == ["WRONG_METHOD", "AWAY"]


def test_the_page_for_platform_teams_names_every_setting_of_the_doors_own() -> None:
    page = (ROOT / "docs/public-pages.md").read_text(encoding="utf-8")
    shared = set(ProcessSettings.model_fields) - {"preference_address", "messaging_address"}
    own = [f"OMNITHREAD_{name.upper()}" for name in DoorSettings.model_fields if name not in shared]
    assert [name for name in own if name not in page] == []
