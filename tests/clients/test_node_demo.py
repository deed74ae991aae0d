"""The whole demo with the web shop in Node: every proof of the play holds, whatever language a channel is in."""

import io
import json

import pytest
from rich.console import Console

from deploy.demo.play import play
from omnithread.options import SERVICE_CONFIG
from tests.clients.commands import run
from tests.clients.node_here import CALLER, node
from tests.clients.node_shop import NEEDS_NODE, PROGRAM

pytestmark = NEEDS_NODE


@pytest.mark.timeout(600)
async def test_the_demo_plays_to_the_end_with_a_web_shop_in_node() -> None:
    printed = io.StringIO()
    await play(Console(file=printed, width=120), programs={"web-shop": PROGRAM})
    assert "four processes with four tokens read the same context, byte for byte" in printed.getvalue()
    assert "All of it is true" in printed.getvalue()


def test_the_node_shop_has_the_service_config_of_the_client_package() -> None:
    assert json.loads((CALLER / "service_config.json").read_text(encoding="utf-8")) == json.loads(SERVICE_CONFIG)


async def test_what_the_node_shop_sends_again_is_as_the_contract_says() -> None:
    await run(str(node()), "--test", "again.test.js", folder=CALLER)
