"""Contexts from a moment ago, by age and by token, against the suite as it is usually written."""

from collections.abc import Sequence

from tests.bench.figures import Figure
from tests.bench.house import House
from tests.bench.rounds import Effort
from tests.bench.row import Row
from tests.bench.rows.contexts import Goals, against_naive

NAME = "recent_context"
GOALS = Goals(p50=0.08, cpu=0.03)


async def measure(house: House, effort: Effort) -> Sequence[Figure]:
    """Measure contexts of up to a minute ago, and those that are at least as new as what a channel was told last."""
    kinds = {"so old at most": ("recent_context", GOALS), "as new as a token": ("told_context", GOALS)}
    return await against_naive(house, effort, NAME, kinds)


ROW = Row(NAME, "GetCustomerContext, from a moment ago", measure)
