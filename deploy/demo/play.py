"""The play from curtain to curtain: starts the suite, lets the scenes happen, takes everything down."""

import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console
from rich.text import Text

from deploy.demo.cast import Cast, on_stage
from deploy.demo.scenes.chat import chat
from deploy.demo.scenes.guest_becomes_customer import guest_becomes_customer
from deploy.demo.scenes.hand_over import hand_over
from deploy.demo.scenes.one_view import one_view
from deploy.demo.scenes.reminder import reminder
from deploy.demo.scenes.store_sale import store_sale
from deploy.demo.scenes.two_channels_one_cart import two_channels_one_cart
from deploy.demo.scenes.why import why
from deploy.demo.stage import Stage
from deploy.local.plan import Plan, fresh_prefix
from deploy.local.suite import Suite
from deploy.sample.load import put_brands, put_offers, put_templates

SETTINGS = {
    "idle_after_seconds": "5",
    "idle_sweep_seconds": "0.3",
    "reminder_delay_seconds": "4",
    "send_sweep_seconds": "0.3",
    "resume_link_template": "https://shop.example.com/resume#{token}",
}


async def play(console: Console) -> None:
    """Play everything. Raises Untrue, ActFailed or ChildFailed, and leaves nothing running."""
    began = time.monotonic()
    console.rule("[bold]Omnithread: one customer, one thread, whatever the channel", style="bold")
    async with AsyncExitStack() as house:
        folder = Path(house.enter_context(tempfile.TemporaryDirectory(prefix="omnithread-demo-")))
        with console.status("starting") as status:
            cast = await _raise_curtain(house, folder, say=lambda what: status.update(f"starting {what}"))
        stage = Stage(console)
        stage.did("", f"five services, their database, broker and mail server: up in {time.monotonic() - began:.1f} s")
        await guest_becomes_customer(cast, stage)
        await two_channels_one_cart(cast, stage)
        await reminder(cast, stage)
        await chat(cast, stage)
        await hand_over(cast, stage)
        sale = await store_sale(cast, stage)
        await why(cast, stage, sale)
        await one_view(cast, stage, sale)
    took = f"{stage.proofs} proofs, {time.monotonic() - began:.0f} s"
    console.print()
    console.print(
        Text.assemble("  ", ("All of it is true.", "bold green"), f"  {took}; everything is taken down again.")
    )


async def _raise_curtain(house: AsyncExitStack, folder: Path, *, say: Callable[[str], None]) -> Cast:
    plan = Plan(state_dir=folder, prefix=fresh_prefix("demo"), settings=SETTINGS)
    suite = await house.enter_async_context(Suite(plan, say=say))
    if suite.traces is None:
        raise RuntimeError("the demo reads traces back, so it must have a receiver of its own")
    say("four channels")
    async with suite.connect("web-shop") as client:
        await put_brands(client)
        await put_templates(client)
        await put_offers(client)
    return await house.enter_async_context(on_stage(suite, suite.traces))
