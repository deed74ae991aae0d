"""`GetCustomerContext`, strong, against the suite as it is usually written, over the same records."""

from collections.abc import Sequence

from tests.bench.figures import Figure
from tests.bench.house import House
from tests.bench.rounds import Effort
from tests.bench.row import Row
from tests.bench.rows.contexts import Goals, against_naive

NAME = "context"


async def measure(house: House, effort: Effort) -> Sequence[Figure]:
    """Measure both on the embedded server, whose CPU counts: asking it less often is what saves most."""
    return await against_naive(house, effort, NAME, {"suite": ("get_context", Goals(p50=0.4, cpu=0.15))})


ROW = Row(NAME, "GetCustomerContext, strong", measure)
