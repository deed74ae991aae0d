"""The smallest shops on generated stubs, one a language: made by the commands of docs/other-languages.md, and asked."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import omnithread
from deploy.local.suite import Suite
from libs.ids import new_id
from libs.rpc.scopes import EVERY
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest
from tests.clients.commands import run
from tests.clients.node_here import CALLER, ROOT


def documented(having: str) -> list[list[str]]:
    """Give the commands of the page's block with these words."""
    page = (ROOT / "docs" / "other-languages.md").read_text(encoding="utf-8")
    [found] = [block for block in re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL) if having in block]
    return [shlex.split(line) for line in found.splitlines()]


async def sells_a_purse_and_reads_a_refusal(
    *command: str, folder: Path, running: Suite, store: omnithread.Omnithread
) -> None:
    """Let such a program sell a purse; another channel sees it in the cart, once."""
    told = {
        "OMNITHREAD_AGGREGATOR_ADDRESS": running.services["aggregator"].address,
        "OMNITHREAD_CART_ADDRESS": running.services["cart"].address,
        "OMNITHREAD_ROOT_CERTIFICATES_FILE": str(running.authority.file),
        "OMNITHREAD_SERVICE_CONFIG_FILE": str(CALLER / "service_config.json"),
        "CHANNEL_TOKEN": running.token("web-shop", scopes=EVERY),
        "VISITOR": new_id("visitor"),
    }
    seen: dict[str, Any] = json.loads(await run(*command, folder=folder, told=told))
    assert seen["lines"] == ["Purse"]
    code, reason, fields = (seen["refused"][key] for key in ("code", "reason", "fields"))
    assert (code.replace("_", "").lower(), reason, fields) == ("invalidargument", "INVALID_FIELD", ["quantity"])
    cart = (await store.cart.GetCart(GetCartRequest(customer_id=seen["customerId"]))).cart
    assert [(line.sku, line.quantity, line.channel.id) for line in cart.lines] == [("PURSE-1", 1, "web-shop")]
