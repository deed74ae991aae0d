"""A shop in TypeScript, on stubs that are made as docs/other-languages.md says."""

import pytest

import omnithread
from deploy.local.suite import Suite
from tests.clients.commands import run
from tests.clients.node_here import ROOT, TYPESCRIPT, installed, node, npm
from tests.clients.typed_shops import documented, sells_a_purse_and_reads_a_refusal


@pytest.mark.timeout(900)
@pytest.mark.skipif(node() is None or not installed(TYPESCRIPT), reason="`make test-node` installs what it needs")
async def test_a_shop_in_typescript_compiles_sells_and_reads_a_refusal(
    running: Suite, store: omnithread.Omnithread
) -> None:
    found = node() or "node"
    enter, *commands = documented("npm run")
    folder = ROOT / enter[1]
    for command in commands:
        await run(*npm(found), *command[1:], folder=folder)
    await sells_a_purse_and_reads_a_refusal(found, "dist/shop.js", folder=folder, running=running, store=store)
