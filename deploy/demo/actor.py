"""The presenter's hold on one channel's process: an act goes in as a line, what the channel saw comes back as one."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from deploy.demo.views import Report
from deploy.local.state import ROOT

START_TIMEOUT_SECONDS = 30.0
ACT_TIMEOUT_SECONDS = 20.0
STOP_TIMEOUT_SECONDS = 5.0
MAX_LINE_BYTES = 1024 * 1024
CHANNELS = (sys.executable, "-m", "deploy.demo.channels")

ReportT = TypeVar("ReportT", bound=Report)


class ActFailed(Exception):
    """A channel could not do what it was asked to."""


class Actor:
    """One channel. Start it, let it act, stop it."""

    def __init__(
        self,
        channel: str,
        *,
        token_file: Path,
        environment: Mapping[str, str],
        log: Path,
        program: Sequence[str] = CHANNELS,
        act_timeout_seconds: float = ACT_TIMEOUT_SECONDS,
    ) -> None:
        """`program` is called with the channel and its token's file; it may be written in any language."""
        self.channel = channel
        self._program = program
        self._act_timeout_seconds = act_timeout_seconds
        self._token_file = token_file
        self._environment = environment
        self._log = log
        self._process: Process | None = None

    async def act(self, report: type[ReportT], name: str, **arguments: object) -> ReportT:
        """Let the channel do something, and give what it tells of it. Raises ActFailed."""
        order = json.dumps({"act": name, "with": arguments})
        answer = await self._exchange(order, timeout_seconds=self._act_timeout_seconds)
        if "failed" in answer:
            raise ActFailed(f"{self.channel} could not {name.replace('_', ' ')}: {answer['failed']}")
        return report.model_validate(answer["report"])

    async def _exchange(self, line: str, *, timeout_seconds: float) -> dict[str, object]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise RuntimeError(f"{self.channel} has not been started")
        if line:
            process.stdin.write(f"{line}\n".encode())
        try:
            answer = await asyncio.wait_for(process.stdout.readline(), timeout_seconds)
        except TimeoutError:
            raise ActFailed(f"{self.channel} did not answer within {timeout_seconds:.0f} s: {line}") from None
        if not answer:
            raise ActFailed(f"{self.channel} has ended; its log ends:\n{self._log.read_text()[-2000:]}")
        told: dict[str, object] = json.loads(answer)
        return told

    async def start(self) -> None:
        """Start the process, and return when it is ready to act."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *[*self._program, self.channel, str(self._token_file)],
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
                env={**os.environ, **self._environment},
                cwd=ROOT,
                limit=MAX_LINE_BYTES,
                start_new_session=True,  # Ctrl-C reaches only the presenter, who then stops everybody in order
            )
        await self._exchange("", timeout_seconds=START_TIMEOUT_SECONDS)

    async def stop(self) -> None:
        """End its input, at which it leaves by itself, also where the presenter has died."""
        process = self._process
        if process is None or process.returncode is not None or process.stdin is None:
            return
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
