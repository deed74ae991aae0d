"""The parts of a suite that can be killed, and how each shows that it is back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from deploy.local.server import Server
from deploy.local.suite import Suite
from tests.faults.load.deeds import Act, add, come_in, look_at, say, write

EVERY_SERVICE: Sequence[tuple[str, Act]] = (
    ("web-shop", come_in),
    ("web-shop", add),
    ("web-shop", say),
    ("mail-gateway", write),
    ("web-shop", look_at),
)
"""What each needs one service, all the others do without."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of them. It is back when all that is asked of it is answered, for which it is needed."""

    name: str
    acts: Sequence[tuple[str, Act]] = ()
    """Each on a channel. None of them is answered while the part is away."""
    seen_on: str = ""
    """Where nobody of ours calls it: on what channel of the load its pages answer."""


_ALL = (
    Part("profile", (("web-shop", come_in),)),
    Part("cart", (("web-shop", add),)),
    Part("preference", (("web-shop", say),)),
    Part("messaging", (("mail-gateway", write),)),
    Part("aggregator", (("web-shop", look_at), ("web-shop", come_in))),
    Part("door", seen_on="public-pages"),
    Part("console", seen_on="console"),
    Part("database", EVERY_SERVICE),
    Part("broker", EVERY_SERVICE),  # and events, which come by it alone
)

PARTS: Mapping[str, Part] = MappingProxyType({part.name: part for part in _ALL})


def server_of(suite: Suite, part: str) -> Server[Any] | None:  # addresses of several types
    """Give the process of a part; None where it is not ours to kill."""
    if part in suite.services:
        return suite.services[part]
    return {"door": suite.door, "console": suite.console, "database": suite.mongo, "broker": suite.kafka}[part]
