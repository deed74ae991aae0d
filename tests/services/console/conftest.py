"""A console with nothing behind it: what it shows and refuses by itself."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.console.desk import ConsoleDesk, console_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[ConsoleDesk]:
    async with console_desk(tmp_path) as desk:
        yield desk
