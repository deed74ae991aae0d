"""A child process that writes to a log file and does not outlive its parent."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from pathlib import Path

STOP_TIMEOUT_SECONDS = 10.0
LOG_TAIL_BYTES = 4000
MORTAL = Path(__file__).with_name("mortal.py")


class ChildFailed(Exception):
    """A child ended by itself, or never became ready. The message carries the end of its log."""


class Child:
    """One run of a command; make a new one to run it again."""

    def __init__(self, process: Process, *, name: str, log: Path) -> None:
        self._process = process
        self._name = name
        self._log = log

    @property
    def pid(self) -> int:
        """The process id, of a child that has ended too."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the child has not ended yet."""
        return self._process.returncode is None

    def failure(self, reason: str) -> ChildFailed:
        """Give the error that says `reason` and shows the end of the log."""
        code = "" if self.running else f" with exit code {self._process.returncode}"
        tail = self._log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
        return ChildFailed(f"{self._name} {reason}{code}; its log {self._log} ends:\n{tail}")

    async def wait(self) -> int:
        """Wait for the end, however long that takes, and give the exit code."""
        return await self._process.wait()

    async def stop(self, *, timeout_seconds: float = STOP_TIMEOUT_SECONDS) -> None:
        """Ask the child to end, and end it where it has not after `timeout_seconds`."""
        if not self.running:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), timeout_seconds)
        except TimeoutError:
            await self.kill()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, such as SIGSTOP to freeze it and SIGCONT to thaw it; one that has ended gets none."""
        if self.running:
            self._process.send_signal(number)

    async def kill(self) -> None:
        """End the child at once, as a crash would: nothing is flushed, nothing is said."""
        if self.running:
            self._process.kill()
        await self._process.wait()


async def start_child(
    command: Sequence[str | Path],
    *,
    name: str,
    log: Path,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Child:
    """Start `command` with its output appended to `log`; `environment` is added to ours.

    It gets a session of its own, so that Ctrl-C reaches only the parent, which then stops its children in order.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(_mortal(command) if sys.platform == "linux" else map(str, command)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            cwd=cwd,
            start_new_session=True,
        )
    return Child(process, name=name, log=log)


def _mortal(command: Sequence[str | Path]) -> list[str]:
    """Give the command with what makes it end when we end."""
    # -I and -S: nothing of our environment is needed for it, and it starts in 15 ms.
    return [sys.executable, "-I", "-S", str(MORTAL), str(os.getpid()), *map(str, command)]
