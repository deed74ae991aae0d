"""All rows, in their order; what starts two more companies comes last."""

from collections.abc import Sequence

from tests.bench.row import Row
from tests.bench.rows import (
    add_item,
    context,
    get_cart,
    growth,
    observability,
    recent_context,
    relay,
    startup,
    storage,
    watch,
    workers,
)

ROWS: Sequence[Row] = (
    get_cart.ROW,
    workers.ROW,
    add_item.ROW,
    context.ROW,
    recent_context.ROW,
    relay.ROW,
    startup.ROW,
    watch.ROW,
    growth.ROW,
    storage.ROW,
    observability.ROW,
)


def named(names: Sequence[str]) -> Sequence[Row]:
    """Give the rows of these names in order, or all where none is named. Raises KeyError."""
    by_name = {row.name: row for row in ROWS}
    chosen = {by_name[name].name for name in names}
    return [row for row in ROWS if not chosen or row.name in chosen]
