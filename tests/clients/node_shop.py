"""The web shop in Node (`node/story.js`), held by the demo's own Actor; and what it tells, as values.

async with node_shop(suite, folder) as shop:
    told = await shop.act(Called, "call", stub="carts", method="GetCart", request={"customer_id": customer_id})
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.actor import Actor
from deploy.demo.views import Report
from deploy.local.state import write_private
from deploy.local.suite import Suite
from libs.rpc.scopes import EVERY
from tests.clients.node_here import CALLER, installed, node

ACT_SECONDS = 150.0
NEEDS_NODE = pytest.mark.skipif(node() is None or not installed(), reason="`make test-node` installs Node's packages")
PROGRAM = (node() or "node", str(CALLER / "story.js"))


class FieldAtFault(Report):
    """One field of the request that is at fault."""

    field: str
    description: str


class Refusal(Report):
    """A refusal, as Node read it."""

    code: str
    reason: str
    domain: str
    metadata: dict[str, str]
    fields: list[FieldAtFault]
    retry_ms: float | None


class Try(Report):
    """One try that was refused, and after which the call was maybe sent again."""

    method: str
    tried: int
    code: str
    reason: str


class Called(Report):
    """What came of a call."""

    answer: dict[str, Any]
    refused: Refusal | None
    tries: list[Try]

    @property
    def refusal(self) -> Refusal:
        """What it must have been refused with."""
        assert self.refused is not None, self.answer
        return self.refused


class Heard(Report):
    """What a watcher heard: `update`, `heartbeat`, `broken`, or that it is `over`."""

    what: str
    snapshot: bool
    changed: list[str]
    quantities: dict[str, int]
    code: str
    reason: str


class Watched(Report):
    """All that it heard so far."""

    heard: list[Heard]

    @property
    def newest(self) -> dict[str, int]:
        """The cart as it was told last."""
        return next((one.quantities for one in reversed(self.heard) if one.what == "update"), {})

    def count(self, what: str) -> int:
        """How often it heard such a thing."""
        return sum(one.what == what for one in self.heard)


@asynccontextmanager
async def node_shop(
    suite: Suite,
    folder: Path,
    *,
    channel: str = "web-shop",
    at: Mapping[str, str] | None = None,
    token_endpoint: str = "",
) -> AsyncIterator[Actor]:
    """Start one process of the shop; `at` names services that it reaches elsewhere than they are."""
    addresses = {**{name: service.address for name, service in suite.services.items()}, **(at or {})}
    token_file = folder / f"{channel}.token"
    write_private(token_file, suite.token(channel, scopes=EVERY).encode())
    told = {
        **{f"OMNITHREAD_{name.upper()}_ADDRESS": address for name, address in addresses.items()},
        "OMNITHREAD_ROOT_CERTIFICATES_FILE": str(suite.authority.file),
        **({"OMNITHREAD_TOKEN_ENDPOINT": token_endpoint} if token_endpoint else {}),
    }
    actor = Actor(
        channel,
        token_file=token_file,
        environment=told,
        log=folder / f"{channel}.log",
        program=PROGRAM,
        act_timeout_seconds=ACT_SECONDS,
    )
    await actor.start()
    try:
        yield actor
    finally:
        await actor.stop()
