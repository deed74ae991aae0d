"""Translates calls: one short method per RPC of `CampaignService`, between the contract's words and the operations."""

from libs.errors import dependency_unavailable, invalid_field
from libs.mongo.documents import SavedDocument
from libs.rpc.call import stamp_of
from libs.rpc.pages import PageTokens, page_size
from libs.timestamps import from_timestamp, to_timestamp
from omnithread.messaging.v1 import campaign_pb2
from omnithread.messaging.v1 import campaign_service_pb2 as pb
from omnithread.messaging.v1.campaign_pb2 import CampaignDefinition
from omnithread.messaging.v1.campaign_service_pb2_grpc import CampaignServiceServicer
from services.messaging.campaigns.checking import FIRST_DATE, LAST_DATE
from services.messaging.campaigns.convert import (
    definition_from_proto,
    enrolment_to_proto,
    state_from_proto,
    state_to_proto,
)
from services.messaging.campaigns.customers import CustomerCampaigns
from services.messaging.campaigns.documents import Campaign
from services.messaging.campaigns.errors import campaign_state
from services.messaging.campaigns.operations import Campaigns
from services.messaging.campaigns.simulation import Simulating, Simulation, Wish
from services.messaging.campaigns.values import HeardOutcome
from services.messaging.deciding.sources import SourceAway

CAMPAIGN_PAGES = PageTokens("messaging.campaigns")
INLINE = "simulated"
"""How a campaign is called that is tried out without having been put."""


