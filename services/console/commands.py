"""What is done at a terminal beside serving: sign-in links, and the console's keys."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from libs.clock import system_clock
from libs.ids import new_id
from libs.program import read_settings
from services.console.calling.agent import agent_of
from services.console.calling.keys import new_console_key, new_secret
from services.console.settings import ConsoleSettings
from services.console.web.sealing import Seal
from services.console.web.sign_in_links import sign_in_link

ONLY_ITS_OWNER = 0o600


def sign_in(arguments: Sequence[str], settings: ConsoleSettings) -> str:
    """Make a link by which an agent signs in, once, to the console that has the same secret."""
    parser = argparse.ArgumentParser(prog="python -m services.console sign-in")
    parser.add_argument("--agent", required=True, help="the id under which the agent acts: letters, digits and ._:-")
    parser.add_argument("--name", default="", help="the name to show")
    given = parser.parse_args(arguments)
    agent = agent_of(given.agent, given.name)
    if agent is None:
        raise ValueError("--agent has to be an id of at most 64 letters, digits and ._:-")
    seal = Seal.read(settings.session_key_file)
    return sign_in_link(settings.base_url or f"http://{settings.listen}", seal, agent, system_clock(), new_id)


def new_keys(arguments: Sequence[str], settings: ConsoleSettings) -> str:
    """Make both files of secrets where they are not, and give the entry for the services' JWKS."""
    argparse.ArgumentParser(prog="python -m services.console new-keys").parse_args(arguments)
    for path in (settings.token_key_file, settings.session_key_file):
        if path.exists():  # before the other is made: a key is of no use whose public half nobody was told
            raise FileExistsError(f"{path} is there already: keys are never written over")
    key = new_console_key(settings.channel_id)
    for path, content in ((settings.token_key_file, key.private), (settings.session_key_file, new_secret())):
        _write(path, content)
    return json.dumps(key.public, indent=2)


COMMANDS: Mapping[str, Callable[[Sequence[str], ConsoleSettings], str]] = {"sign-in": sign_in, "new-keys": new_keys}


def run_command(name: str, arguments: Sequence[str]) -> str:
    """Do what the command line says, and give what to print; ends the process with a line that says why not."""
    try:
        return COMMANDS[name](arguments, read_settings(ConsoleSettings))
    except (OSError, ValueError) as fault:
        sys.exit(f"console: {fault}")


def _write(path: Path, content: str) -> None:
    """Write a file that only its owner may read. Raises FileExistsError rather than take a key away."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, ONLY_ITS_OWNER)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
