"""The console as a process: `python -m services.console [serve]`.

`sign-in --agent anna` prints a one-time link; `new-keys` makes the console's secrets and prints what services need.
"""

import sys

from libs.program import run_program, until_stopped
from libs.telemetry.metrics import new_registry
from services.console.commands import COMMANDS, run_command
from services.console.serving import console_serving
from services.console.settings import ConsoleSettings


async def serve(settings: ConsoleSettings) -> None:
    """Serve until asked to stop."""
    registry = new_registry()
    await until_stopped(lambda: console_serving(settings, registry=registry))


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        print(run_command(sys.argv[1], sys.argv[2:]))
    else:
        run_program("console", settings=ConsoleSettings, commands={"serve": serve})
