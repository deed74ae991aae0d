"""There is one version, and it comes after the last release."""

import re
import tomllib
from pathlib import Path

import omnithread
from deploy.released import last_release
from libs.telemetry.resource import suite_version

ROOT = Path(__file__).resolve().parents[2]


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def test_the_version_is_written_in_one_place() -> None:
    client = tomllib.loads((ROOT / "libs/omnithread-client/pyproject.toml").read_text())
    assert "version" in client["project"]["dynamic"]
    assert client["tool"]["hatch"]["version"]["path"] == "src/omnithread/version.py"
    assert re.fullmatch(r"\d+\.\d+\.\d+", omnithread.__version__)
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == "0"


def test_services_tell_the_same_version_on_their_spans_and_metrics() -> None:
    assert suite_version() == omnithread.__version__


def test_it_comes_after_the_last_release_at_most_one_step() -> None:
    major, minor, *_ = numbers(omnithread.__version__)
    before = numbers(last_release().name)
    assert (major, minor) in {before[:2], (before[0], before[1] + 1), (before[0] + 1, 0)}
