"""A database of its own with a campaign, and workers over it: what a killed process leaves behind is what is there."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn, cast

from libs.clock import system_clock
from libs.ids import new_id
from libs.mongo.connection import Client, Database, connect, database
from libs.mongo.documents import Documents, SavedDocument
from libs.mongo.migrate import migrate
from libs.mongo.record import Records
from libs.mongo.values import Decision
from libs.origin import Origin, Stamp
from services.messaging.campaigns.book import CampaignBook
from services.messaging.campaigns.documents import CAMPAIGN_INDEXES, CAMPAIGN_SHAPE, CAMPAIGNS
from services.messaging.campaigns.facts import CampaignSources
from services.messaging.campaigns.hearing import CampaignHearing
from services.messaging.campaigns.shipping import put_shipped
from services.messaging.campaigns.stepping import Stepper
from services.messaging.campaigns.values import Trigger, TriggerKind
from services.messaging.store import INDEXES, SHAPE
from services.messaging.texts.book import TemplateBook
from services.messaging.texts.fields import TEMPLATE_SHAPE, TEMPLATES
from services.messaging.texts.templates import Template
from services.messaging.texts.versions import TemplateVersions
from services.messaging.values import TemplateId


@dataclass(frozen=True, slots=True)
class Room:
    """A messaging database without a service."""

    client: Client
    database: Database
    epoch: str

    @classmethod
    async def open(cls, mongo_uri: str, name: str) -> "Room":
        """Make it, with the shipped campaigns and the template of reminders."""
        client = connect(mongo_uri, app_name="campaign-tests")
        made = database(client, name)
        epoch = await migrate(made, (*INDEXES, *CAMPAIGN_INDEXES), new_epoch=new_id("epo"))
        await put_shipped(made)
        templates = Documents(
            database=made, collection=TEMPLATES, shape=TEMPLATE_SHAPE, clock=system_clock, random=random.Random(1)
        )

        def decide(_saved: SavedDocument[Template]) -> Decision[Template, NoReturn]:
            return Decision(Template(TemplateId("cart_reminder")))

        await templates.run("cart_reminder", Stamp.internal("sample", Origin.system("test")), decide)
        return cls(client, made, epoch)

    def worker(self) -> tuple[CampaignHearing, Stepper]:
        """A process that hears and steps; it has no memory of those before it."""
        records = Records(
            database=self.database,
            shape=SHAPE,
            clock=system_clock,
            new_id=new_id,
            epoch=self.epoch,
            admit=None,
            on_saved=lambda _customer_id: None,
            random=random.Random(1),
        )
        campaigns = Documents(
            database=self.database,
            collection=CAMPAIGNS,
            shape=CAMPAIGN_SHAPE,
            clock=system_clock,
            random=random.Random(1),
        )
        templates = Documents(
            database=self.database,
            collection=TEMPLATES,
            shape=TEMPLATE_SHAPE,
            clock=system_clock,
            random=random.Random(1),
        )
        nobody = cast("Any", None)  # the campaign looks at nothing that others know
        book = CampaignBook(documents=campaigns, database=self.database)
        hearing = CampaignHearing(records=records, book=book, nudge=lambda _id: None, clock=system_clock)
        stepper = Stepper(
            records=records,
            book=book,
            templates=TemplateBook(
                documents=templates, versions=TemplateVersions(self.database), brands=nobody, clock=system_clock
            ),
            sources=CampaignSources(nobody, nobody, nobody, self.database),
            lifetime=timedelta(days=1),
            clock=system_clock,
            new_id=new_id,
        )
        return hearing, stepper


def abandoned_now(event_id: str) -> Trigger:
    """A cart that was just announced as left alone."""
    now = system_clock()
    origin = Origin.system("cart-sweep")
    return Trigger(TriggerKind.CART_ABANDONED, event_id, now, origin, cart_id="crt_1", idle_since_time=now)
