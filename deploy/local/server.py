"""A server as a child process that keeps its port and data folder over stops and crashes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from deploy.local.child import Child, ChildFailed, start_child
from deploy.local.ports import accepts

START_TIMEOUT_SECONDS = 30.0
PROBE_PAUSE_SECONDS = 0.02

AddressT = TypeVar("AddressT")


class Server(Generic[AddressT]):
    """Start it, stop it, crash it, start it again; as a context manager it runs inside the block."""

    def __init__(
        self,
        *,
        command: Sequence[str | Path],
        data_dir: Path,
        address: AddressT,
        port: int,
        responds: Callable[[AddressT], Awaitable[bool]],
        name: str = "",
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        start_timeout_seconds: float = START_TIMEOUT_SECONDS,
    ) -> None:
        self._command = command
        self._name = name or Path(command[0]).name
        self._cwd = cwd
        self._start_timeout_seconds = start_timeout_seconds
        self.environment = dict(environment or {})
        self._data_dir = data_dir
        self._address = address
        self._port = port
        self._responds = responds
        self._child: Child | None = None

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self._name

    @property
    def pid(self) -> int | None:
        """The process id of the newest run; None before the first."""
        return None if self._child is None else self._child.pid

    @property
    def address(self) -> AddressT:
        """Where it answers between start and stop; the same for every start."""
        return self._address

    async def start(self) -> AddressT:
        """Start, or start again after `stop` or `kill`, and return when it has answered a real request."""
        if self._child is not None and self._child.running:
            return self._address
        log = self._data_dir / "server.log"
        child = self._child = await start_child(
            self._command, name=self._name, log=log, environment=self.environment, cwd=self._cwd
        )
        deadline = time.monotonic() + self._start_timeout_seconds
        try:
            while not await self.answers():
                if not child.running:
                    raise child.failure("ended while starting")
                if time.monotonic() > deadline:
                    raise child.failure(f"did not answer within {self._start_timeout_seconds:.0f} s")
                await asyncio.sleep(PROBE_PAUSE_SECONDS)
        except BaseException:
            await child.kill()
            raise
        return self._address

    async def ended(self) -> ChildFailed:
        """Wait for its end, however long that takes, and give an error that shows what it said last."""
        if self._child is None:
            raise RuntimeError(f"{self._name} was never started")
        await self._child.wait()
        return self._child.failure("ended")

    async def answers(self) -> bool:
        """Whether it answers a real request now."""
        # The port is tried first: drivers wait long for a refused one, and retry.
        return await accepts(self._port) and await self._responds(self._address)

    async def stop(self) -> None:
        """Ask it to end, and end it after a limit; the data stays."""
        if self._child is not None:
            await self._child.stop()

    async def stop_in_order(self, *, limit_seconds: float = 30.0) -> float:
        """Ask it to end, and give how many seconds that took. Raises ChildFailed where it did not end well."""
        if self._child is None or not self._child.running:
            raise RuntimeError(f"{self._name} does not run")
        begun = time.monotonic()
        await self._child.stop(timeout_seconds=limit_seconds)
        if await self._child.wait() != 0:
            raise self._child.failure("did not end in order")
        return time.monotonic() - begun

    async def kill(self) -> None:
        """Crash it: SIGKILL, nothing is flushed."""
        if self._child is not None:
            await self._child.kill()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, whatever happened inside."""
        await self.stop()
