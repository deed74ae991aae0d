"""Who turned out to be one customer hears of a price once, though it was announced to both."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from google.type.money_pb2 import Money

from libs.clock import system_clock
from libs.ids import new_id
from libs.mongo.connection import connect, database
from libs.mongo.documents import Documents
from libs.mongo.epoch import read_epoch
from libs.mongo.record import Records
from libs.origin import Origin
from libs.purposes import DEFAULT_PURPOSES
from omnithread.context.v1.context_events_pb2 import PriceFell
from services.messaging.causes.price_alerts import Alert, AlertRules, PriceAlerts
from services.messaging.operations import Messages
from services.messaging.store import SHAPE
from services.messaging.texts.book import TemplateBook
from services.messaging.texts.fields import TEMPLATE_SHAPE, TEMPLATES
from services.messaging.texts.versions import TemplateVersions
from tests.services.messaging.office import Office
from tests.services.running import Services

PRICE = Money(currency_code="CHF", units=59)


async def alerts_beside(mongo_uri: str, services: Services) -> tuple[PriceAlerts, Any]:
    """Give what tells of prices, over the database of the messaging that runs."""
    client = connect(mongo_uri, app_name="price-alert-tests")
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
        database=named, collection=TEMPLATES, shape=TEMPLATE_SHAPE, clock=system_clock, random=random.Random(1)
    )
    messages = Messages(
        records=records,
        database=named,
        directory=cast("Any", None),  # for reads of channels only
        templates=TemplateBook(
            documents=documents,
            versions=TemplateVersions(named),
            brands=cast("Any", None),  # for what is put only
            clock=system_clock,
        ),
        purposes=DEFAULT_PURPOSES,
        reminders=cast("Any", None),
        lifetime=timedelta(days=1),
        nudge=lambda _customer_id: None,
        clock=system_clock,
        new_id=new_id,
    )
    return PriceAlerts(messages, AlertRules("price_alert", "price_alert", timedelta(days=1))), client


@pytest.mark.parametrize("first", ["survivor", "source"])
async def test_one_message_whichever_of_the_two_it_is_heard_for_first(
    office: Office, services: Services, mongo_uri: str, first: str
) -> None:
    survivor, source = await office.guest(), await office.guest()
    await office.absorb(new_id("mrg"), source, survivor)
    alerts, client = await alerts_beside(mongo_uri, services)
    fell = PriceFell(change_id=new_id("chg"), sku="boots", name="Boots", old_price=PRICE, new_price=PRICE)
    for customer_id in (survivor, source) if first == "survivor" else (source, survivor):
        await alerts.tell(customer_id, Alert(new_id("evt"), fell, Origin.system("test")))
    assert [message.purpose for message in await office.messages(survivor)] == ["price_alert"]
    client.close()
