"""One side of a comparison: who calls it, and which processes work for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.bench.cpu import cpu_of, used_seconds
from tests.bench.load.client import LoadClient
from tests.bench.load.plan import Load
from tests.bench.spells import Spell


@dataclass(frozen=True, slots=True)
class Side:
    """What is called in turn with others."""

    client: LoadClient
    counted: Mapping[str, int]
    """The processes whose CPU counts, by name."""
    apart: Mapping[str, int] = field(default_factory=dict)
    """Those that are told apart: a stub of the database, a broker."""

    async def spell(self, load: Load) -> Spell:
        """Call it for a while, and count."""
        pids = {**self.counted, **self.apart}
        before = {name: cpu_of(pid) for name, pid in pids.items()}
        told = await self.client.spell(load)
        used = {name: used_seconds(before[name], cpu_of(pid)) for name, pid in pids.items()}
        return Spell(
            calls=told.calls,
            wrong=told.wrong,
            failed=told.failed,
            turned_away=told.turned_away,
            wall_seconds=told.wall_seconds,
            latencies_ms=told.latencies_ms,
            cpu_seconds={name: used[name] for name in self.counted},
            apart_seconds={name: used[name] for name in self.apart},
        )
