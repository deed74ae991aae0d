"""Translates calls: one short method per RPC of `SegmentService`."""

from libs.mongo.documents import SavedDocument
from libs.rpc.call import stamp_of
from libs.rpc.pages import PageTokens, page_size
from omnithread.profile.v1 import segment_service_pb2 as pb
from omnithread.profile.v1.segment_service_pb2_grpc import SegmentServiceServicer
from services.profile.operations import Profiles
from services.profile.segment_book import SegmentBook
from services.profile.segment_fields import condition_to_proto, segment_from_proto, segment_to_proto
from services.profile.segments import Operator, Segment, Verdict, explain

SEGMENT_PAGES = PageTokens("profile.segments")
SAMPLE_SIZE, MOST_SAMPLE_SIZE = 100, 1000

WORDS = {
    Operator.EXISTS: "is there",
    Operator.EQUAL: "is the stated value",
    Operator.LESS: "is less or earlier than stated",
    Operator.AT_MOST: "is at most what is stated",
    Operator.GREATER: "is more or later than stated",
    Operator.AT_LEAST: "is at least what is stated",
    Operator.WITHIN_DAYS: "is at most so many days ago",
    Operator.OLDER_THAN_DAYS: "is more than so many days ago",
}


class SegmentServicer(SegmentServiceServicer):
    """Answers what channels ask of segments."""

    def __init__(self, *, book: SegmentBook, profiles: Profiles) -> None:
        self._book = book
        self._profiles = profiles

    async def PutSegment(self, request: pb.PutSegmentRequest, _context: object) -> pb.PutSegmentResponse:
        outcome = await self._book.put(segment_from_proto(request.segment), etag=request.etag, stamp=stamp_of(request))
        return pb.PutSegmentResponse(segment=segment_to_proto(outcome.saved), replayed=outcome.replayed)

    async def GetSegment(self, request: pb.GetSegmentRequest, _context: object) -> pb.GetSegmentResponse:
        return pb.GetSegmentResponse(segment=segment_to_proto(await self._book.get(request.segment_id)))

    async def ListSegments(self, request: pb.ListSegmentsRequest, _context: object) -> pb.ListSegmentsResponse:
        position = SEGMENT_PAGES.decode(request.page_token, owner="") or {"after_id": ""}
        found, following = await self._book.page(after_id=str(position["after_id"]), limit=page_size(request.page_size))
        return pb.ListSegmentsResponse(
            segments=[segment_to_proto(saved) for saved in found],
            next_page_token=SEGMENT_PAGES.encode({"after_id": following}, owner="") if following else "",
        )

    async def PreviewSegment(self, request: pb.PreviewSegmentRequest, _context: object) -> pb.PreviewSegmentResponse:
        preview = await self._book.preview(
            segment_from_proto(request.segment),
            sample_size=page_size(request.sample_size, SAMPLE_SIZE, MOST_SAMPLE_SIZE),
        )
        return pb.PreviewSegmentResponse(
            looked_at_count=preview.looked_at_count,
            member_count=preview.member_count,
            customer_ids=preview.customer_ids,
        )

    async def ExplainMembership(
        self, request: pb.ExplainMembershipRequest, _context: object
    ) -> pb.ExplainMembershipResponse:
        segment = await self._book.get(request.segment_id)
        saved = await self._profiles.get(request.customer_id)
        return explanation_to_proto(segment, explain(saved.state, segment.state, now=self._profiles.clock()))


def explanation_to_proto(
    segment: SavedDocument[Segment], verdicts: tuple[Verdict, ...]
) -> pb.ExplainMembershipResponse:
    """Write why somebody belongs to a segment or does not; the customer's value is not repeated."""
    groups = range(len(segment.state.all_of))
    fulfilled = {verdict.group for verdict in verdicts if verdict.fulfilled}
    return pb.ExplainMembershipResponse(
        member=segment.state.active and fulfilled == set(groups),
        segment_version=segment.version,
        verdicts=[
            pb.ConditionVerdict(
                condition=condition_to_proto(verdict.condition),
                group=verdict.group,
                fulfilled=verdict.fulfilled,
                explanation=_sentence(verdict),
            )
            for verdict in verdicts
        ],
    )


def _sentence(verdict: Verdict) -> str:
    """Say it for a person, as in `Fact.order_count is at least what is stated: yes`."""
    condition = verdict.condition
    if not verdict.is_there and condition.operator is not Operator.EXISTS:
        return f"{condition.field} is not there, so the condition cannot be fulfilled."
    words = WORDS[condition.operator]
    said = f"it is not so that {condition.field} {words}" if condition.negated else f"{condition.field} {words}"
    return f"{said[0].upper()}{said[1:]}: {'yes' if verdict.fulfilled else 'no'}."
