"""Workers are killed around sending: before they hand over, before they note it, before it is announced.

Three workers share the messages; whoever is killed comes back. A provider that can be asked, or takes each key once,
has each reminder once. A mail server has it once, or nobody knows (`UNKNOWN`), and never twice, unless the purpose
wants it again in doubt: then once, or twice as the same.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiosmtpd.smtp import SMTP

from deploy.local.backends import EmbeddedKafka
from omnithread.messaging.v1 import messaging_pb2
from omnithread.messaging.v1.messaging_events_pb2 import MessagingEvent
from services.messaging.service import SERVICE as MESSAGING
from tests.faults.freezing import frozen
from tests.faults.results import note
from tests.faults.seeds import chance, rounds, seed
from tests.faults.senders import (
    CONFIRMATION,
    EMAIL,
    REMINDER,
    WAYS,
    Company,
    Sent,
    all_over,
    company,
)
from tests.services.calls import until
from tests.services.messaging.office import ENDED, Person, state_of
from tests.services.messaging.post_office import TAKEN

pytestmark = pytest.mark.timeout(1500)

WORKERS = 3
FULL_ROUNDS = 20
MOST_HELD = 9
"""Of the twelve messages of a round."""
HOLD_SECONDS = 20.0
SETTLE_SECONDS = 120.0


class Counts(Counter[str]):
    """What came of the messages of a run."""

    def take(self, message: messaging_pb2.Message, way: int, purpose: str, effects: int) -> None:
        state = state_of(message)
        self["done"] += 1
        if way != EMAIL:
            self["twice"] += effects > 1
            self["missed"] += effects < 1 or state != "SENT"
        elif purpose == REMINDER:
            self["unknown"] += state == "UNKNOWN"
            self["mails twice"] += effects > 1
            self["mails missed and not told"] += effects < 1 and state != "UNKNOWN"
        else:
            self["mails again"] += effects > 1
            self["mails missed"] += effects < 1


class Holding:
    """Keeps providers from answering: `before` they have the text, or after."""

    def __init__(self, one: Company, *, before: bool) -> None:
        self._company = one
        self._before = before
        self._released = one.asked.released = one.once.released = asyncio.Event()
        self._mails = 0

    def keep(self, person: Person) -> None:
        """Let nobody get on with what is for this person."""
        one = self._company
        one.asked.manners[person.customer_id] = one.once.manners[person.customer_id] = (
            "hold before taking" if self._before else "hold after taking"
        )
        if self._before:
            one.post.before_text[person.address] = self._wait
        else:
            one.post.manners[person.address] = self._take_and_wait

    @property
    def count(self) -> int:
        """How many are kept now."""
        return self._mails + self._company.asked.holds + self._company.once.holds

    def release(self) -> None:
        """Let everything go on, and nothing be kept any more."""
        self._released.set()
        self._company.asked.manners.clear()
        self._company.once.manners.clear()

    async def _wait(self) -> None:
        self._mails += 1
        try:
            await self._released.wait()
        finally:
            self._mails -= 1

    async def _take_and_wait(self, _connection: SMTP) -> str:
        await self._wait()
        return TAKEN


async def queued(one: Company, keep: Callable[[Person], None] = lambda _: None) -> list[Sent]:
    """Let each worker have a reminder for each way, and a confirmation by mail."""
    wanted = [*((way, REMINDER) for way in WAYS), (EMAIL, CONFIRMATION)] * WORKERS
    people = [await one.person(way) for way, _ in wanted]
    for person in people:
        keep(person)

    async def queue(place: int) -> Sent:
        way, purpose = wanted[place]
        worker = one.workers[place % WORKERS]
        return people[place], way, purpose, await worker.send(people[place], way, purpose)

    return list(await asyncio.gather(*(queue(place) for place in range(len(wanted)))))


async def settle(one: Company, counts: Counts, sent: list[Sent]) -> None:
    """Wait until each message has come to its end, and count what came of it."""
    for (person, way, purpose, _), message in zip(sent, await all_over(one.workers, sent), strict=True):
        counts.take(message, way, purpose, one.effects(person, way))


async def killed_while_held(one: Company, counts: Counts, *, before: bool, victim: int) -> None:
    """Kill one worker while providers hold what it hands over, or its answers."""
    holding = Holding(one, before=before)
    sent = await queued(one, holding.keep)

    async def enough_is_held() -> bool:
        return holding.count >= MOST_HELD

    with suppress(TimeoutError):
        await until(enough_is_held, seconds=HOLD_SECONDS)
    counts["held"] += holding.count
    await one.workers[victim].die()
    holding.release()
    await one.workers[victim].come_back()
    await settle(one, counts, sent)


async def killed_before_it_is_announced(one: Company, kafka: EmbeddedKafka, counts: Counts, *, victim: int) -> None:
    """Let the broker stand still, so that what was noted is not announced when the worker dies."""
    assert kafka.pid is not None
    async with frozen(kafka.pid):
        sent = await queued(one)
        await settle(one, counts, sent)
        await one.workers[victim].die()
    await one.workers[victim].come_back()
    wanted = {message_id for _, _, _, message_id in sent}
    counts["not announced"] += len(wanted - await announced(one, kafka, wanted))


async def announced(one: Company, kafka: EmbeddedKafka, wanted: set[str]) -> set[str]:
    """Give of which messages the topic says that they are over, as soon as it says so of all."""
    found: set[str] = set()
    topic = one.services.settings(MESSAGING).topic("messaging")
    servers = kafka.address.bootstrap_servers
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=servers, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(SETTLE_SECONDS):
            while not wanted <= found:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        event = MessagingEvent.FromString(record.value or b"")
                        if event.HasField("message_state_changed"):
                            message = event.message_state_changed
                            found |= {message.message_id} if state_of(message) in ENDED else set()
    except TimeoutError:
        pass
    finally:
        await consumer.stop()
    return found


async def test_reminders_are_sent_once_though_workers_are_killed_around_sending(
    mongo_uri: str, unique_prefix: str, tmp_path: Path
) -> None:
    counts, draw = Counts(), chance("reminders")
    async with (
        EmbeddedKafka(data_dir=tmp_path / "kafka") as kafka,
        company(
            workers=WORKERS,
            mongo_uri=mongo_uri,
            kafka_bootstrap=kafka.address.bootstrap_servers,
            prefix=unique_prefix,
            state=tmp_path,
        ) as one,
    ):
        done = rounds(FULL_ROUNDS)
        for _ in range(done):
            await killed_while_held(one, counts, before=True, victim=draw.randrange(WORKERS))
            await killed_while_held(one, counts, before=False, victim=draw.randrange(WORKERS))
            await killed_before_it_is_announced(one, kafka, counts, victim=draw.randrange(WORKERS))
    wrong = ("twice", "missed", "mails twice", "mails missed and not told", "mails missed", "not announced")
    note(
        "reminders",
        seed=seed(),
        done=3 * done,
        wanted="by providers with idempotency or lookup 0 twice, 0 missed; by mail 0 twice, or told as unknown; "
        "what is wanted again in doubt 0 missed; 0 not announced",
        found=f"{counts['done']} messages, {counts['held']} held when a worker was killed: "
        + ", ".join(f"{counts[name]} {name}" for name in (*wrong, "unknown", "mails again")),
        ok=counts["held"] > 0 and not any(counts[name] for name in wrong),
    )
