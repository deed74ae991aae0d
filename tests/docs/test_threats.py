"""Each line of the page about threats names a test that there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^\| (?P<tries>[^|]+) \| (?P<because>[^|]+) \| (?P<tests>[^|]+) \|$")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def lines() -> list[tuple[str, str]]:
    """Give each threat with what stands in its column of tests."""
    page = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
    found = [LINE.match(line) for line in page.splitlines()]
    return [
        (one["tries"], one["tests"]) for one in found if one and one["tries"] != "tries this" and "---" not in one[0]
    ]


@pytest.mark.parametrize(("tries", "named"), [pytest.param(*line, id=line[0][:60]) for line in lines()])
def test_each_threat_is_tried_by_a_test(tries: str, named: str) -> None:
    tests = TEST.findall(named)
    assert tests, f"nothing tries: {tries}"
    for path, name in tests:
        assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), name


def test_no_line_of_the_page_is_left_out() -> None:
    page = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
    rows = [
        line for line in page.splitlines() if line.startswith("|") and not line.startswith(("|---", "| tries this"))
    ]
    assert len(rows) == len(lines()) >= 40
