"""The console as a process: `python -m services.console [serve]`, and `sign-in --agent anna` for a one-time link."""

import argparse
import sys

from libs.clock import system_clock
from libs.ids import new_id
from libs.program import read_settings, run_program, until_stopped
from libs.telemetry.metrics import new_registry
from services.console.calling.agent import agent_of
from services.console.serving import console_serving
from services.console.settings import ConsoleSettings
from services.console.web.sealing import Seal
from services.console.web.sign_in_links import sign_in_link

SIGN_IN = "sign-in"


async def serve(settings: ConsoleSettings) -> None:
    """Serve until asked to stop."""
    registry = new_registry()
    await until_stopped(lambda: console_serving(settings, registry=registry))


def print_sign_in_link(arguments: list[str]) -> None:
    """Print a link by which an agent signs in, once, to the console that has the same secret."""
    parser = argparse.ArgumentParser(prog="python -m services.console sign-in")
    parser.add_argument("--agent", required=True, help="the id under which the agent acts: letters, digits and ._:-")
    parser.add_argument("--name", default="", help="the name to show")
    given = parser.parse_args(arguments)
    agent = agent_of(given.agent, given.name)
    if agent is None:
        parser.error("--agent has to be an id of at most 64 letters, digits and ._:-")
    try:
        settings = read_settings(ConsoleSettings)
        seal = Seal.read(settings.session_key_file)
    except (OSError, ValueError) as fault:
        sys.exit(f"console: {fault}")
    print(sign_in_link(settings.base_url or f"http://{settings.listen}", seal, agent, system_clock(), new_id))


if __name__ == "__main__":
    if sys.argv[1:2] == [SIGN_IN]:
        print_sign_in_link(sys.argv[2:])
    else:
        run_program("console", settings=ConsoleSettings, commands={"serve": serve})