class CampaignServicer(CampaignServiceServicer):
    """Answers what is asked of campaigns."""

    def __init__(self, campaigns: Campaigns, *, customers: CustomerCampaigns, simulating: Simulating) -> None:
        self._campaigns = campaigns
        self._customers = customers
        self._simulating = simulating

    async def PutCampaign(self, request: pb.PutCampaignRequest, _context: object) -> pb.PutCampaignResponse:
        outcome = await self._campaigns.put(
            request.campaign_id, request.definition, etag=request.etag, stamp=stamp_of(request)
        )
        return pb.PutCampaignResponse(
            campaign=_shown(outcome.saved, outcome.saved.state.draft or outcome.saved.state.text),
            replayed=outcome.replayed,
        )

    async def GetCampaign(self, request: pb.GetCampaignRequest, _context: object) -> pb.GetCampaignResponse:
        saved, text, version = await self._campaigns.get(
            request.campaign_id, version=request.version, draft=request.draft
        )
        campaign = _shown(saved, text)
        campaign.version = version
        return pb.GetCampaignResponse(campaign=campaign)

    async def ListCampaigns(self, request: pb.ListCampaignsRequest, _context: object) -> pb.ListCampaignsResponse:
        state = state_from_proto(request.state)
        owner = str(state or "")
        position = CAMPAIGN_PAGES.decode(request.page_token, owner=owner) or {"after_id": ""}
        found, following = await self._campaigns.page(
            state=state, after_id=str(position["after_id"]), limit=page_size(request.page_size)
        )
        return pb.ListCampaignsResponse(
            campaigns=[_shown(saved, saved.state.text or saved.state.draft) for saved in found],
            next_page_token=CAMPAIGN_PAGES.encode({"after_id": following}, owner=owner) if following else "",
        )

    async def ActivateCampaign(
        self, request: pb.ActivateCampaignRequest, _context: object
    ) -> pb.ActivateCampaignResponse:
        outcome = await self._campaigns.activate(request.campaign_id, etag=request.etag, stamp=stamp_of(request))
        return pb.ActivateCampaignResponse(campaign=_counting(outcome.saved), replayed=outcome.replayed)

    async def PauseCampaign(self, request: pb.PauseCampaignRequest, _context: object) -> pb.PauseCampaignResponse:
        outcome = await self._campaigns.pause(request.campaign_id, etag=request.etag, stamp=stamp_of(request))
        return pb.PauseCampaignResponse(campaign=_counting(outcome.saved), replayed=outcome.replayed)

    async def EndCampaign(self, request: pb.EndCampaignRequest, _context: object) -> pb.EndCampaignResponse:
        outcome = await self._campaigns.end(request.campaign_id, etag=request.etag, stamp=stamp_of(request))
        return pb.EndCampaignResponse(campaign=_counting(outcome.saved), replayed=outcome.replayed)

    async def SimulateCampaign(
        self, request: pb.SimulateCampaignRequest, _context: object
    ) -> pb.SimulateCampaignResponse:
        try:
            return _simulation_to_proto(await self._simulating.simulate(await self._wish(request)))
        except SourceAway as away:
            raise dependency_unavailable(str(away)) from away

    async def ListEnrolments(self, request: pb.ListEnrolmentsRequest, _context: object) -> pb.ListEnrolmentsResponse:
        saved, found = await self._customers.list_enrolments(request.customer_id)
        return pb.ListEnrolmentsResponse(
            enrolments=[enrolment_to_proto(one, saved.customer_id) for one in found], head=saved.head()
        )

    async def ExitCampaign(self, request: pb.ExitCampaignRequest, _context: object) -> pb.ExitCampaignResponse:
        outcome, ended = await self._customers.take_out(
            request.customer_id, request.campaign_id, stamp=stamp_of(request)
        )
        return pb.ExitCampaignResponse(
            enrolments=[enrolment_to_proto(one, outcome.saved.customer_id) for one in ended],
            replayed=outcome.replayed,
            head=outcome.saved.head(),
        )

    async def _wish(self, request: pb.SimulateCampaignRequest) -> Wish:
        campaign_id, version = INLINE, 0
        text = request.definition
        if request.WhichOneof("campaign") == "campaign_id":
            saved, known, version = await self._campaigns.get(request.campaign_id, draft=True)
            if known is None:  # ended before it ever began: no text of it is left
                raise campaign_state(saved.state.state)
            campaign_id, text = saved.key, known
        definition = definition_from_proto(text)
        self._campaigns.check(definition)
        time = from_timestamp(request.time, field="time") if request.HasField("time") else None
        if time is not None and not FIRST_DATE <= time < LAST_DATE:
            raise invalid_field("time", f"is not within the years {FIRST_DATE.year} to {LAST_DATE.year - 1}")
        return Wish(
            customer_id=request.customer_id,
            campaign_id=campaign_id,
            version=version,
            definition=definition,
            subject=request.subject,
            time=time,
            opened_step_ids=frozenset(request.opened_step_ids),
        )


def _counting(saved: SavedDocument[Campaign]) -> campaign_pb2.Campaign:
    return _shown(saved, saved.state.text or saved.state.draft)


def _shown(saved: SavedDocument[Campaign], text: CampaignDefinition | None) -> campaign_pb2.Campaign:
    campaign = saved.state
    return campaign_pb2.Campaign(
        campaign_id=saved.key,
        state=state_to_proto(campaign.state),
        version=campaign.version,
        definition=text,
        is_draft=text is not None and text is campaign.draft,
        has_draft=campaign.draft is not None,
        etag=saved.etag(),
        create_time=to_timestamp(campaign.create_time) if campaign.create_time else None,
        update_time=to_timestamp(saved.update_time),
    )


def _simulation_to_proto(found: Simulation) -> pb.SimulateCampaignResponse:
    enters = found.outcome is HeardOutcome.ENTERED
    return pb.SimulateCampaignResponse(
        would_enter=enters,
        reason="" if enters else found.outcome.value,
        condition_index=found.failed_condition or 0,
        arm=found.arm,
        steps=[
            pb.SimulatedStep(
                step_id=step.taken.step_id,
                time=to_timestamp(step.taken.time),
                outcome=step.taken.outcome,
                verdict=step.verdict,
                verdict_reason=step.verdict_reason,
            )
            for step in found.steps
        ],
        end_reason=found.end_reason,
    )
