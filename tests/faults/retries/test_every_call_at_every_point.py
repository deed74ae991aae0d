"""Every call that changes something, struck at every point and sent again: one effect, and the same ids and outcome.

The promise: retried with the same id after any fault, each such call has exactly one effect, as if nothing had been.
"""

from collections.abc import AsyncIterator

import pytest

from tests.faults.results import note
from tests.faults.retries.calls import SEEDS
from tests.faults.retries.house import NewHouse
from tests.faults.retries.methods import MUTATING
from tests.faults.retries.trials import TrialsByHouse
from tests.faults.seeds import seed, share

LEAST_POINTS = 12
MOST_TOLD = 5
IN_ONE_HOUSE = 8
"""Calls of a run of everything, of which each has up to a hundred customers and more."""
ASKED_FOR = "name"

pytestmark = pytest.mark.timeout(300 + 3600 * share())


@pytest.fixture(scope="module")
async def trials(new_house: NewHouse, request: pytest.FixtureRequest) -> AsyncIterator[TrialsByHouse]:
    """Trials of the calls that this run asks for; where workers share them, each begins what it comes to."""
    asked: list[str] = []
    if not hasattr(request.config, "workerinput"):
        params = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
        asked = [each[ASKED_FOR] for each in params if each.get(ASKED_FOR) in SEEDS]
    trials = TrialsByHouse(new_house, asked, IN_ONE_HOUSE if share() >= 1 else len(SEEDS))
    yield trials
    await trials.end()


def test_every_call_that_changes_something_is_known_here() -> None:
    assert sorted(SEEDS) == sorted(MUTATING)


@pytest.mark.parametrize(ASKED_FOR, sorted(SEEDS))
async def test_it_is_done_once_whatever_goes_wrong(trials: TrialsByHouse, name: str) -> None:
    trial = await trials.of(name)
    struck = [each.struck for each in trial.struck if each.happened and each.struck is not None]
    missed = sorted(str(each.struck) for each in trial.struck if not each.happened)
    kinds = {each.point.name for each in struck}
    enough = len({each.point.name for each in trial.points}) >= LEAST_POINTS and len(struck) * 2 >= trial.wanted
    if share() >= 1:
        enough = enough and len(kinds) >= LEAST_POINTS
    note(
        "retries",
        seed=seed(),
        done=len(struck),
        wanted="exactly one effect, and the same ids and outcome, everywhere",
        found=f"{name}: {len(trial.faults)} differences" + "".join(f"\n    {one}" for one in trial.faults[:MOST_TOLD])
        if trial.faults
        else f"{name}: the same at {len(struck)} of {len(trial.points)} points"
        + (f"; not struck: {', '.join(missed)}" if missed else ""),
        ok=not trial.faults and enough,
    )
