"""What the customers' clocks show, told by the C library: it reads the same files as Python does, by code of its own.

Its time zone is the process's own, so it is asked in a process apart: `python -m tests.faults.wall_clocks`, JSON in and
out. `edges` are the moments at which a clock is set forward or back, `minutes` what it shows.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import cast
from zoneinfo import TZPATH

HOUR = 3600
ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 240.0


async def edges(zones: Sequence[str], begin: int, end: int) -> Mapping[str, list[int]]:
    """Give the seconds since 1970, between two such, at which each zone's clock is set."""
    return cast("Mapping[str, list[int]]", await _asked({"edges": list(zones), "begin": begin, "end": end}))


async def minutes(moments: Mapping[str, Sequence[int]]) -> Mapping[str, list[int]]:
    """Give for each zone what its clock shows at some moments, in minutes after midnight."""
    told = {zone: list(seconds) for zone, seconds in moments.items()}
    return cast("Mapping[str, list[int]]", await _asked({"minutes": told}))


async def _asked(question: object) -> object:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.wall_clocks",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(MOST_SECONDS):
        answer, _ = await process.communicate(json.dumps(question).encode())
    assert process.returncode == 0
    return json.loads(answer)


def _live_in(zone: str) -> None:
    folders = [Path(folder) for folder in TZPATH]
    own = resources.files("tzdata") / "zoneinfo"
    file = next((path for folder in folders if (path := folder / zone).is_file()), own.joinpath(zone))
    os.environ["TZ"] = f":{file}"
    time.tzset()


def _minute(moment: int) -> int:
    shown = time.localtime(moment)
    return shown.tm_hour * 60 + shown.tm_min


def _edges(begin: int, end: int) -> list[int]:
    """Look every hour, and then nearer where the clock was set in between."""
    found = []
    for hour in range(begin, end, HOUR):
        early, late = hour, hour + HOUR
        if _offset(early) == _offset(late):
            continue
        while late - early > 1:
            middle = (early + late) // 2
            early, late = (middle, late) if _offset(middle) == _offset(early) else (early, middle)
        found.append(late)
    return found


def _offset(moment: int) -> int:
    return time.localtime(moment).tm_gmtoff


def _answer(question: dict[str, object]) -> dict[str, list[int]]:
    answer = {}
    if "edges" in question:
        for zone in cast("list[str]", question["edges"]):
            _live_in(zone)
            answer[zone] = _edges(cast("int", question["begin"]), cast("int", question["end"]))
    else:
        for zone, moments in cast("dict[str, list[int]]", question["minutes"]).items():
            _live_in(zone)
            answer[zone] = [_minute(moment) for moment in moments]
    return answer


if __name__ == "__main__":
    json.dump(_answer(json.load(sys.stdin)), sys.stdout)
