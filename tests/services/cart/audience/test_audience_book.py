"""The copy of a customer's facts beside real services: asked for once, followed up, and gone with the customer."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from libs.ids import new_id
from libs.mongo.connection import Database, connect, database
from libs.mongo.record import Records
from libs.timestamps import to_timestamp
from omnithread.cart.v1.cart_internal_service_pb2 import EraseAreaRequest
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB, Channel
from omnithread.common.v1.event_pb2 import EventHeader
from omnithread.context.v1.context_events_pb2 import ContextEvent, TouchpointRecorded
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_AD_CLICKED, TOUCHPOINT_KIND_CART_HANDED_OVER
from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceStub
from omnithread.profile.v1.profile_pb2 import Profile
from omnithread.profile.v1.profile_service_pb2 import UpdateProfileRequest
from services.cart.audience.book import AUDIENCE_FACTS, AudienceBook
from services.cart.audience.facts import NO_FACTS, AudienceFacts
from services.cart.audience.listener import AudienceListener
from services.cart.events import Event
from services.cart.service import SERVICE as CART
from services.cart.store import SHAPE
from services.cart.values import Cart
from services.profile.service import SERVICE as PROFILE
from tests.services.calls import until
from tests.services.cart.shop import Shop, item, shop_at
from tests.services.profile.reception import text
from tests.services.running import Services


@dataclass(slots=True)
class Marketing:
    """Who makes offers that look at traits."""

    names: frozenset[str] = frozenset()

    async def trait_names(self) -> frozenset[str]:
        return self.names


@dataclass(frozen=True, slots=True)
class Reading:
    """A price's way to the facts, over the database of a cart that listens."""

    shop: Shop
    book: AudienceBook
    records: Records[Cart, Event]
    marketing: Marketing
    database: Database

    async def facts(self, customer_id: str) -> AudienceFacts:
        return await self.book.get(await self.records.get(customer_id))

    async def copies(self, customer_id: str) -> int:
        return await self.database[AUDIENCE_FACTS].count_documents({"customer_id": customer_id})


@pytest.fixture
async def reading(mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path) -> AsyncIterator[Reading]:
    """Give a reader beside a cart that listens, with profile."""
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=tmp_path
    ) as services:
        profile = await services.start(PROFILE)
        shop = shop_at(services, await services.start(CART))
        client = connect(mongo_uri, app_name="audience-tests")
        named = database(client, services.database_name("cart"))
        records = Records(
            database=named,
            shape=SHAPE,
            clock=lambda: datetime.now(UTC),
            new_id=new_id,
            epoch="epoch-test",
            admit=None,
            on_saved=lambda _customer_id: None,
            random=random.Random(1),
        )
        marketing = Marketing()
        stub = ProfileInternalServiceStub(services.as_service("cart", to=profile))
        book = AudienceBook(database=named, records=records, profile=stub, trait_names=marketing.trait_names)
        yield Reading(shop, book, records, marketing, named)
        client.close()


def ad_clicked(customer_id: str, seq: int = 1) -> ContextEvent:
    return ContextEvent(
        header=EventHeader(
            event_id=f"evt_{seq}",
            epoch="epoch-1",
            seq=seq,
            customer_id=customer_id,
            occur_time=to_timestamp(datetime.now(UTC)),
            channel=Channel(id="web-shop", kind=CHANNEL_KIND_WEB),
        ),
        touchpoint_recorded=TouchpointRecorded(
            touchpoint_id=f"tch_{seq}", journey_id="jrn_1", kind=TOUCHPOINT_KIND_AD_CLICKED, subject="spring"
        ),
    )


def handed_over_in_store(customer_id: str) -> ContextEvent:
    event = ad_clicked(customer_id, seq=2)
    event.header.channel.CopyFrom(Channel(id="store-042", kind=CHANNEL_KIND_STORE))
    event.touchpoint_recorded.kind = TOUCHPOINT_KIND_CART_HANDED_OVER
    return event


def known_by(tier: str, customer_id: str) -> UpdateProfileRequest:
    return UpdateProfileRequest(
        profile=Profile(customer_id=customer_id, traits=[text("tier", tier)]),
        update_mask={"paths": ["traits"]},  # type: ignore[arg-type]
    )


