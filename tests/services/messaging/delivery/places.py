"""Where messages go while workers die at every step, and what is promised of each of these places."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from libs.ids import new_id
from libs.webhooks.addresses import AddressRules, networks_from
from libs.webhooks.client import WebhookClient, WebhookTarget
from services.messaging.delivery.adapters import Adapter
from services.messaging.delivery.file_sink import FileSink
from services.messaging.delivery.mail import MailServer
from services.messaging.delivery.smtp import SmtpAdapter
from services.messaging.delivery.webhook import WebhookAdapter, WebhookPlace
from services.messaging.values import DeliveryKind, MessageState
from tests.services.messaging.delivery.dying import Depot, Died, Dying
from tests.services.messaging.delivery.gateway import SECRET, gateway
from tests.services.messaging.post_office import LOOPBACK, post_office

MOST_STEPS = 500


@dataclass(frozen=True)
class Place:
    """Where messages go in a test."""

    kind: DeliveryKind
    adapter: Callable[[Depot], Adapter]
    effects: Callable[[str], int]
    """Counts what reached a customer."""
    address: Callable[[str], str] = lambda customer_id: customer_id


@asynccontextmanager
async def folder(tmp_path: Path) -> AsyncIterator[Place]:
    def effects(customer_id: str) -> int:
        return sum(f'"{customer_id}"' in file.read_text(encoding="utf-8") for file in tmp_path.glob("*.json"))

    yield Place(DeliveryKind.AD_AUDIENCE, lambda depot: FileSink(tmp_path, clock=depot.clock), effects)


@asynccontextmanager
async def gateway_that(tmp_path: Path, *, can_be_asked: bool, takes_once: bool) -> AsyncIterator[Place]:
    del tmp_path
    async with gateway() as gate:
        base = f"http://{LOOPBACK}:{gate.port}"
        rules = AddressRules(allow_http=True, allowed_networks=networks_from(["127.0.0.0/8"]))
        place = WebhookPlace(
            deliver=WebhookTarget(f"{base}/messages", (SECRET,)),
            look_up=WebhookTarget(f"{base}/look-up", (SECRET,)) if can_be_asked else None,
            takes_once=takes_once,
        )

        def adapter(depot: Depot) -> Adapter:
            return WebhookAdapter(place, client=WebhookClient(rules=rules), clock=depot.clock)

        def effects(customer_id: str) -> int:
            if takes_once or can_be_asked:
                return len(gate.effects(customer_id))
            return len([call for call in gate.calls if call["customer_id"] == customer_id])

        yield Place(DeliveryKind.PUSH, adapter, effects)


@asynccontextmanager
async def mail_server(tmp_path: Path) -> AsyncIterator[Place]:
    del tmp_path
    async with post_office() as post:
        server = MailServer(LOOPBACK, post.port, "none", "", "", 5.0, "shop@example.com", "Shop")
        yield Place(
            DeliveryKind.EMAIL,
            lambda depot: SmtpAdapter(server, clock=depot.clock),
            lambda customer_id: len(post.mails(f"{customer_id}@example.com")),
            lambda customer_id: f"{customer_id}@example.com",
        )


PLACES = {
    "folder": folder,
    "gateway that can be asked": lambda path: gateway_that(path, can_be_asked=True, takes_once=True),
    "gateway that takes a key once": lambda path: gateway_that(path, can_be_asked=False, takes_once=True),
    "gateway that promises nothing": lambda path: gateway_that(path, can_be_asked=False, takes_once=False),
    "mail server": mail_server,
}
EXACTLY_ONCE = list(PLACES)[:3]


async def dies(depot: Depot, place: Place, customer_id: str, steps: int) -> bool:
    """Let a worker begin, and die after so many steps; False where it was ready before."""
    adapter = place.adapter(depot)
    async with depot.worker(place.kind, adapter, place.address(customer_id)) as sender:
        dying = Dying(sender.send_due(customer_id), steps)

        async def life() -> bool:
            try:
                await dying
            except Died:
                return True
            return False

        died = await asyncio.create_task(life())
    await adapter.close()
    return died


async def settled(depot: Depot, place: Place, customer_id: str) -> MessageState:
    """Let another worker come, who lives."""
    adapter = place.adapter(depot)
    async with depot.worker(place.kind, adapter, place.address(customer_id)) as sender:
        state = (await depot.until_settled(customer_id, sender)).state
    await adapter.close()
    return state


async def each_comes_once(depot: Depot, tmp_path: Path, name: str, *, stride: int) -> None:
    """Let workers die at every `stride`-th step: another one has the message there once, and knows it."""
    async with PLACES[name](tmp_path) as place:
        for steps in range(0, MOST_STEPS, stride):
            customer_id = new_id("cus")
            await depot.queue(customer_id, "cart_reminder")
            died = await dies(depot, place, customer_id, steps)
            assert await settled(depot, place, customer_id) is MessageState.SENT
            assert place.effects(customer_id) == 1, f"died after {steps} steps"
            if not died:
                return
    raise AssertionError("a worker takes more steps than were tried")


async def each_comes_at_most_once(depot: Depot, tmp_path: Path, name: str, purpose: str, *, stride: int) -> None:
    """The same where nobody can be asked: it comes once or not at all, and where nobody knows, that is said."""
    unknown = 0
    async with PLACES[name](tmp_path) as place:
        for steps in range(0, MOST_STEPS, stride):
            customer_id = new_id("cus")
            await depot.queue(customer_id, purpose)
            died = await dies(depot, place, customer_id, steps)
            state, effects = await settled(depot, place, customer_id), place.effects(customer_id)
            assert effects <= 1, f"died after {steps} steps"
            assert state is MessageState.UNKNOWN or (state, effects) == (MessageState.SENT, 1)
            unknown += state is MessageState.UNKNOWN
            if not died:
                assert unknown > 0
                return
    raise AssertionError("a worker takes more steps than were tried")


async def each_comes_again_if_in_doubt(depot: Depot, tmp_path: Path, *, stride: int) -> None:
    """The same for a purpose that wants it again in doubt: it comes once, or twice as the same."""
    async with mail_server(tmp_path) as place:
        for steps in range(0, MOST_STEPS, stride):
            customer_id = new_id("cus")
            await depot.queue(customer_id, "service")
            died = await dies(depot, place, customer_id, steps)
            assert await settled(depot, place, customer_id) is MessageState.SENT
            assert 1 <= place.effects(customer_id) <= 2, f"died after {steps} steps"
            if not died:
                return
    raise AssertionError("a worker takes more steps than were tried")
