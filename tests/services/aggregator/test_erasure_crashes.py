"""A replica of the aggregator that dies anywhere within an erasure leaves it to the next one, with the same end."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from libs.ids import new_id
from libs.mongo.connection import Client, Database
from libs.mongo.connection import database as named_database
from libs.mongo.documents import Documents
from libs.origin import Origin, Stamp
from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceStub
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from omnithread.cart.v1.handover_service_pb2_grpc import HandoverServiceStub
from omnithread.messaging.v1.messaging_internal_service_pb2_grpc import MessagingInternalServiceStub
from omnithread.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceStub
from omnithread.preference.v1.preference_service_pb2_grpc import PreferenceServiceStub
from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceStub
from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from services.aggregator.areas import Areas
from services.aggregator.budget import Budget
from services.aggregator.erasure import AREAS, Erasure
from services.aggregator.erasure_store import ERASURE_SHAPE, ERASURES, ErasureFinder
from services.aggregator.erasure_sweep import ErasureSweep
from services.aggregator.erasures import Erasures
from services.aggregator.privacy import eraser_over
from services.aggregator.sources import Sources
from services.cart.service import SERVICE as CART
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.libs.mongo.faults import Crash, crashes_before, no_fault, with_faults_everywhere
from tests.services.aggregator.alone import journeys_over
from tests.services.aggregator.company import company_at, login
from tests.services.aggregator.holdings import SECRET, live_fully, mentions
from tests.services.running import Services

AGAIN = timedelta(minutes=15)
SECONDS = 60.0
MOST_SWEEPS = 10


@dataclass(slots=True)
class Ahead:
    """The real time, and as much later as the test says."""

    later: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.later


async def sources_of(services: Services) -> Sources:
    """Ask the four services as the aggregator does."""
    profile, cart, preference, messaging = [
        services.as_service("aggregator", to=running)
        for running in (
            await services.start(PROFILE),
            await services.start(CART),
            await services.start(PREFERENCE),
            await services.start(MESSAGING),
        )
    ]
    return Sources(
        profile=ProfileServiceStub(profile),
        cart=CartServiceStub(cart),
        preference=PreferenceServiceStub(preference),
        messaging=MessagingServiceStub(messaging),
        handovers=HandoverServiceStub(cart),
        own_profile=ProfileServiceStub(profile),
        own_cart=CartServiceStub(cart),
        own_preference=PreferenceServiceStub(preference),
        own_messaging=MessagingServiceStub(messaging),
        profile_internal=ProfileInternalServiceStub(profile),
        cart_internal=CartInternalServiceStub(cart),
        preference_internal=PreferenceInternalServiceStub(preference),
        messaging_internal=MessagingInternalServiceStub(messaging),
    )


def replica(database: Database, sources: Sources, clock: Ahead) -> Erasures:
    """One process of the aggregator, as far as erasures go."""
    journeys = journeys_over(database, clock, sources.profile_internal)
    return Erasures(
        documents=Documents(
            database=database, collection=ERASURES, shape=ERASURE_SHAPE, clock=clock, random=random.Random(7)
        ),
        finder=ErasureFinder(database),
        records=journeys.records,
        areas=Areas(sources=sources, eraser=eraser_over(journeys.records, database, clock), database=database),
        again_after=AGAIN,
        clock=clock,
        new_id=new_id,
    )


def stamp() -> Stamp:
    origin = Origin(channel_id="call-centre", channel_kind=4, actor_id="ben")
    return Stamp(request_id=new_id("req"), body_hash=b"", issue_time=None, origin=origin)


async def ask(erasures: Erasures, customer_id: str, request: Stamp) -> Erasure:
    budget = Budget.of_call(None, most_seconds=SECONDS)
    return (await erasures.erase(customer_id, reason="requested", stamp=request, budget=budget))[0]


async def swept_until_done(sweep: ErasureSweep, erasures: Erasures, customer_id: str, clock: Ahead) -> None:
    """Sweep until it is done: where an area does not answer in time, on a busy machine, it is asked again."""
    for _ in range(MOST_SWEEPS):
        clock.later += timedelta(minutes=2)
        await sweep.sweep()
        if (await erasures.get(customer_id=customer_id)).is_done:
            return


@pytest.mark.timeout(900)
async def test_a_crash_at_any_write_of_an_erasure_ends_in_the_same_state(
    own_services: Services, mongo_client: Client
) -> None:
    sources = await sources_of(own_services)
    company = await company_at(own_services, erasure_sweep_seconds=3600)
    database = named_database(mongo_client, own_services.database_name("aggregator"))
    clock = Ahead()
    healthy = replica(database, sources, clock)
    sweep = ErasureSweep(healthy, clock, pause_seconds=1)
    words: list[str] = []
    crashed = True
    while crashed:  # a crash after one write is one before the next
        crashed = False
        word = f"{SECRET}{new_id('x')[2:]}"
        session = await company.web.start_session([login()], given_name=word)
        customer_id, request = session.customer_id, stamp()
        faulty = replica(with_faults_everywhere(database, *([no_fault] * len(words)), crashes_before), sources, clock)
        try:
            await ask(faulty, customer_id, request)
        except Crash:
            crashed = True
        if await healthy.finder.of_customer(customer_id):
            await swept_until_done(sweep, healthy, customer_id, clock)  # nobody asks again; it is found due
        else:
            await ask(healthy, customer_id, request)  # it was never accepted: the channel sends it again
        erasure = await healthy.get(customer_id=customer_id)
        assert erasure.is_done
        assert [receipt.area for receipt in erasure.receipts] == sorted(AREAS)
        words.append(word)
    assert len(words) > 10
    assert await mentions(mongo_client, own_services, words) == {}


async def test_every_area_is_asked_once_more_after_a_while_and_then_it_is_closed(
    own_services: Services, mongo_client: Client
) -> None:
    sources = await sources_of(own_services)
    company = await company_at(own_services, erasure_sweep_seconds=3600)
    database = named_database(mongo_client, own_services.database_name("aggregator"))
    clock = Ahead()
    healthy = replica(database, sources, clock)
    sweep = ErasureSweep(healthy, clock, pause_seconds=1)
    customer_id = await live_fully(company, login())
    done = await ask(healthy, customer_id, stamp())
    late = {"_id": "late", "customer_id": customer_id, "revision": 1, "text": "a slow writer's quietlate"}
    await mongo_client[own_services.database_name("messaging")]["entries"].insert_one(late)
    await sweep.sweep()
    assert await mentions(mongo_client, own_services, ["quietlate"]) != {}
    clock.later = AGAIN
    await asyncio.gather(sweep.sweep(), sweep.sweep())  # two replicas
    assert await mentions(mongo_client, own_services, ["quietlate"]) == {}
    closed = await healthy.get(customer_id=customer_id)
    assert closed.due_time is None
    assert (closed.receipts, closed.complete_time) == (done.receipts, done.complete_time)


async def test_asked_again_after_a_service_was_restored_it_does_what_is_left_to_do(
    own_services: Services, mongo_client: Client
) -> None:
    sources = await sources_of(own_services)
    company = await company_at(own_services, erasure_sweep_seconds=3600)
    database = named_database(mongo_client, own_services.database_name("aggregator"))
    erasures = replica(database, sources, Ahead())
    word = f"{SECRET}{new_id('x')[2:]}"
    customer_id = await live_fully(company, login(), secret=word)
    cart = mongo_client[own_services.database_name("cart")]
    backup = {name: await cart[name].find().to_list(None) for name in ("records", "orders")}
    done = await ask(erasures, customer_id, stamp())
    for name, documents in backup.items():
        await cart[name].delete_many({})
        await cart[name].insert_many(documents)
    assert set(await mentions(mongo_client, own_services, [word])) == {"cart"}
    again = await ask(erasures, customer_id, stamp())
    assert (again.erasure_id, again.receipts) == (done.erasure_id, done.receipts)
    assert await mentions(mongo_client, own_services, [word]) == {}
    # The aggregator itself was restored: nobody here knows of the erasure any more, and the areas do.
    await database[ERASURES].delete_many({})
    anew = await ask(erasures, customer_id, stamp())
    assert anew.is_done
    others = [area for area in sorted(AREAS) if area != "cart"]  # which counted what came back
    assert [one.rows for one in anew.receipts if one.area in others] == [
        one.rows for one in done.receipts if one.area in others
    ]


async def test_many_who_ask_at_once_get_one_erasure(own_services: Services, mongo_client: Client) -> None:
    sources = await sources_of(own_services)
    company = await company_at(own_services, erasure_sweep_seconds=3600)
    database = named_database(mongo_client, own_services.database_name("aggregator"))
    replicas = [replica(database, sources, Ahead()) for _ in range(6)]
    customer_id = await live_fully(company, login())
    await asyncio.gather(*(ask(one, customer_id, stamp()) for one in replicas))
    assert (await replicas[0].get(customer_id=customer_id)).is_done
    assert await database[ERASURES].count_documents({"customer_ids": customer_id}) == 1
