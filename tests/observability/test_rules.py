"""Prometheus takes our files, every alert fires when it should and not before, and every query of a board is one."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.deploy.observability.files import FOLDER, ROOT, queries
from tests.journeys.test_what_the_pages_show import block
from tests.observability.promtool import MISSING, promtool


@pytest.fixture(scope="module")
def tool() -> str:
    found = promtool()
    if found is None:
        pytest.fail(MISSING)
    return found


def said(*command: str) -> str:
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_page_shows_how_rules_and_alerts_are_checked(tool: str) -> None:
    told = said("bash", "-euc", block("docs/metrics.md", "sh", "promtool"))
    assert "SUCCESS" in told
    assert "alerts.yml" in told


def test_rules_have_no_faults_that_prometheus_only_warns_of(tool: str) -> None:
    files = [str(FOLDER / "prometheus" / name) for name in ("alerts.yml", "recording.yml")]
    assert "SUCCESS" in said(tool, "check", "rules", "--lint=all", "--lint-fatal", *files)


def test_every_query_of_the_boards_is_one_that_prometheus_can_read(tool: str, tmp_path: Path) -> None:
    asked = [query.replace("$service", ".*") for query in queries().values()]
    rules = [{"record": f"omnithread:query:{number}", "expr": query} for number, query in enumerate(asked)]
    file = tmp_path / "queries.json"  # YAML is a superset of it
    file.write_text(json.dumps({"groups": [{"name": "boards", "rules": rules}]}), encoding="utf-8")
    assert "SUCCESS" in said(tool, "check", "rules", str(file))
