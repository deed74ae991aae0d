"""Who gets into the console, and who does not."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from libs.clock import system_clock
from libs.ids import new_id
from services.console.calling.agent import Agent
from services.console.settings import ConsoleSettings
from services.console.web.entrance import Entrance
from services.console.web.sealing import Seal
from services.console.web.sessions import Sessions
from tests.services.console.desk import ConsoleDesk, console_desk


async def test_a_stranger_is_asked_to_sign_in_and_sees_nothing(desk: ConsoleDesk) -> None:
    answer = await desk.http.get("/customers/cus_1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "Sign out" not in (await desk.http.get("/sign-in")).text
    assert (await desk.http.post("/sign-out", headers=desk.from_here, data={"x": ""})).status_code == 401


async def test_a_long_name_in_any_script_can_sign_in(desk: ConsoleDesk) -> None:
    await desk.sign_in(Agent("a" * 64, "𠮷" * 80))
    assert "𠮷" * 80 in (await desk.http.get("/")).text


async def test_a_link_signs_in_once(desk: ConsoleDesk) -> None:
    link = desk.link()
    for _ in range(2):
        looked = await desk.http.get(link)
        assert "Sign in as Anna Berg?" in looked.text, "looking uses nothing up"
        assert "set-cookie" not in looked.headers
    first = await desk.http.post(link, headers=desk.from_here, data={"x": ""})
    assert first.status_code == 303
    assert "Anna Berg" in (await desk.http.get("/")).text
    async with httpx.AsyncClient(base_url=desk.base) as other:
        again = await other.post(link, headers=desk.from_here, data={"x": ""})
    assert again.status_code == 403
    assert "works once" in again.text


@pytest.mark.parametrize("minutes", [15, 60, -1])
async def test_a_link_of_another_time_is_refused(desk: ConsoleDesk, minutes: int) -> None:
    link = desk.link(made=desk.clock() - timedelta(minutes=minutes))
    assert (await desk.http.get(link)).status_code == 403
    assert (await desk.http.post(link, headers=desk.from_here, data={"x": ""})).status_code == 403


async def test_a_link_from_before_a_restart_is_not_taken_again(tmp_path: Path) -> None:
    async with console_desk(tmp_path) as first:
        link = first.link(made=first.clock() - timedelta(minutes=1)).removeprefix(first.base)
    async with console_desk(tmp_path) as second:
        assert (await second.http.get(link)).status_code == 403


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(desk: ConsoleDesk) -> None:
    answer = await desk.http.post(desk.link(), headers=desk.from_here, data={"x": ""})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie, "on this machine there is no https"


async def test_over_https_the_cookie_travels_by_nothing_else(tmp_path: Path) -> None:
    async with console_desk(tmp_path, base_url="https://console.example.com") as desk:
        here = {"origin": "https://console.example.com", "host": "console.example.com"}
        answer = await desk.http.post(desk.link(), headers=here, data={"x": ""})
        assert answer.headers["set-cookie"].startswith("__Host-")
        assert "; Secure" in answer.headers["set-cookie"]


async def test_whoever_is_away_for_too_long_signs_in_again(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    desk.clock.ahead = timedelta(minutes=29)
    assert (await desk.http.get("/")).status_code == 200, "a request keeps the session"
    desk.clock.ahead += timedelta(minutes=29)
    assert (await desk.http.get("/")).status_code == 200
    desk.clock.ahead += timedelta(minutes=31)
    assert (await desk.http.get("/")).headers["location"] == "/sign-in"


async def test_the_longest_session_ends_however_busy(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    for _ in range(23):
        desk.clock.ahead += timedelta(minutes=25)
        assert (await desk.http.get("/")).status_code == 200
    desk.clock.ahead += timedelta(minutes=25)
    assert (await desk.http.get("/")).status_code == 303


async def test_signing_out_ends_the_session_for_whoever_kept_the_cookie(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    kept = dict(desk.http.cookies)
    assert (await desk.send("/sign-out", {})).headers["location"] == "/sign-in"
    async with httpx.AsyncClient(base_url=desk.base, cookies=kept) as thief:
        assert (await thief.get("/")).status_code == 303


async def test_a_cookie_that_nobody_sealed_is_none(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    [(name, value)] = desk.http.cookies.items()
    body, _, mark = value.partition(".")
    for forged in (f"{body}.", f"{body[:-2]}AA.{mark}", mark, "x" * 5000, "é"):
        async with httpx.AsyncClient(base_url=desk.base) as other:
            answer = await other.get("/", headers=httpx.Headers([(b"cookie", f"{name}={forged}".encode())]))
        assert answer.status_code == 303, forged


async def test_guessing_links_is_slowed_down(desk: ConsoleDesk) -> None:
    answers = [(await desk.http.get("/sign-in/nonsense")).status_code for _ in range(30)]
    assert answers[0] == 403
    assert 429 in answers


async def test_a_proxy_says_who_comes(tmp_path: Path) -> None:
    told: dict[str, Any] = {
        "agent_header": "x-agent",
        "agent_name_header": "x-agent-name",
        "agent_header_networks": "127.0.0.0/8",
    }
    async with console_desk(tmp_path, **told) as desk:
        page = await desk.http.get("/", headers={"x-agent": "bob", "x-agent-name": "Bob"})
        assert ">Bob<" in page.text
        umlauts = await desk.http.get("/", headers={b"x-agent": b"bob", b"x-agent-name": "Jörg Müller".encode()})
        assert ">Jörg Müller<" in umlauts.text
        other = await desk.http.get("/", headers={"x-agent": "carla"})
        assert ">carla<" in other.text, "the proxy knows better than the cookie"
        nobody = await desk.http.get("/")
        assert nobody.status_code == 303, "whom the proxy names no more is signed out, whatever the cookie says"
        for strange in ("", "bob smith", "x" * 65):
            async with httpx.AsyncClient(base_url=desk.base) as stranger:
                assert (await stranger.get("/", headers={"x-agent": strange})).status_code == 303


async def test_the_header_of_anybody_else_is_not_believed(tmp_path: Path) -> None:
    async with console_desk(tmp_path, agent_header="x-agent", agent_header_networks="10.0.0.0/8") as desk:
        assert (await desk.http.get("/", headers={"x-agent": "bob"})).status_code == 303


def test_a_proxy_is_known_by_its_address_also_where_the_console_listens_on_all() -> None:
    settings = ConsoleSettings(agent_header="x-agent", agent_header_networks="10.20.0.0/24")
    sessions = Sessions(seal=Seal("s" * 32), hours=1, idle_minutes=1, secure=True, new_id=new_id)
    entrance = Entrance(settings=settings, sessions=sessions)
    for peer, believed in (
        ("10.20.0.5", True),
        ("::ffff:10.20.0.5", True),
        ("::ffff:10.21.0.5", False),
        ("::1", False),
    ):
        scope = {"type": "http", "headers": [(b"x-agent", b"bob")], "client": (peer, 4711)}
        assert (entrance.session(Request(scope), system_clock()) is not None) == believed, peer


async def test_two_agents_have_each_their_own_session(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    anna = await desk.form_token()
    async with httpx.AsyncClient(base_url=desk.base) as http:
        other = ConsoleDesk(desk.running, desk.settings, http, desk.clock)
        await other.sign_in(Agent("bob", "Bob"))
        answer = await http.post("/sign-out", headers=desk.from_here, data={"form_token": anna})
    assert answer.status_code == 403
    assert "Anna Berg" in (await desk.http.get("/")).text


async def test_a_page_that_asks_by_itself_does_not_keep_somebody_signed_in(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    by_itself = {"sec-fetch-mode": "cors"}
    for _ in range(3):
        desk.clock.ahead += timedelta(minutes=8)
        assert (await desk.http.head("/customers/cus_1/live", headers=by_itself)).status_code == 200
    desk.clock.ahead += timedelta(minutes=8)
    answer = await desk.http.head("/customers/cus_1/live", headers=by_itself)
    assert answer.status_code == 303, "32 minutes without a sign of the agent"


async def test_who_wrote_for_longer_than_a_session_lasts_gets_back_what_they_wrote(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    token = await desk.form_token()
    answer = {"request_id": "req_0000000000000001", "text": "A long </textarea>answer."}
    place = "/customers/cus_1/conversations/cnv_1/answer"
    desk.clock.ahead += timedelta(minutes=31)
    late = await desk.http.post(place, headers=desk.from_here, data={"form_token": token, **answer})
    assert late.status_code == 401
    assert "A long &lt;/textarea&gt;answer." in late.text
    await desk.sign_in()
    old = await desk.http.post(place, headers=desk.from_here, data={"form_token": token, **answer})
    assert old.status_code == 403, "the form is of another session"
    assert "A long &lt;/textarea&gt;answer." in old.text
    elsewhere = await desk.http.post(place, headers={"origin": "https://evil.example"}, data=answer)
    assert (elsewhere.status_code, "A long" in elsewhere.text) == (403, False)
