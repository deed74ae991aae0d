"""Puts together what concerns campaigns: their texts, who enters and leaves, and the steps that are due."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from libs.service import Foundation
from services.messaging.campaigns.book import CampaignBook
from services.messaging.campaigns.customers import CustomerCampaigns
from services.messaging.campaigns.documents import CAMPAIGN_SHAPE, CAMPAIGNS
from services.messaging.campaigns.facts import CampaignSources
from services.messaging.campaigns.hearing import CampaignHearing
from services.messaging.campaigns.operations import Campaigns
from services.messaging.campaigns.servicer import CampaignServicer
from services.messaging.campaigns.simulation import Simulating
from services.messaging.campaigns.stepping import Stepper
from services.messaging.deciding.preparing import Preparing
from services.messaging.deciding.sources import Sources
from services.messaging.deciding.time_zones import TimeZones
from services.messaging.events import Event
from services.messaging.operations import Messages

if TYPE_CHECKING:  # the classes of stubs on an asyncio channel are known to type checkers only
    from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceAsyncStub


@dataclass(frozen=True, slots=True)
class CampaignParts:
    """The parts that know campaigns."""

    hearing: CampaignHearing
    stepper: Stepper
    servicer: CampaignServicer
    book: CampaignBook


def campaign_parts(
    foundation: Foundation,
    *,
    messages: Messages,
    sources: Sources,
    profile_internal: "ProfileInternalServiceAsyncStub",
    time_zones: TimeZones,
    preparing: Preparing,
    purposes: Collection[str],
    lifetime: timedelta,
    nudge: Callable[[str], None],
    count: Callable[[Iterable[Event]], None],
) -> CampaignParts:
    """Put them together."""
    database, clock, records = foundation.database, foundation.clock, messages.records
    documents = foundation.documents(CAMPAIGNS, CAMPAIGN_SHAPE)
    book = CampaignBook(documents=documents, database=database)
    campaign_sources = CampaignSources(sources, profile_internal, time_zones, database)
    campaigns = Campaigns(
        documents=documents,
        database=database,
        book=book,
        templates=messages.templates,
        purposes=frozenset(purposes),
        clock=clock,
    )
    simulating = Simulating(
        messages=messages,
        sources=sources,
        campaign_sources=campaign_sources,
        preparing=preparing,
        lifetime=lifetime,
        clock=clock,
        new_id=foundation.new_id,
    )
    return CampaignParts(
        hearing=CampaignHearing(records=records, book=book, nudge=nudge, clock=clock, count=count),
        stepper=Stepper(
            records=records,
            book=book,
            templates=messages.templates,
            sources=campaign_sources,
            lifetime=lifetime,
            clock=clock,
            new_id=foundation.new_id,
            tracer=foundation.tracer,
            count=count,
        ),
        servicer=CampaignServicer(
            campaigns, customers=CustomerCampaigns(records, messages, clock), simulating=simulating
        ),
        book=book,
    )
