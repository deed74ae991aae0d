"""What a person starts here: `python -m deploy.local demo`, `up` and `token`; the Makefile has a word for each."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from deploy.demo.actor import ActFailed
from deploy.demo.play import play
from deploy.demo.stage import Untrue
from deploy.local.child import ChildFailed
from deploy.local.console import fresh_sign_in_link
from deploy.local.granting import ScopeUnknown, scopes_named, usual_scopes
from deploy.local.keys import ensure_keys, mint_channel_token
from deploy.local.plan import FIXED_PORTS, Plan, free_ports
from deploy.local.service import CHANNELS_FILE
from deploy.local.state import KEYS_FOLDER, STATE_DIR, private_dir
from deploy.local.up import PortTaken, run_in_foreground
from libs.rpc.channels import ChannelRegistry
from services.console.calling.agent import agent_of

LOG_COLUMNS = 120
INTERRUPTED = 130  # a play that was not seen to its end has proved nothing

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The whole suite on this machine.")


@app.command()
def demo() -> None:
    """Play a customer's journey across four channels, and prove each claim; exit code 1 where one is untrue."""
    _run(play(_console()), when_told_to_stop=INTERRUPTED)


@app.command()
def up(
    *,
    any_ports: Annotated[bool, typer.Option("--free-ports", help="Take free ports, not the documented ones.")] = False,
) -> None:
    """Run the suite in the foreground, on fixed ports, with sample data."""
    _run(run_in_foreground(_console(), free_ports() if any_ports else FIXED_PORTS), when_told_to_stop=0)


@app.command()
def token(
    channel: Annotated[str, typer.Argument(help="A channel of deploy/channels.toml.")],
    actor: Annotated[str, typer.Option(help="The member of staff who acts.")] = "",
    scopes: Annotated[
        str, typer.Option(help="What it may do, with spaces between: cart:read cart:write, or every, or back-office.")
    ] = "",
) -> None:
    """Print a development token for a channel; the suite that `up` runs accepts it.

    Without scopes it may do what channels of its kind usually do.
    """
    registry = ChannelRegistry.load(CHANNELS_FILE)
    if registry.find(channel) is None:
        known = ", ".join(sorted(one.id for one in registry))
        raise typer.BadParameter(f"{channel} is not registered in {CHANNELS_FILE.name}: {known}")
    keys = ensure_keys(private_dir(STATE_DIR) / KEYS_FOLDER)
    try:
        granted = scopes_named(scopes.split()) if scopes.strip() else usual_scopes(channel)
    except ScopeUnknown as unknown:
        raise typer.BadParameter(str(unknown)) from None
    print(mint_channel_token(keys.state, channel, actor=actor, scopes=granted))


@app.command()
def sign_in(
    agent: Annotated[str, typer.Argument(help="The id under which the agent acts.")] = "anna",
    name: Annotated[str, typer.Option(help="The name to show.")] = "",
) -> None:
    """Print a link that signs an agent in to the console that `up` runs: once, within 15 minutes."""
    found = agent_of(agent, name)
    if found is None:
        raise typer.BadParameter("an agent's id has at most 64 letters, digits and ._:-")
    keys = ensure_keys(private_dir(STATE_DIR) / KEYS_FOLDER)
    print(fresh_sign_in_link(keys, Plan(state_dir=STATE_DIR, ports=FIXED_PORTS).console_base_url, found))


def _console() -> Console:
    console = Console()
    # Where nobody looks at a terminal, nobody wants its eighty columns.
    return console if console.is_terminal else Console(width=LOG_COLUMNS)


def _run(story: Coroutine[None, None, None], *, when_told_to_stop: int) -> None:
    """Run to the end, and say what went wrong without a traceback; `when_told_to_stop` is the exit code for that."""
    try:
        asyncio.run(_until_told(story))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(when_told_to_stop)
    except (Untrue, ActFailed, ChildFailed, PortTaken) as failure:
        what = {Untrue: "UNTRUE: ", PortTaken: ""}.get(type(failure), "FAILED: ")
        Console(stderr=True).print(Text.assemble(("✗ ", "bold red"), (what, "bold red"), str(failure)))
        sys.exit(1)


async def _until_told(story: Coroutine[None, None, None]) -> None:
    task = asyncio.ensure_future(story)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await task


if __name__ == "__main__":
    app()
