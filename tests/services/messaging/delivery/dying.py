"""Workers that die: after so many steps they are never heard of again, whatever they were waiting for."""

from collections.abc import AsyncIterator, Coroutine, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, cast

from prometheus_client import CollectorRegistry

from libs.ids import new_id
from libs.mongo.connection import connect, database
from libs.mongo.migrate import migrate
from libs.mongo.record import Records
from libs.origin import Stamp
from libs.purposes import Purpose, PurposeTable
from services.messaging import model
from services.messaging.campaigns.reporting.meters import CampaignMeters
from services.messaging.deciding.judgement import Judgement
from services.messaging.deciding.prepared import Prepared, Ready
from services.messaging.deciding.preparing import Preparing
from services.messaging.delivery.adapters import Adapter
from services.messaging.delivery.circuit import Circuit
from services.messaging.delivery.handing_over import HandingOver
from services.messaging.delivery.meters import Meters
from services.messaging.delivery.outcomes import Outcomes
from services.messaging.delivery.patience import Patience
from services.messaging.delivery.providers import Provider, Providers
from services.messaging.delivery.sender import Sender
from services.messaging.delivery.steps import Steps
from services.messaging.delivery.turns import Turns
from services.messaging.events import Event
from services.messaging.store import INDEXES, SHAPE
from services.messaging.texts.templates import Rendered
from services.messaging.values import (
    WAITING_STATES,
    Content,
    DeliveryKind,
    Message,
    MessageId,
    MessageSummary,
    Messaging,
)
from tests.services.messaging.samples import NOON, WEB, message

LEASE = timedelta(minutes=2)
PURPOSES = PurposeTable(
    {
        "cart_reminder": Purpose("cart_reminder", is_transactional=False),
        "service": Purpose("service", is_transactional=True, when_unknown="again"),
        "invoice": Purpose("invoice", is_transactional=True),
    }
)


class Died(BaseException):
    """The worker is gone."""


class Dying:
    """Runs a coroutine for so many steps and then leaves it where it is: no handler and no `finally` of it runs."""

    def __init__(self, work: Coroutine[Any, Any, None], steps: int) -> None:
        self._work = work
        self._steps = steps
        self.taken = 0

    def __await__(self) -> Generator[Any, Any, None]:
        thrown: BaseException | None = None
        try:
            while True:
                awaited = self._work.send(None) if thrown is None else self._work.throw(thrown)
                if self.taken == self._steps:
                    GRAVEYARD.append(self._work)
                    raise Died
                self.taken += 1
                try:
                    yield awaited
                    thrown = None
                except BaseException as error:  # noqa: BLE001  it is the work's to handle
                    thrown = error
        except StopIteration:
            return


GRAVEYARD: list[Coroutine[Any, Any, None]] = []
"""They are kept as they are until the process ends: to close them would let them run on."""


class AlwaysReady:
    """In place of gates and templates, which have tests of their own: every message may go."""

    def __init__(self, kind: DeliveryKind, address: str) -> None:
        self._kind = kind
        self._address = address

    async def prepare(self, customer_id: str, message: Message, content: Content, _state: Messaging) -> Prepared:
        """Give what goes out."""
        rendered = Rendered(subject="Hello", body_text=f"For {customer_id}", body_html="")
        ready = Ready(
            kind=self._kind,
            address=self._address,
            rendered=rendered,
            subject="Hello",
            content=replace(content, language="en", body_text=rendered.body_text),
        )
        return Prepared(ready, Judgement(message.create_time, "", "SEND"))


@dataclass
class Depot:
    """Records, a clock, and as many workers as a test wants: each a process of its own as far as they know."""

    mongo_uri: str
    name: str
    later: timedelta = timedelta()
    freezes: bool = False
    """Whether the worker that writes next stands still afterwards until its lease is over."""

    def wrote(self, _customer_id: str) -> None:
        if self.freezes:
            self.freezes = False
            self.later += LEASE

    def clock(self) -> datetime:
        return NOON + self.later

    @asynccontextmanager
    async def records(self) -> AsyncIterator[tuple[Records[Messaging, Event], Any]]:
        client = connect(self.mongo_uri, app_name="test")
        try:
            base = database(client, self.name)
            yield (
                Records(
                    database=base,
                    shape=SHAPE,
                    clock=self.clock,
                    new_id=new_id,
                    epoch="epo_test",
                    admit=None,
                    on_saved=lambda _customer_id: None,
                    random=Random(1),
                ),
                base,
            )
        finally:
            client.close()

    @asynccontextmanager
    async def worker(
        self, kind: DeliveryKind, adapter: Adapter, address: str, *, circuit: Circuit | None = None
    ) -> AsyncIterator[Sender]:
        """Start one."""
        async with self.records() as (records, base):
            circuit = circuit or Circuit(1000, LEASE, Random(1))
            provider = Provider("depot", "test", (kind,), adapter, circuit, Turns(0), most_in_flight=8)
            providers = Providers([provider])
            registry = CollectorRegistry()
            steps = Steps(
                records=records,
                database=base,
                outcomes=Outcomes(registry),
                campaigns=CampaignMeters(registry),
                clock=self.clock,
                new_id=new_id,
                wake=self.wrote,
            )
            patience = Patience(LEASE, timedelta(seconds=2), timedelta(minutes=15), 12, Random(1))
            handing_over = HandingOver(
                steps=steps,
                providers=providers,
                purposes=PURPOSES,
                patience=patience,
                meters=Meters(registry, providers, self.clock),
                new_id=new_id,
            )
            yield Sender(
                steps=steps,
                preparing=cast("Preparing", AlwaysReady(kind, address)),
                handing_over=handing_over,
                patience=patience,
            )

    async def migrate(self) -> None:
        async with self.records() as (_, base):
            await migrate(base, INDEXES, new_epoch="epo_test")

    async def queue(self, customer_id: str, purpose: str) -> str:
        """Let a customer have a message; its id."""
        name = new_id("m")
        one = replace(
            message(name),
            message_id=MessageId(f"msg_{name}"),
            purpose=purpose,
            create_time=self.clock(),
            due_time=self.clock(),
            expire_time=self.clock() + timedelta(days=3),
        )
        async with self.records() as (records, _):
            await records.run(
                customer_id,
                Stamp.internal(f"queue:{name}", WEB),
                lambda saved: model.queue(saved.state, one, Content()),
            )
        return one.message_id

    async def until_settled(self, customer_id: str, sender: Sender) -> MessageSummary:
        """Let a worker come back again and again until nothing waits, and give what became of the newest message."""
        async with self.records() as (records, _):
            for _ in range(40):
                state = (await records.get(customer_id)).state
                if not any(one.state in WAITING_STATES for one in state.waiting):
                    return state.recent[0]
                self.later += timedelta(minutes=20)
                await sender.send_due(customer_id)
        raise AssertionError("it never comes to an end")
