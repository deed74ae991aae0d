"""A program of the suite as a process: its command line, settings, logs, tracing, event loop and signals."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import TypeVar

import structlog
from pydantic import ValidationError

from libs.errors import OmnithreadError
from libs.settings import ProcessSettings
from libs.telemetry.logs import set_up_logs
from libs.telemetry.scrub import without_passwords
from libs.telemetry.tracing import set_up_tracing, shut_down_tracing

FAULTS_AT_START: tuple[type[Exception], ...] = (OmnithreadError, OSError, ValueError, RuntimeError)
"""What a person can put right: told in one line. Anything else is an error of ours and comes with its place."""

Settings = TypeVar("Settings", bound=ProcessSettings)
Command = Callable[[Settings], Coroutine[None, None, None]]


def run_program(
    name: str,
    *,
    settings: type[Settings],
    commands: Mapping[str, Command[Settings]],
    arguments: Sequence[str] | None = None,
    faults: tuple[type[Exception], ...] = FAULTS_AT_START,
) -> None:
    """Do what the command line says (the first command where it says nothing), and end the process.

    It ends with 0 when stopped in order, and with 1 and a line that says why when it could not start.
    """
    words = list(sys.argv[1:] if arguments is None else arguments) or [next(iter(commands))]
    if len(words) != 1 or words[0] not in commands:
        sys.exit(f"usage: python -m services.{name} [{' | '.join(commands)}]")
    try:
        given = read_settings(settings)
    except ValueError as fault:
        sys.exit(f"{name}: {fault}")
    set_up_logs(service=name, level=given.log_level)
    provider = set_up_tracing(service=name, instance=given.instance_name, ratio=given.trace_ratio)
    try:
        with asyncio.Runner(loop_factory=_loop_factory(given)) as runner:
            runner.run(commands[words[0]](given))
    except faults as fault:
        structlog.get_logger(__name__).exception("ended_by_a_fault")
        sys.exit(f"{name}: {without_passwords(str(fault))}")
    finally:
        shut_down_tracing(provider)


def read_settings(settings: type[Settings]) -> Settings:
    """Read settings from the environment. Raises ValueError with all that is wrong, in one line."""
    try:
        given = settings()
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()
        )
        raise ValueError(f"settings: {faults}") from None
    if misplaced := given.misplaced_secrets():
        raise ValueError(f"settings: {'; '.join(misplaced)}")
    return given


async def until_stopped(serving: Callable[[], AbstractAsyncContextManager[object]]) -> None:
    """Serve until SIGTERM or SIGINT; asked while still starting, give up starting."""
    stop, up = asyncio.Event(), asyncio.Event()

    async def serve() -> None:
        async with serving():
            gc.collect()
            gc.freeze()  # what was loaded stays: to look at all of it again would hold up every call for 50 ms
            up.set()
            await stop.wait()

    work = asyncio.create_task(serve())

    def ask() -> None:
        stop.set()
        if not up.is_set():
            work.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ask)
    with suppress(asyncio.CancelledError):
        await work


def write_ports(path: Path | None, *ports: int) -> None:
    """Write the ports at once, a line each, so that nobody reads half of them; nothing where no file is wanted."""
    if path is not None:
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text("".join(f"{port}\n" for port in ports), encoding="utf-8")
        fresh.replace(path)


def _loop_factory(settings: ProcessSettings) -> Callable[[], asyncio.AbstractEventLoop] | None:
    if not settings.uvloop or sys.platform != "linux":
        return None
    import uvloop  # noqa: PLC0415  installed on Linux only

    return uvloop.new_event_loop
