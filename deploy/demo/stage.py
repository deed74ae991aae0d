"""What the audience sees, and where every claim is proved or the play stops."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

LOOK_AGAIN_SECONDS = 0.1
COLOURS = {"web-shop": "cyan", "mobile-app": "magenta", "call-centre": "yellow", "store-042": "green"}
OTHER_COLOUR = "bright_black"

T = TypeVar("T")


class Untrue(Exception):
    """A claim that did not hold; its text is the claim and what was seen instead."""


class Stage:
    """Prints what is done, by whom, and the proof."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.proofs = 0

    def scene(self, title: str, story: str) -> None:
        """Begin a scene."""
        self._console.print()
        self._console.rule(f"[bold]{title}", align="left", style="bright_black")
        self._console.print(Padding(Text(story, style="italic"), (0, 2)))
        self._console.print()

    def did(self, channel: str, what: str) -> None:
        """Tell what somebody did."""
        self._console.print(Text.assemble("  ", channel_text(channel, width=13), what))

    def prove(self, claim: str, *, holds: bool, seen: object) -> None:
        """Show that a claim holds, or raise Untrue."""
        if not holds:
            raise Untrue(f"{claim}; seen instead: {seen}")
        self.proofs += 1
        self._console.print(Text.assemble("  ", ("✓ ", "bold green"), (claim, "green")))

    def show(self, picture: RenderableType) -> None:
        """Show a table, a panel or a tree."""
        self._console.print(Padding(picture, (1, 4, 0, 4)))

    async def until(
        self, claim: str, look: Callable[[], Awaitable[T]], holds: Callable[[T], bool], *, limit_seconds: float
    ) -> T:
        """Look until the claim holds, and prove it; raise Untrue where it has not after `limit_seconds`."""
        deadline = time.monotonic() + limit_seconds
        with self._console.status(Text(claim, style="italic")):
            while not holds(seen := await look()):
                if time.monotonic() > deadline:
                    raise Untrue(f"{claim}, within {limit_seconds:.0f} s; seen instead: {seen}")
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
        self.prove(claim, holds=True, seen=seen)
        return seen


def channel_text(channel: str, *, width: int = 0) -> Text:
    """Write a channel's name in its colour."""
    return Text(channel.ljust(width), style=f"bold {COLOURS.get(channel, OTHER_COLOUR)}")
