"""A running suite to crash parts of, apart from the one that tells stories; and the table at the end of the run."""

import os
from collections.abc import AsyncIterator, Generator, Sequence
from typing import Any, cast

import pytest

from deploy.local.suite import Suite
from tests.faults import results
from tests.faults.seeds import SEED, rounds, seed, share
from tests.running_suite import Channels, channels_of, running_suite

SETTINGS = {"reservation_seconds": "3"}
"""What a crash left reserved is settled soon."""
NOTED = "fault_results"
MOST_TOLD_AT_ONCE = 2000
"""Characters of a failure; all of it stands at the end."""

_found: list[results.Result] = []
_skipped: list[str] = []
_terminal: list[pytest.TerminalReporter] = []


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Find where to write while a long run goes on; last, when there is such a place."""
    if share() >= 1 and (terminal := config.pluginmanager.getplugin("terminalreporter")):
        _terminal.append(terminal)


def pytest_report_header() -> str:
    """Say how to repeat the run; drawn here, before any worker starts, so that all have the same seed."""
    return f"faults: OMNITHREAD_FAULT_SEED={seed()} OMNITHREAD_FAULT_SHARE={share()}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send what a test noted along with its report: under xdist it runs in another process than the summary."""
    report = yield
    if noted := results.take_noted():
        report.user_properties.append((NOTED, noted))
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect what was noted, and what was not even tried; a long run tells failures at once."""
    for terminal in _terminal if report.failed else ():
        last = getattr(getattr(report.longrepr, "reprcrash", None), "message", report.longreprtext)
        terminal.write_line(f"\n{report.when} of {report.nodeid} failed: {last[:MOST_TOLD_AT_ONCE]}", red=True)
    if report.skipped:
        _skipped.append(report.nodeid)
    for name, noted in report.user_properties:
        if name == NOTED:
            _found.extend(results.Result(**one) for one in cast("Sequence[dict[str, Any]]", noted))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run of all rows in which a row has no result."""
    if hasattr(session.config, "workerinput"):
        return
    results.keep(_found)
    if os.environ.get(results.EVERY_ROW) and results.missing(_found):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the table."""
    if not _found and not os.environ.get(results.EVERY_ROW):
        return
    terminalreporter.section(f"what faults did: {SEED}={seed()}")
    for line in results.table(_found):
        terminalreporter.line(line)
    for nodeid in _skipped:
        terminalreporter.line(f"SKIPPED {nodeid}", yellow=True)
    if os.environ.get(results.EVERY_ROW):
        for name in results.missing(_found):
            terminalreporter.line(f"NO RESULT {name}", red=True)


@pytest.fixture(scope="package")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    async with running_suite(tmp_path_factory.mktemp("suite"), SETTINGS, console=True) as running:
        yield running


@pytest.fixture(scope="package")
async def channels(suite: Suite) -> AsyncIterator[Channels]:
    async with channels_of(suite) as connected:
        yield connected


@pytest.fixture(params=range(rounds(20)), ids=lambda number: f"round{number + 1}")
def every_round(request: pytest.FixtureRequest) -> int:
    """Repeat a test as often as there are rounds, of 20 in full."""
    return int(request.param)
