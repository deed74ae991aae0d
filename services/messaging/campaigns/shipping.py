"""Puts the campaigns that come with the suite, where nobody has put one of that id: part of `migrate`.

`shipped/<campaign_id>.<active|draft>.txtpb` is one each. A company changes them as its own; it ends what it does not
want, and it is not put again.
"""

import random
from pathlib import Path
from typing import NoReturn

from google.protobuf import text_format

from libs.clock import system_clock
from libs.mongo.connection import Database
from libs.mongo.documents import Documents, SavedDocument
from libs.mongo.values import Decision
from libs.origin import Origin, Stamp
from omnithread.messaging.v1.campaign_pb2 import CampaignDefinition
from services.messaging.campaigns.definition import CampaignState
from services.messaging.campaigns.documents import CAMPAIGN_SHAPE, CAMPAIGNS, Campaign
from services.messaging.model import Overtaken

ABANDONED_CART = "abandoned_cart"
SHIPPED = Path(__file__).parent / "shipped"


def shipped_campaigns() -> dict[str, tuple[CampaignState, CampaignDefinition]]:
    """Read them, by id."""
    found = {}
    for file in sorted(SHIPPED.glob("*.txtpb")):
        campaign_id, state = file.name.removesuffix(".txtpb").split(".")
        text = text_format.Parse(file.read_text(encoding="utf-8"), CampaignDefinition())
        found[campaign_id] = (CampaignState(state.upper()), text)
    return found


async def put_shipped(database: Database, *, reminder_delay_seconds: float = 0) -> None:
    """Put those that are not there. Safe to repeat, and beside itself."""
    documents: Documents[Campaign] = Documents(
        database=database, collection=CAMPAIGNS, shape=CAMPAIGN_SHAPE, clock=system_clock, random=random.SystemRandom()
    )
    for campaign_id, (state, text) in shipped_campaigns().items():
        if (await documents.get(campaign_id)).exists:
            continue
        if campaign_id == ABANDONED_CART:
            text.steps[0].send.hold_seconds = round(reminder_delay_seconds)
        campaign = Campaign(
            campaign_id,
            state=state,
            version=1 if state is CampaignState.ACTIVE else 0,
            draft=text if state is CampaignState.DRAFT else None,
            text=text if state is CampaignState.ACTIVE else None,
            create_time=system_clock(),
        )

        def decide(saved: SavedDocument[Campaign], new: Campaign = campaign) -> Decision[Campaign, NoReturn]:
            if saved.exists:
                raise Overtaken
            return Decision(new)

        stamp = Stamp.internal(f"shipped:{campaign_id}", Origin.system("messaging-migrate"))
        try:
            await documents.run(campaign_id, stamp, decide)
        except Overtaken:
            continue
