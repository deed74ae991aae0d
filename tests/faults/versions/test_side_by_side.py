"""Row `versions`: replicas of the last release and of this version serve the same customers, in both directions.

The database was migrated by this version, as before an upgrade. The last release begins alone; then, under load, this
version takes the place of each second replica: each reads what the other wrote, calls the other, and hears the other's
events. In a full run all go back to the last release then, which so reads what this version wrote, and forward again.
Both speak plaintext, as the last release does.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.suite import Suite
from deploy.released import ROOT, NoHistory, last_release, unpack
from tests.faults.histories.crowd import Crowd, crowd_at
from tests.faults.histories.test_rolling import CALL_SECONDS, CLIENTS, working
from tests.faults.results import note
from tests.faults.seeds import rounds, seed, share
from tests.running_suite import running_suite, until

STEPS_BETWEEN = 2_000
"""Of all clients, between two changes."""


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the tree of the last release."""
    tree = tmp_path_factory.mktemp("before")
    try:
        unpack(last_release(), tree)
    except NoHistory as missing:
        pytest.skip(f"the history of this clone does not reach back to the last release: {missing}")
    return tree


@pytest.fixture(scope="module")
async def mixed(before: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    """Give a suite of two replicas each, all of the last release, on a database that this version has migrated."""
    async with running_suite(tmp_path_factory.mktemp("mixed"), {}, replicas=2, roots=[before, before]) as running:
        yield running


@pytest.mark.timeout(1800)
async def test_two_versions_serve_the_same_customers_and_nobody_notices(mixed: Suite, before: Path) -> None:
    """Promise: N-1 and N together under load, both directions, old records and events included."""
    changes = [(2, ROOT), *([(2, before), (1, ROOT), (2, ROOT)] if share() == 1 else [])]
    async with crowd_at(mixed, clients=CLIENTS, call_seconds=CALL_SECONDS) as crowd:
        async with working(crowd, "versions"):
            await _some_steps(crowd)
            for number, root in changes:
                await mixed.replace(number, root=root)
                await _some_steps(crowd)
        await crowd.read_all()
        violations = await crowd.check()
    errors = crowd.failures
    told = "; ".join([*map(str, violations[:3]), *(f"{count} x {what}" for what, count in errors.most_common(3))])
    note(
        "versions",
        seed=seed(),
        done=len(crowd.recorder.history),
        wanted="0 errors beyond what the client package tries again, 0 violations",
        found=f"{errors.total()} errors in {crowd.done} calls with {last_release().name}, "
        f"{len(violations)} violations {told}",
        ok=not errors and not violations,
    )


async def _some_steps(crowd: Crowd) -> None:
    wanted = crowd.done + rounds(STEPS_BETWEEN)

    async def done() -> int:
        return crowd.done

    await until(done, lambda count: count >= wanted, limit_seconds=600)
