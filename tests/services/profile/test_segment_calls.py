"""Segments as channels keep them, and customers as they enter and leave."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
import pytest

from libs.ids import new_id
from omnithread.profile.v1 import segment_pb2
from omnithread.profile.v1 import segment_service_pb2 as pb
from omnithread.profile.v1.profile_pb2 import Profile
from omnithread.profile.v1.profile_service_pb2 import IdentifyRequest
from omnithread.profile.v1.segment_pb2 import Segment, SegmentCondition, SegmentGroup
from omnithread.profile.v1.segment_service_pb2_grpc import SegmentServiceStub
from services.profile.service import SERVICE
from tests.services.profile.reception import (
    Reception,
    cookie,
    email,
    identify,
    reception_at,
    refusal,
    stamped,
    text,
    update,
)
from tests.services.running import Services

if TYPE_CHECKING:  # the classes of stubs on asyncio channels are known to type checkers only
    from omnithread.profile.v1.segment_service_pb2_grpc import SegmentServiceAsyncStub


@dataclass(frozen=True, slots=True)
class Marketing:
    """Who makes segments, and where customers come in."""

    segments: "SegmentServiceAsyncStub"
    reception: Reception

    async def put(self, segment: Segment, *, etag: str = "") -> Segment:
        return (await self.segments.PutSegment(stamped(pb.PutSegmentRequest(segment=segment, etag=etag)))).segment

    async def belongs(self, customer_id: str, *segments: Segment) -> Profile:
        """Wait until a customer belongs to exactly these."""
        wanted = sorted((one.segment_id, one.version) for one in segments)
        async with asyncio.timeout(60):
            while True:
                profile = await self.reception.profile(customer_id)
                if [(one.segment_id, one.segment_version) for one in profile.segments] == wanted:
                    return profile
                await asyncio.sleep(0.05)

    async def told(self, customer_id: str) -> list[tuple[str, str]]:
        """What others hear of a customer's segments."""
        events = await self.reception.events(customer_id)
        return [
            (str(event.WhichOneof("payload")), event.segment_entered.segment_id or event.segment_left.segment_id)
            for event in events
            if event.HasField("segment_entered") or event.HasField("segment_left")
        ]


@pytest.fixture
async def marketing(
    mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Marketing]:
    """Give two replicas of profile with an empty database; one is asked for customers, the other for segments."""
    async with Services(
        mongo_uri=mongo_uri,
        kafka_bootstrap=kafka_bootstrap,
        prefix=unique_prefix,
        state=tmp_path_factory.mktemp("marketing"),
    ) as services:
        first, second = [
            await services.start(SERVICE, segment_refresh_seconds=0.2, segment_sweep_seconds=0.5) for _ in range(2)
        ]
        segments = SegmentServiceStub(services.bare("call-centre", to=second))
        yield Marketing(segments, reception_at(services, first))


def gold(segment_id: str = "", *, negated: bool = False, active: bool = True, tier: str = "gold") -> Segment:
    """Those whose trait says so."""
    condition = SegmentCondition(
        field="trait.tier", operator=segment_pb2.SEGMENT_OPERATOR_EQUAL, string_value=tier, negated=negated
    )
    return Segment(
        segment_id=segment_id or f"gold-{new_id('s')[-12:].lower()}",
        description="For whom the good wine is",
        all_of=[SegmentGroup(any_of=[condition])],
        active=active,
    )


async def test_customers_enter_and_leave_with_what_changes_them_and_with_the_rule(marketing: Marketing) -> None:
    reception = marketing.reception
    before = (await reception.web.Identify(identify(cookie(), traits=[text("tier", "gold")]))).profile
    other = (await reception.web.Identify(identify(cookie()))).profile
    segment = await marketing.put(gold())
    assert segment.version == 1
    entered = await marketing.belongs(before.customer_id, segment)
    assert entered.segments[0].enter_time.seconds > 0
    assert await marketing.told(before.customer_id) == [("segment_entered", segment.segment_id)]
    assert (await reception.profile(other.customer_id)).version == other.version  # nobody's state changed

    known = await reception.web.Identify(identify(cookie(), email(), traits=[text("tier", "gold")]))
    await marketing.belongs(known.profile.customer_id, segment)
    await reception.web.UpdateProfile(update(known.profile.customer_id, "traits", traits=[text("tier", "silver")]))
    await marketing.belongs(known.profile.customer_id)
    assert await marketing.told(known.profile.customer_id) == [
        ("segment_entered", segment.segment_id),
        ("segment_left", segment.segment_id),
    ]

    silver = await marketing.put(gold(segment.segment_id, tier="silver"), etag=segment.etag)
    await marketing.belongs(known.profile.customer_id, silver)
    await marketing.belongs(before.customer_id)
    gone = await marketing.put(gold(segment.segment_id, tier="silver", active=False))
    assert gone.version == 3
    await marketing.belongs(known.profile.customer_id)
    assert len(await marketing.told(known.profile.customer_id)) == 4


