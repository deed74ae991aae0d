"""What replicas know of offers, and how many there can be: two of them at one MongoDB."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from libs.clock import system_clock
from libs.errors import OmnithreadError
from libs.ids import new_id
from libs.mongo.connection import Database, connect
from libs.mongo.connection import database as database_of
from libs.mongo.documents import Documents
from libs.mongo.migrate import migrate
from libs.origin import Origin, Stamp
from libs.rpc.channels import ChannelRegistry
from services.cart.offers.book import OfferBook
from services.cart.offers.fields import OFFER_INDEXES, OFFER_SHAPE, OFFERS
from services.cart.offers.operations import Offers
from services.cart.offers.values import OfferTerms, PercentageOff
from services.cart.redemption import codes
from services.cart.redemption.codes import Codes

TERMS = OfferTerms("Spring", PercentageOff(2000))


@dataclass(frozen=True)
class Replica:
    offers: Offers
    book: OfferBook

    async def activate(self, offer_id: str, terms: OfferTerms = TERMS) -> None:
        await self.offers.save(offer_id, terms, etag="", stamp=stamp())
        await self.offers.activate(offer_id, etag="", stamp=stamp())


class Watch:
    """Seconds that a test lets go by."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def stamp() -> Stamp:
    return Stamp.internal(new_id("req"), Origin.system("test"))


def replica(database: Database, watch: Watch) -> Replica:
    documents = Documents(
        database=database, collection=OFFERS, shape=OFFER_SHAPE, clock=system_clock, random=random.Random(7)
    )
    book = OfferBook(documents=documents, monotonic=watch)
    its_codes = Codes(database, clock=system_clock)
    channels = ChannelRegistry({})
    offers = Offers(documents, database, book, its_codes, channels, system_clock, most_offers=4, most_active=2)
    return Replica(offers, book)


@pytest.fixture
async def database(mongo_uri: str, unique_prefix: str) -> AsyncIterator[Database]:
    client = connect(mongo_uri, app_name="test")
    place = database_of(client, f"{unique_prefix}_offers")
    await migrate(place, (*OFFER_INDEXES, *codes.INDEXES), new_epoch="epo_test")
    yield place
    await client.drop_database(place.name)
    client.close()


async def test_what_is_shown_is_a_second_old_at_most_and_what_is_paid_is_of_now(database: Database) -> None:
    watch = Watch()
    one, other = replica(database, watch), replica(database, watch)
    assert (await other.book.current()).offers == ()
    await one.activate("spring")
    assert [offer.offer_id for offer in (await one.book.current()).offers] == ["spring"]
    assert (await other.book.current()).offers == ()
    watch.now = 1.0
    shown = await other.book.current()
    assert [(offer.offer_id, offer.version) for offer in shown.offers] == [("spring", 1)]

    await one.activate("spring")
    paid = await other.book.committed()
    assert ([offer.version for offer in paid.offers], paid.edition > shown.edition) == ([2], True)
    assert await other.book.current() == paid


async def test_offers_that_a_backup_brought_back_are_known_although_they_are_older(database: Database) -> None:
    watch = Watch()
    one = replica(database, watch)
    await one.activate("spring")
    await one.activate("summer")
    await database[OFFERS].delete_one({"_id": "summer"})
    watch.now = 1.0
    assert [offer.offer_id for offer in (await one.book.current()).offers] == ["spring"]


async def test_there_is_a_most_of_active_offers_and_of_all(database: Database) -> None:
    one = replica(database, Watch())
    await one.activate("spring")
    await one.activate("summer")
    with pytest.raises(OmnithreadError) as refused:
        await one.activate("autumn")
    assert (refused.value.reason, refused.value.metadata) == ("OFFER_LIMIT", {"limit": "2"})
    await one.activate("spring")
    await one.offers.end("spring", etag="", stamp=stamp())
    await one.offers.activate("autumn", etag="", stamp=stamp())

    await one.offers.save("winter", TERMS, etag="", stamp=stamp())
    with pytest.raises(OmnithreadError) as full:
        await one.offers.save("christmas", TERMS, etag="", stamp=stamp())
    assert (full.value.reason, full.value.metadata) == ("OFFER_LIMIT", {"limit": "4"})
    await one.offers.save("winter", TERMS, etag="", stamp=stamp())


async def test_a_text_that_counted_stays_readable_whatever_is_written_after_it(database: Database) -> None:
    one = replica(database, Watch())
    texts = [OfferTerms(name, PercentageOff(2000)) for name in ("first", "second", "third")]
    for terms in texts:
        await one.activate("spring", terms)
    await one.offers.end("spring", etag="", stamp=stamp())
    await one.activate("spring", TERMS)
    found = [(await one.offers.get("spring", version=version))[1] for version in (1, 2, 3, 4, 0)]
    assert found == [*texts, TERMS, TERMS]
