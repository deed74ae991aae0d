"""A process that is told a line and answers a line."""

import asyncio
import sys
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.bench.where import ROOT

LONGEST_SECONDS = 600.0
LONGEST_LINE_BYTES = 256 * 1024 * 1024


class LineProcess:
    """Runs a module of ours inside the block."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._command = [sys.executable, "-m", module, *arguments]
        self._process: asyncio.subprocess.Process | None = None

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The process, while it runs."""
        assert self._process is not None
        return self._process

    @property
    def pid(self) -> int:
        """Its id."""
        return self.process.pid

    async def say(self, line: str) -> None:
        """Tell it something."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        await self.process.stdin.drain()

    async def hear(self, *, seconds: float = LONGEST_SECONDS) -> str:
        """Give what it says next. Raises TimeoutError, or RuntimeError where it has ended."""
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(self._command[2:4])} has ended")
        return line.decode()

    async def ask(self, line: str, *, seconds: float = LONGEST_SECONDS) -> str:
        """Tell it something, and give what it answers."""
        await self.say(line)
        return await self.hear(seconds=seconds)

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE_BYTES,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
