"""Translates calls: the RPC of `CampaignReportService`."""

from omnithread.messaging.v1 import campaign_report_service_pb2 as pb
from omnithread.messaging.v1.campaign_report_service_pb2_grpc import CampaignReportServiceServicer
from services.messaging.campaigns.reporting.convert import asked_from_proto, report_to_proto
from services.messaging.campaigns.reporting.reports import Reports


class CampaignReportServicer(CampaignReportServiceServicer):
    """Answers what marketing asks."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    async def GetCampaignReport(
        self, request: pb.GetCampaignReportRequest, _context: object
    ) -> pb.GetCampaignReportResponse:
        report = await self._reports.count(asked_from_proto(request))
        return pb.GetCampaignReportResponse(report=report_to_proto(report))
