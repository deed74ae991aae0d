"""A row of the table: a name, what it is about, and how it is measured."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.bench.figures import Figure
from tests.bench.house import House
from tests.bench.rounds import Effort


@dataclass(frozen=True, slots=True)
class Row:
    """One of the files in `rows/`."""

    name: str
    about: str
    measure: Callable[[House, Effort], Awaitable[Sequence[Figure]]]
