"""Wires the numbers of campaigns."""

from dataclasses import dataclass
from functools import partial

from libs.mongo.record import Records
from libs.rpc.server import Registration
from libs.service import Foundation
from omnithread.messaging.v1.campaign_report_service_pb2_grpc import add_CampaignReportServiceServicer_to_server
from services.messaging.campaigns.documents import CAMPAIGN_SHAPE, CAMPAIGNS
from services.messaging.campaigns.reporting.crediting import Crediting
from services.messaging.campaigns.reporting.meters import CampaignMeters
from services.messaging.campaigns.reporting.reports import Reports
from services.messaging.campaigns.reporting.servicer import CampaignReportServicer
from services.messaging.events import Event
from services.messaging.values import Messaging


@dataclass(frozen=True, slots=True)
class ReportingParts:
    """What the rest of messaging uses of the numbers."""

    crediting: Crediting
    registration: Registration


def reporting_parts(
    foundation: Foundation, *, records: Records[Messaging, Event], meters: CampaignMeters
) -> ReportingParts:
    """Put the parts together."""
    campaigns = foundation.documents(CAMPAIGNS, CAMPAIGN_SHAPE)
    reports = Reports(database=foundation.database, records=records, campaigns=campaigns, clock=foundation.clock)
    return ReportingParts(
        crediting=Crediting(records, meters),
        registration=partial(add_CampaignReportServiceServicer_to_server, CampaignReportServicer(reports)),
    )
