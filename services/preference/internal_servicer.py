"""Translates calls of the suite's own services: replay, heads, merging and its undoing, privacy, links in mails."""

from libs.errors import permission_denied
from libs.events.replay_service import answer_heads, answer_replay
from libs.merge_service import answer_merge_outcome, answer_release
from libs.mongo.privacy_service import answer_erase, answer_export, everybody
from libs.rpc.call import current_call, origin_of, stamp_of
from libs.rpc.reads_together import ReadsTogether
from libs.timestamps import from_timestamp, to_timestamp
from omnithread.preference.v1 import preference_internal_service_pb2 as pb
from omnithread.preference.v1.preference_events_pb2 import PreferenceEvent
from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceServicer
from services.preference.chain.heads import ErasedChains
from services.preference.links.operations import Links
from services.preference.links.views import (
    choices_from_proto,
    confirmation_link,
    label,
    message_link,
    page_from_proto,
    view_to_proto,
)
from services.preference.operations import PreferenceBook
from services.preference.privacy import HOLDINGS, eraser_over

WRITES_MESSAGES = "messaging"
SHOWS_PAGES = "door"


class PreferenceInternalServicer(PreferenceInternalServiceServicer):
    """Answers other services; the door lets nobody else in."""

    def __init__(
        self, book: PreferenceBook, links: Links, erased_chains: ErasedChains, reads_together: ReadsTogether
    ) -> None:
        self._book = book
        self._links = links
        self._erased_chains = erased_chains
        self._reads_together = reads_together
        self._eraser = eraser_over(book.records, book.database, book.clock, erased_chains)

    async def ReplayEvents(self, request: pb.ReplayEventsRequest, _context: object) -> pb.ReplayEventsResponse:
        return await answer_replay(
            self._book.records, request, event_type=PreferenceEvent, response_type=pb.ReplayEventsResponse
        )

    async def ListHeads(self, request: pb.ListHeadsRequest, _context: object) -> pb.ListHeadsResponse:
        return await answer_heads(
            self._book.records, request, area="preference", response_type=pb.ListHeadsResponse, clock=self._book.clock
        )

    async def AbsorbCustomer(self, request: pb.AbsorbCustomerRequest, _context: object) -> pb.AbsorbCustomerResponse:
        absorbed_now, survivor = await self._book.absorb(
            merge_id=request.merge_id,
            source_customer_id=request.source_customer_id,
            survivor_customer_id=request.survivor_customer_id,
            origin=origin_of(current_call()),
            merge_time=from_timestamp(request.merge_time) if request.HasField("merge_time") else None,
        )
        return pb.AbsorbCustomerResponse(absorbed_now=absorbed_now, head=survivor.head())

    async def ReleaseCustomer(self, request: pb.ReleaseCustomerRequest, _context: object) -> pb.ReleaseCustomerResponse:
        released = await self._book.release(
            merge_id=request.merge_id,
            source_customer_id=request.source_customer_id,
            survivor_customer_id=request.survivor_customer_id,
            source_session_ids=frozenset(request.source_session_ids),
            merge_time=from_timestamp(request.merge_time),
            origin=origin_of(current_call()),
        )
        return answer_release(released, response_type=pb.ReleaseCustomerResponse)

    async def GetMergeOutcome(self, request: pb.GetMergeOutcomeRequest, _context: object) -> pb.GetMergeOutcomeResponse:
        return await answer_merge_outcome(self._book.records, request, response_type=pb.GetMergeOutcomeResponse)

    async def ExportArea(self, request: pb.ExportAreaRequest, _context: object) -> pb.ExportAreaResponse:
        return await answer_export(self._book.database, HOLDINGS, request, response_type=pb.ExportAreaResponse)

    async def EraseArea(self, request: pb.EraseAreaRequest, _context: object) -> pb.EraseAreaResponse:
        await self._erased_chains.note_records(everybody(request))
        return await answer_erase(self._eraser, request, response_type=pb.EraseAreaResponse)

    async def CreateMessageLinks(
        self, request: pb.CreateMessageLinksRequest, _context: object
    ) -> pb.CreateMessageLinksResponse:
        _only(WRITES_MESSAGES)
        unsubscribing, centre = self._links.of_message(message_link(request))
        return pb.CreateMessageLinksResponse(unsubscribe_link=unsubscribing, preferences_link=centre)

    async def GetConfirmation(self, request: pb.GetConfirmationRequest, _context: object) -> pb.GetConfirmationResponse:
        _only(WRITES_MESSAGES)
        confirmation, saved = await self._links.confirming.to_deliver(request.customer_id, request.confirmation_id)
        language = saved.state.language
        return pb.GetConfirmationResponse(
            link=self._links.of_confirmation(confirmation_link(confirmation, language)),
            code=confirmation.code,
            contact_point=confirmation.key.contact_point,
            delivery_kind=confirmation.key.delivery_kind,
            purpose=confirmation.key.purpose,
            purpose_label=label(confirmation.key.purpose, self._links.purposes, language),
            language=language,
            brand=confirmation.brand,
            code_expire_time=to_timestamp(confirmation.code_expire_time),
        )

    async def ShowLink(self, request: pb.ShowLinkRequest, _context: object) -> pb.ShowLinkResponse:
        _only(SHOWS_PAGES)
        return pb.ShowLinkResponse(view=view_to_proto(await self._links.show(request.token), self._links.purposes))

    async def UseLink(self, request: pb.UseLinkRequest, _context: object) -> pb.UseLinkResponse:
        _only(SHOWS_PAGES)
        token, page, stamp = request.token, page_from_proto(request), stamp_of(request)
        match request.WhichOneof("action"):
            case "unsubscribe":
                everything = request.unsubscribe.scope == pb.UNSUBSCRIBE_SCOPE_ALL_MARKETING
                used = await self._links.unsubscribe(token, page, everything=everything, stamp=stamp)
            case "confirm":
                used = await self._links.confirm(token, page, stamp=stamp)
            case _:
                used = await self._links.save(token, choices_from_proto(request.save), page, stamp=stamp)
        return pb.UseLinkResponse(view=view_to_proto(used.view, self._links.purposes), replayed=used.replayed)

    async def ReadTogether(self, request: pb.ReadTogetherRequest, context: object) -> pb.ReadTogetherResponse:
        return await self._reads_together.answer(request, context, response_type=pb.ReadTogetherResponse)


def _only(service: str) -> None:
    """Let one service of the suite in. Raises CALLER_NOT_ALLOWED."""
    caller = current_call().caller.service
    if caller != service:
        raise permission_denied("CALLER_NOT_ALLOWED", f"{caller} has no business with links.")
