"""Translates calls: one short method per RPC of `PreferenceService`."""

from libs.rpc.call import current_call, stamp_of
from libs.rpc.pages import PageTokens, page_size
from libs.rpc.written import Written
from omnithread.preference.v1 import preference_service_pb2 as pb
from omnithread.preference.v1.preference_pb2 import ConsentState
from omnithread.preference.v1.preference_service_pb2_grpc import PreferenceServiceServicer
from services.preference.confirming.operations import Confirming
from services.preference.convert import (
    preferences_from_proto,
    preferences_to_proto,
    record_to_answer,
    record_to_proto,
    statement_from_request,
)
from services.preference.operations import PreferenceBook

RECORD_PAGES = PageTokens("preference.consent_records")


class PreferenceServicer(PreferenceServiceServicer):
    """Answers what channels ask of preferences and consents."""

    def __init__(self, book: PreferenceBook, confirming: Confirming) -> None:
        self._book = book
        self._confirming = confirming
        self._written = Written(record_to_answer)

    async def GetPreferences(self, request: pb.GetPreferencesRequest, _context: object) -> pb.GetPreferencesResponse:
        saved = await self._book.get(request.customer_id)
        return self._written.of(saved.customer_id, saved)

    async def BatchGetPreferences(
        self, request: pb.BatchGetPreferencesRequest, _context: object
    ) -> pb.BatchGetPreferencesResponse:
        found = await self._book.get_many(request.customer_ids)
        return pb.BatchGetPreferencesResponse(
            preferences=[
                pb.BatchPreferences(
                    requested_customer_id=asked,
                    preferences=preferences_to_proto(found[asked]),
                    head=found[asked].head(),
                )
                for asked in request.customer_ids
                if asked in found
            ]
        )

    async def UpdatePreferences(
        self, request: pb.UpdatePreferencesRequest, _context: object
    ) -> pb.UpdatePreferencesResponse:
        outcome = await self._book.update(
            request.preferences.customer_id,
            preferences_from_proto(request.preferences),
            request.update_mask.paths,
            etag=request.etag,
            stamp=stamp_of(request),
        )
        return pb.UpdatePreferencesResponse(
            preferences=preferences_to_proto(outcome.saved), replayed=outcome.replayed, head=outcome.saved.head()
        )

    async def SetConsent(self, request: pb.SetConsentRequest, _context: object) -> pb.SetConsentResponse:
        outcome = await self._confirming.set_consent(
            request.customer_id,
            statement_from_request(request),
            etag=request.etag,
            stamp=stamp_of(request),
            brand=current_call().caller.brand,
        )
        return pb.SetConsentResponse(
            preferences=preferences_to_proto(outcome.saved),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
            record_id=outcome.facts["record_id"],
            record_state=ConsentState.ValueType(int(outcome.facts.get("state", request.state))),
        )

    async def ListConsentRecords(
        self, request: pb.ListConsentRecordsRequest, _context: object
    ) -> pb.ListConsentRecordsResponse:
        position = RECORD_PAGES.decode(request.page_token, owner=request.customer_id)
        customer_id, records, following = await self._book.list_records(
            request.customer_id, position=position, limit=page_size(request.page_size)
        )
        return pb.ListConsentRecordsResponse(
            records=[record_to_proto(record, customer_id) for record in records],
            next_page_token=RECORD_PAGES.encode(following, owner=request.customer_id) if following else "",
        )
