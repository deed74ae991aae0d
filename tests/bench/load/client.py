"""The process that calls, seen from the benchmark."""

from types import TracebackType
from typing import Self

from tests.bench.lines import LineProcess
from tests.bench.load.plan import Load, LoadPlan, Told

GRACE_SECONDS = 60.0


class LoadClient:
    """Runs inside the block."""

    def __init__(self, plan: LoadPlan) -> None:
        self._plan = plan
        self._process = LineProcess("tests.bench.load")

    async def spell(self, load: Load) -> Told:
        """Let it call for a while. Raises RuntimeError where it ended, TimeoutError where it does not come back."""
        return Told.from_json(await self._process.ask(load.to_json(), seconds=load.seconds + GRACE_SECONDS))

    async def __aenter__(self) -> Self:
        await self._process.__aenter__()
        await self._process.say(self._plan.to_json())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._process.__aexit__(kind, error, traceback)
