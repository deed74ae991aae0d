"""What the tokens of development may do: as channels of their kind usually do, or what is asked for by name."""

from collections.abc import Iterable

from deploy.local.service import CHANNELS_FILE
from libs.rpc.channels import ChannelRegistry
from libs.rpc.scopes import BACK_OFFICE, EVERY, USUAL, Scopes

SETS = {"every": EVERY, "back-office": BACK_OFFICE}
"""Words that stand for many."""


class ScopeUnknown(ValueError):
    """There is no such scope; the message names it."""


def usual_scopes(channel_id: str) -> Scopes:
    """Give what a registered channel usually needs; nothing to one that is not registered."""
    channel = ChannelRegistry.load(CHANNELS_FILE).find(channel_id)
    return USUAL.get(channel.kind, frozenset()) if channel is not None else frozenset()


def scopes_named(names: Iterable[str]) -> Scopes:
    """Give the scopes that are named: each by itself, or `every`, or `back-office`. Raises ScopeUnknown."""
    found: set[str] = set()
    for name in names:
        if name not in SETS and name not in EVERY:
            raise ScopeUnknown(f"there is no scope {name}; there are {', '.join([*SETS, *sorted(EVERY)])}")
        found |= SETS.get(name, {name})
    return frozenset(found)
