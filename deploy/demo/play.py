"""The play from curtain to curtain: starts the suite, lets the scenes happen, takes everything down.

Where the environment names a suite that runs already, it is played there, and what it did stays.
"""

import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from deploy.demo.cast import ANNA, OURS, Cast, on_stage
from deploy.demo.elsewhere import house_elsewhere, is_elsewhere, refuse_who_was_here
from deploy.demo.house import House, house_of
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
from libs.rpc.scopes import EVERY

SETTINGS = {
    "idle_after_seconds": "5",
    "idle_sweep_seconds": "0.3",
    "reminder_delay_seconds": "4",
    "send_sweep_seconds": "0.3",
    "resume_link_template": "https://shop.example.com/resume#{token}",
}


async def play(console: Console, *, programs: Mapping[str, Sequence[str]] = OURS) -> None:
    """Play everything. Raises Untrue, ActFailed or ChildFailed, and leaves nothing running.

    `programs` names for channels what plays them in place of ours.
    """
    began = time.monotonic()
    console.rule("[bold]Omnithread: one customer, one thread, whatever the channel", style="bold")
    async with AsyncExitStack() as house:
        folder = Path(house.enter_context(tempfile.TemporaryDirectory(prefix="omnithread-demo-")))
        with console.status("starting") as status:
            cast = await _raise_curtain(
                house, folder, programs=programs, say=lambda what: status.update(f"starting {what}")
            )
        stage = Stage(console)
        what = "on a suite that runs" if is_elsewhere() else "five services, their database, broker and mail server"
        stage.did("", f"{what}: up in {time.monotonic() - began:.1f} s")
        await guest_becomes_customer(cast, stage)
        await two_channels_one_cart(cast, stage)
        await reminder(cast, stage)
        await chat(cast, stage)
        await hand_over(cast, stage)
        sale = await store_sale(cast, stage)
        await why(cast, stage, sale)
        await one_view(cast, stage, sale)
    took = f"{stage.proofs} proofs, {time.monotonic() - began:.0f} s"
    left = "what she did stays there" if is_elsewhere() else "everything is taken down again"
    console.print()
    console.print(Text.assemble("  ", ("All of it is true.", "bold green"), f"  {took}; {left}."))


async def _raise_curtain(
    house: AsyncExitStack, folder: Path, *, programs: Mapping[str, Sequence[str]], say: Callable[[str], None]
) -> Cast:
    suite = await house.enter_async_context(house_elsewhere() if is_elsewhere() else _launched(folder, say=say))
    say("four channels")
    async with suite.connect("web-shop", scopes=EVERY) as client:
        if is_elsewhere():
            await refuse_who_was_here(client, ANNA.card)
        await put_brands(client)
        await put_templates(client)
        await put_offers(client)
    return await house.enter_async_context(on_stage(suite, folder, programs=programs))


@asynccontextmanager
async def _launched(folder: Path, *, say: Callable[[str], None]) -> AsyncIterator[House]:
    plan = Plan(state_dir=folder, prefix=fresh_prefix("demo"), settings=SETTINGS)
    async with Suite(plan, say=say) as suite:
        if suite.traces is None:
            raise RuntimeError("the demo reads traces back, so it must have a receiver of its own")
        yield house_of(suite, suite.traces)