async def test_a_merged_guest_brings_what_makes_a_member(marketing: Marketing) -> None:
    segment = await marketing.put(gold())
    visitor, address = cookie(), email()
    await marketing.reception.web.Identify(identify(address))
    guest = await marketing.reception.web.Identify(identify(visitor, traits=[text("tier", "gold")]))
    await marketing.belongs(guest.profile.customer_id, segment)
    merged = await marketing.reception.web.Identify(identify(visitor, address))
    await marketing.belongs(merged.profile.customer_id, segment)
    assert merged.profile.customer_id != guest.profile.customer_id


async def test_segments_are_kept_listed_and_changed_like_everything_else(marketing: Marketing) -> None:
    first, second = await marketing.put(gold("a-segment")), await marketing.put(gold("b-segment"))
    request = stamped(pb.PutSegmentRequest(segment=gold("c-segment")))
    made = await marketing.segments.PutSegment(request)
    again = await marketing.segments.PutSegment(request)
    assert (made.replayed, again.replayed, again.segment) == (False, True, made.segment)
    assert (await marketing.segments.GetSegment(pb.GetSegmentRequest(segment_id="a-segment"))).segment == first
    page = await marketing.segments.ListSegments(pb.ListSegmentsRequest(page_size=2))
    rest = await marketing.segments.ListSegments(pb.ListSegmentsRequest(page_size=2, page_token=page.next_page_token))
    assert (list(page.segments), list(rest.segments)) == ([first, second], [made.segment])
    assert rest.next_page_token == ""
    stale = stamped(pb.PutSegmentRequest(segment=gold("a-segment"), etag=second.etag))
    assert (await refusal(marketing.segments.PutSegment(stale))).reason == "ETAG_MISMATCH"
    unknown = marketing.segments.GetSegment(pb.GetSegmentRequest(segment_id="d-segment"))
    refused = await refusal(unknown)
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "SEGMENT_NOT_FOUND")
    senseless = gold("e-segment")
    senseless.all_of[0].any_of[0].field = "fact.shoe_size"
    refused = await refusal(marketing.segments.PutSegment(stamped(pb.PutSegmentRequest(segment=senseless))))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "SEGMENT_INVALID")
    assert [one.field for one in refused.fields] == ["segment.all_of[0].any_of[0].field"]


async def test_there_are_at_most_a_hundred_segments(marketing: Marketing) -> None:
    for number in range(100):
        await marketing.put(gold(f"s{number}", active=False))
    full = stamped(pb.PutSegmentRequest(segment=gold("one-more")))
    refused = await refusal(marketing.segments.PutSegment(full))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "SEGMENT_LIMIT")
    assert (await marketing.put(gold("s7"))).version == 2


async def test_a_rule_is_tried_before_it_is_kept_and_explained_afterwards(marketing: Marketing) -> None:
    members = {
        (await marketing.reception.web.Identify(identify(cookie(), traits=[text("tier", "gold")]))).profile.customer_id
        for _ in range(3)
    }
    other = (await marketing.reception.web.Identify(identify(cookie()))).profile.customer_id
    preview = await marketing.segments.PreviewSegment(pb.PreviewSegmentRequest(segment=gold()))
    assert (preview.looked_at_count, preview.member_count, set(preview.customer_ids)) == (4, 3, members)
    newest = await marketing.segments.PreviewSegment(pb.PreviewSegmentRequest(segment=gold(), sample_size=1))
    assert (newest.looked_at_count, newest.member_count) == (1, 0)

    segment = await marketing.put(gold())
    told = {
        customer_id: await marketing.segments.ExplainMembership(
            pb.ExplainMembershipRequest(customer_id=customer_id, segment_id=segment.segment_id)
        )
        for customer_id in (min(members), other)
    }
    inside, outside = told[min(members)], told[other]
    assert (inside.member, outside.member, inside.segment_version) == (True, False, 1)
    assert inside.verdicts[0].explanation == "Trait.tier is the stated value: yes."
    assert outside.verdicts[0].explanation == "trait.tier is not there, so the condition cannot be fulfilled."
    assert "gold" not in inside.verdicts[0].explanation
    nobody = pb.ExplainMembershipRequest(customer_id="cus_nobody", segment_id=segment.segment_id)
    assert (await refusal(marketing.segments.ExplainMembership(nobody))).reason == "CUSTOMER_NOT_FOUND"


async def test_what_changes_a_customer_changes_the_memberships_in_the_same_answer(marketing: Marketing) -> None:
    """On a replica that knows the segment."""
    segment = await marketing.put(gold())
    await marketing.belongs((await marketing.reception.web.Identify(gold_customer())).profile.customer_id, segment)
    async with asyncio.timeout(60):
        while not (entered := (await marketing.reception.web.Identify(gold_customer())).profile).segments:
            await asyncio.sleep(0.05)
    silver = update(entered.customer_id, "traits", traits=[text("tier", "silver")])
    assert list((await marketing.reception.web.UpdateProfile(silver)).profile.segments) == []
    assert len(await marketing.told(entered.customer_id)) == 2


def gold_customer() -> IdentifyRequest:
    return identify(cookie(), traits=[text("tier", "gold")])
