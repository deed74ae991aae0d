"""Who turned out to be one customer hears of a price once, though it was announced to both."""

import random
from datetime import UTC, datetime

import pytest
from google.type.money_pb2 import Money

from libs.clock import system_clock
from libs.ids import new_id
from libs.mongo.connection import Client, connect, database
from libs.mongo.documents import Documents
from libs.mongo.epoch import read_epoch
from libs.mongo.record import Records
from libs.origin import Origin
from omnithread.context.v1.context_events_pb2 import PriceFell
from services.messaging.campaigns.book import CampaignBook
from services.messaging.campaigns.documents import CAMPAIGN_SHAPE, CAMPAIGNS
from services.messaging.campaigns.hearing import CampaignHearing
from services.messaging.campaigns.price_texts import variables_of
from services.messaging.campaigns.values import Trigger, TriggerKind
from services.messaging.store import SHAPE
from tests.services.messaging.office import Office
from tests.services.running import Services

PRICE = Money(currency_code="CHF", units=59)


async def hearing_beside(mongo_uri: str, services: Services) -> tuple[CampaignHearing, Client]:
    """Give what hears of prices, over the database of the messaging that runs."""
    client = connect(mongo_uri, app_name="price-tests")
    named = database(client, services.database_name("messaging"))
    records = Records(
        database=named,
        shape=SHAPE,
        clock=lambda: datetime.now(UTC),
        new_id=new_id,
        epoch=await read_epoch(named) or "",
        admit=None,
        on_saved=lambda _customer_id: None,
        random=random.Random(1),
    )
    documents = Documents(
        database=named, collection=CAMPAIGNS, shape=CAMPAIGN_SHAPE, clock=system_clock, random=random.Random(1)
    )
    book = CampaignBook(documents=documents, database=named)
    return CampaignHearing(records=records, book=book, nudge=lambda _id: None, clock=system_clock), client


@pytest.mark.parametrize("first", ["survivor", "source"])
async def test_one_message_whichever_of_the_two_it_is_heard_for_first(
    office: Office, services: Services, mongo_uri: str, first: str
) -> None:
    survivor, source = await office.guest(), await office.guest()
    await office.absorb(new_id("mrg"), source, survivor)
    hearing, client = await hearing_beside(mongo_uri, services)
    fell = PriceFell(change_id=new_id("chg"), sku="boots", name="Boots", old_price=PRICE, new_price=PRICE)
    for customer_id in (survivor, source) if first == "survivor" else (source, survivor):
        trigger = Trigger(
            TriggerKind.PRICE_FELL,
            new_id("evt"),
            system_clock(),
            Origin.system("test"),
            key=fell.change_id,
            sku=fell.sku,
            variables=variables_of(fell),
        )
        await hearing.enter(customer_id, trigger)
    await office.first_message(survivor)
    assert [message.purpose for message in await office.messages(survivor)] == ["price_alert"]
    client.close()
