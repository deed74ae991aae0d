"""The mixed load: clients of five channels, the pages of mails and the console, at work for the same few customers."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from deploy.local.suite import Suite
from libs.rpc.scopes import EVERY
from tests.faults.load.client import Client
from tests.faults.load.deeds import HABITS
from tests.faults.load.pages import look_at_the_console, unsubscribe_again_and_again
from tests.faults.load.seeing import Sight
from tests.faults.load.told import Deed, Log
from tests.faults.load.verifying import violations
from tests.faults.seeds import chance
from tests.journeys.people import Person, log_in, somebody
from tests.running_suite import until

CUSTOMERS = 5
PAUSE_SECONDS = 1.5
"""Between two deeds of a client, on average. On a machine that has nothing left it would be the queue that is
measured, and not how soon who was killed is back."""
PLACES = (
    ("web-shop", "", True),
    ("web-shop", "", False),
    ("mobile-app", "", True),
    ("mobile-app", "", False),
    ("store-042", "till-3", True),
    ("call-centre", "agent-17", True),
    ("mail-gateway", "", True),
)
"""Channel, who acts there, and whether the client tries until it is answered."""
LOOKING = (("call-centre", "agent-17"), ("web-shop", ""), ("mobile-app", ""), ("store-042", "till-3"))
WARM = 30
"""So many deeds are answered before anything is broken, and after it."""


@dataclass(slots=True)
class Load:
    """Clients of several channels and what they were told. Run it as often as wanted; then compare."""

    suite: Suite
    clients: Sequence[Client]
    sight: Sight
    people: dict[str, Person]
    """By customer id."""
    log: Log
    _running: list[asyncio.Task[None]] = field(default_factory=list)

    @asynccontextmanager
    async def running(self, *, pause_seconds: float = PAUSE_SECONDS, warm: int = WARM) -> AsyncIterator[None]:
        """Let all clients work inside the block, which begins when they are warm and ends when they are again.

        After it everything that was sent is answered or given up. Raises what a client was answered that it must not.
        """
        stop = asyncio.Event()
        first = next(iter(self.people))
        works = [self._work(client, stop, pause_seconds) for client in self.clients]
        works.append(unsubscribe_again_and_again(self.suite, self.log, first, self.clients[0], stop))
        if self.suite.console is not None:
            works.append(look_at_the_console(self.suite, self.log, first, stop))
        self._running = [asyncio.create_task(work) for work in works]
        try:
            await self.answered(time.monotonic(), at_least=warm)
            yield
            await self.answered(time.monotonic(), at_least=warm)
        finally:
            stop.set()
            outcomes = await asyncio.gather(*self._running, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def answered(
        self, moment: float, *, at_least: int = 1, deeds: Sequence[Deed] = tuple(Deed), channel: str = ""
    ) -> float:
        """Wait until so much was answered that was sent after a moment; give the seconds from it until then."""

        async def count() -> int:
            for task in self._running:
                if task.done():
                    task.result()
            return self.log.answered_since(moment, deeds=deeds, channel=channel)

        await until(count, lambda found: found >= at_least)
        return time.monotonic() - moment

    async def violations(self) -> list[str]:
        """Compare all that was told with what there is; no client may be running."""
        living = await self.sight.living(self.log.entries)
        seen = await self.sight.all_of(living.values())
        return violations(self.log.entries, seen, living)

    async def _work(self, client: Client, stop: asyncio.Event, pause_seconds: float) -> None:
        habits = HABITS[client.channel_id]
        customers = list(self.people.items())
        while not stop.is_set():
            act = client.chance.choices(list(habits), weights=list(habits.values()))[0]
            customer_id, person = client.chance.choice(customers)
            await act(client, customer_id, person)
            await asyncio.sleep(client.chance.uniform(0, 2 * pause_seconds))


@asynccontextmanager
async def mixed_load(suite: Suite, *words: object, customers: int = CUSTOMERS) -> AsyncIterator[Load]:
    """Connect the clients, for new customers. `words` name what they draw from the seed."""
    log = Log()
    async with AsyncExitStack() as stack:
        clients = [
            Client(
                name=f"{channel_id}-{number}",
                channel_id=channel_id,
                channel=await stack.enter_async_context(suite.connect(channel_id, actor=actor, scopes=EVERY)),
                chance=chance(*words, "client", number),
                log=log,
                patient=patient,
            )
            for number, (channel_id, actor, patient) in enumerate(PLACES)
        ]
        looking = {
            name: await stack.enter_async_context(suite.connect(name, actor=actor, scopes=EVERY))
            for name, actor in LOOKING
        }
        people = [somebody() for _ in range(customers)]
        known = {(await log_in(looking["store-042"], person)).customer_id: person for person in people}
        yield Load(suite=suite, clients=clients, sight=Sight(looking), people=known, log=log)
