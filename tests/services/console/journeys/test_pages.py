"""The pages of journeys with nothing behind the console: they say so, and what was asked for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.console.desk import ConsoleDesk, console_desk


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ConsoleDesk]:
    folder: Path = tmp_path_factory.mktemp("journeys")
    async with console_desk(folder, agent_requests_per_second=1000) as desk:
        await desk.sign_in()
        yield desk


@pytest.mark.parametrize(
    "path",
    ["/journeys", "/journeys/report", "/customers/cus_1/journeys/jrn_1", "/journeys?path=web&path=store&stuck=24"],
)
async def test_where_the_suite_is_away_the_pages_say_so(desk: ConsoleDesk, path: str) -> None:
    answer = await desk.http.get(path)
    assert answer.status_code == 503
    assert "A part of the suite does not answer" in answer.text


async def test_nobody_looks_at_journeys_without_signing_in(tmp_path: Path) -> None:
    async with console_desk(tmp_path) as desk:
        for path in ("/journeys", "/journeys/report", "/traces", f"/traces/{'1' * 32}", "/customers/c/journeys/j"):
            answer = await desk.http.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