async def test_the_first_price_asks_profile_and_later_changes_come_by_themselves(reading: Reading) -> None:
    reading.marketing.names = frozenset({"tier"})
    customer_id = await reading.shop.new_customer()
    await reading.shop.profile.UpdateProfile(known_by("gold", customer_id))
    first = await reading.facts(customer_id)
    assert (first.traits, first.known, first.version > 0) == ({"tier": "gold"}, False, True)

    await reading.shop.profile.UpdateProfile(known_by("silver", customer_id))
    # The listening cart knows of no trait that its offers name, so it keeps none: the next price asks for it again.
    later = await until(lambda: newer(reading, customer_id, first.version))
    assert later
    assert later.traits == {"tier": "silver"}


async def newer(reading: Reading, customer_id: str, version: int) -> AudienceFacts | None:
    facts = await reading.facts(customer_id)
    return facts if facts.version > version else None


async def test_a_trait_that_an_offer_begins_to_name_is_asked_for(reading: Reading) -> None:
    customer_id = await reading.shop.new_customer()
    await reading.shop.profile.UpdateProfile(known_by("gold", customer_id))
    before = await reading.facts(customer_id)
    assert before.traits == {}
    reading.marketing.names = frozenset({"tier"})
    after = await reading.facts(customer_id)
    assert (after.traits, after.version) == ({"tier": "gold"}, before.version + 1)
    assert await reading.facts(customer_id) == after


async def test_an_ad_that_was_clicked_before_anything_lay_in_the_cart_is_known_to_its_price(reading: Reading) -> None:
    customer_id = await reading.shop.new_customer()
    listener = AudienceListener(reading.book)
    for _ in range(2):
        await listener.handle("context", ad_clicked(customer_id))
    facts = await reading.facts(customer_id)
    assert facts.campaign_ids == {"spring"}
    assert facts.journey_channel_kinds == {CHANNEL_KIND_WEB}


async def test_who_went_on_with_the_cart_in_a_store_was_in_a_store(reading: Reading) -> None:
    customer_id = await reading.shop.new_customer()
    listener = AudienceListener(reading.book)
    await listener.handle("context", ad_clicked(customer_id))
    await listener.handle("context", handed_over_in_store(customer_id))
    facts = await reading.facts(customer_id)
    assert facts.campaign_ids == {"spring"}
    assert facts.journey_channel_kinds == {CHANNEL_KIND_WEB, CHANNEL_KIND_STORE}


async def test_staff_who_lock_a_cart_have_not_brought_its_customer_to_the_call_centre(reading: Reading) -> None:
    customer_id = await reading.shop.new_customer()
    listener = AudienceListener(reading.book)
    await listener.handle("context", ad_clicked(customer_id))
    by_staff = handed_over_in_store(customer_id)
    by_staff.touchpoint_recorded.by_company = True
    await listener.handle("context", by_staff)
    assert (await reading.facts(customer_id)).journey_channel_kinds == {CHANNEL_KIND_WEB}


async def test_an_id_that_is_nobodys_leaves_nothing_behind_and_keeps_nobody_else_from_being_asked_for(
    reading: Reading,
) -> None:
    customer_id, nobody = await reading.shop.new_customer(), new_id("cus")
    assert await reading.facts(nobody) == NO_FACTS
    assert await reading.copies(nobody) == 0
    reading.marketing.names = frozenset({"not a name"})  # which profile refuses
    assert await reading.facts(customer_id) == NO_FACTS
    reading.marketing.names = frozenset()
    assert (await reading.facts(customer_id)).version == 2


async def test_who_was_forgotten_has_no_copy_however_late_news_come(reading: Reading) -> None:
    customer_id = await reading.shop.new_customer()
    await reading.shop.web.AddItem(item(customer_id))
    saved = await reading.records.get(customer_id)
    await AudienceListener(reading.book).handle("context", ad_clicked(customer_id))
    await reading.shop.internal.EraseArea(EraseAreaRequest(erasure_id="era_1", customer_id=customer_id))
    await AudienceListener(reading.book).handle("context", ad_clicked(customer_id, seq=2))
    await reading.book.follow_up(customer_id)
    assert await reading.book.get(saved) == NO_FACTS
