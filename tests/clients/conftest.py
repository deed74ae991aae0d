"""One running suite for what the Node shop does, and another channel that looks from the outside."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import omnithread
from deploy.demo.actor import Actor
from deploy.local.service import CHANNELS_FILE
from deploy.local.suite import Suite
from libs.rpc.scopes import EVERY
from tests.clients.node_shop import node_shop
from tests.clients.visitors import Visitor, who_comes
from tests.running_suite import running_suite

KIOSK = """
[channels.kiosk]
kind = "WEB"
brand = "main"
calls_per_second = 0.5
burst = 1
"""
"""A channel that may call once in two seconds."""


@pytest.fixture(scope="package")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    folder = tmp_path_factory.mktemp("suite")
    channels = folder / "channels.toml"
    channels.write_text(CHANNELS_FILE.read_text(encoding="utf-8") + KIOSK, encoding="utf-8")
    async with running_suite(folder, {"channels_file": str(channels)}) as suite:
        yield suite


@pytest.fixture(scope="package")
async def store(running: Suite) -> AsyncIterator[omnithread.Omnithread]:
    async with running.connect("store-042", actor="till-3", scopes=EVERY) as connected:
        yield connected


@pytest.fixture
async def shop(running: Suite, tmp_path: Path) -> AsyncIterator[Actor]:
    async with node_shop(running, tmp_path) as actor:
        yield actor


@pytest.fixture
async def visitor(shop: Actor, store: omnithread.Omnithread) -> Visitor:
    return await who_comes(shop, store)
