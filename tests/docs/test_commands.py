"""Every command on a page is run by a test or a step of CI, or stands in the one list of those that nothing runs."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")])
SHELL = re.compile(r"```(?:ba)?sh\n(.*?)```", flags=re.DOTALL)

BY_TESTS: Mapping[str, tuple[str, str]] = {
    ".venv/bin/grpcurl ": ("tests/launch/test_up.py", "grpcurl"),
    ".venv/bin/python -m tests.bench.compare ": ("tests/bench/test_results.py", "import SHAPES, Change, changes, main"),
    "buf generate ": ("tests/clients/test_go.py", 'documented("buf.gen.go.yaml")'),
    "cd tests/clients/typescript": ("tests/clients/test_typescript.py", 'documented("npm run")'),
    "curl -s http://127.0.0.1:52052/metrics ": ("tests/journeys/test_what_the_pages_show.py", "omnithread_ready"),
    "curl -s -H 'Accept: application/openmetrics-text' ": (
        "tests/journeys/test_what_the_pages_show.py",
        'block("docs/metrics.md", "sh", "openmetrics-text")',
    ),
    "curl -s ": ("tests/journeys/test_what_the_pages_show.py", 'block("docs/public-pages.md", "sh", "curl")'),
    "make sign-in ": ("tests/launch/test_up.py", '"deploy.local", "sign-in"'),
    "make up": ("tests/launch/test_up.py", '"deploy.local", "up"'),
    "make wheel": ("tests/release/empty_environment.py", '"--target", "wheel"'),
    "npm run ": ("tests/clients/test_typescript.py", 'documented("npm run")'),
    "promtool ": ("tests/observability/test_rules.py", "promtool"),
    "python -m deploy.kubernetes.development ": ("tests/deploy/kubernetes/test_development.py", "development"),
    "python -m deploy.observability.walk ": ("tests/journeys/test_every_trace_is_whole.py", "observability.walk"),
    "python -m services.cart new-epoch": ("tests/services/cart/test_process.py", 'run("new-epoch", env=env)'),
    "python -m services.console new-keys": ("tests/services/console/test_process.py", "new-keys"),
    "python -m services.console sign-in ": ("tests/services/console/test_process.py", 'block("sh", "sign-in --agent")'),
    "python -m services.door": ("tests/services/door/test_process.py", "services.door"),
} | {
    f"python -m services.{name} migrate": ("tests/deploy/kubernetes/test_started_as_rendered.py", "migrat")
    for name in ("profile", "cart", "preference", "messaging", "aggregator")
}
"""By how a command begins: the test that runs it, or what its target in the Makefile calls, and what stands there."""
BY_CI = ("make demo", "make test", "make bench-smoke")
NOT_RUN = "## What nothing here runs"
"""The heading in CONTRIBUTING.md under which the rest stands: each by how it begins."""


def commands(page: Path) -> list[str]:
    """The lines of a page's shell blocks; what goes on in the next line is one."""
    text = "\n".join(SHELL.findall(page.read_text()))
    lines = text.replace("\\\n", " ").splitlines()
    return [line for line in (one.partition("  #")[0].strip() for one in lines) if line]


def not_run() -> list[str]:
    listed = (ROOT / "CONTRIBUTING.md").read_text().partition(NOT_RUN)[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", listed, flags=re.MULTILINE)


ALL = sorted({command for page in PAGES for command in commands(page)})


def test_the_pages_have_commands() -> None:
    assert len(ALL) > 30


@pytest.mark.parametrize("command", ALL)
def test_somebody_runs_it_or_it_is_listed(command: str) -> None:
    known = (*BY_TESTS, *BY_CI, *not_run())
    assert [begin for begin in known if command.startswith(begin)], f"nobody runs {command!r}, and it is not listed"


@pytest.mark.parametrize("begin", BY_TESTS)
def test_the_test_that_is_named_is_there(begin: str) -> None:
    file, words = BY_TESTS[begin]
    assert words in (ROOT / file).read_text()
    assert any(command.startswith(begin) for command in ALL), f"no page has {begin!r} any more"


@pytest.mark.parametrize("command", BY_CI)
def test_ci_runs_it(command: str) -> None:
    assert re.search(rf"^step {command.removeprefix('make ')}\b", (ROOT / ".ci/run").read_text(), flags=re.MULTILINE)


def test_what_is_listed_is_on_a_page() -> None:
    assert [begin for begin in not_run() if not any(command.startswith(begin) for command in ALL)] == []
