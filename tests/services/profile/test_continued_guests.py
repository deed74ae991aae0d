"""A guest handed over their visit: whoever goes on with it elsewhere and proves who they are is that guest too."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode

from libs.telemetry.journey import journey_labels
from omnithread.profile.v1 import identity_service_pb2 as identity_pb
from omnithread.profile.v1 import profile_internal_service_pb2 as internal_pb
from omnithread.profile.v1 import profile_pb2
from omnithread.profile.v1 import profile_service_pb2 as pb
from omnithread.profile.v1.profile_pb2 import Identifier
from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from services.profile.model import MERGE_AREAS
from services.profile.service import SERVICE as PROFILE
from tests.services.calls import refusal, stamped
from tests.services.profile.reception import Reception, cookie, email, identify, reception_at
from tests.services.running import Services

if TYPE_CHECKING:  # the classes of stubs on asyncio channels are known to type checkers only
    from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub


@dataclass(frozen=True, slots=True)
class Handing:
    """Profile as the aggregator calls it for the app, after something was handed over."""

    at: Reception
    own: "ProfileServiceAsyncStub"

    async def guest(self) -> str:
        return (await self.at.web.Identify(identify(cookie()))).profile.customer_id

    async def known(self) -> tuple[str, Identifier]:
        address = email()
        return (await self.at.web.Identify(identify(address))).profile.customer_id, address

    async def go_on(self, guest: str, *identifiers: Identifier) -> pb.IdentifyResponse:
        return await self.send(stamped(pb.IdentifyRequest(identifiers=identifiers, continued_guest_id=guest)))

    async def send(self, request: pb.IdentifyRequest) -> pb.IdentifyResponse:
        with journey_labels(channel_id="mobile-app"):
            return await self.own.Identify(request)


@pytest.fixture(scope="package")
async def handing(services: Services) -> Handing:
    running = await services.start(PROFILE)
    return Handing(
        at=reception_at(services, running), own=ProfileServiceStub(services.as_service("aggregator", to=running))
    )


async def test_a_guest_is_joined_to_the_customer_who_goes_on_and_the_merge_says_why(handing: Handing) -> None:
    guest = await handing.guest()
    known, address = await handing.known()
    request = stamped(pb.IdentifyRequest(identifiers=[address, cookie()], continued_guest_id=guest))
    joined = await handing.send(request)
    assert (joined.profile.customer_id, joined.outcome) == (known, pb.IDENTIFY_OUTCOME_MERGED)
    again = await handing.send(request)
    assert (again.replayed, again.outcome, again.profile.customer_id) == (True, pb.IDENTIFY_OUTCOME_MERGED, known)
    (merge,) = again.profile.merges
    assert (merge.source_customer_id, merge.rule) == (guest, profile_pb2.MERGE_RULE_HANDED_OVER)
    assert merge.channel.id == "mobile-app"
    explained = await handing.at.identity.ExplainIdentity(identity_pb.ExplainIdentityRequest(customer_id=known))
    assert any("handed over their visit" in sentence for sentence in explained.sentences)


async def test_whom_nobody_knew_is_the_guest_with_what_they_prove(handing: Handing) -> None:
    guest = await handing.guest()
    address = email()
    request = stamped(pb.IdentifyRequest(identifiers=[address], continued_guest_id=guest))
    linked = await handing.send(request)
    assert (linked.profile.customer_id, linked.outcome) == (guest, pb.IDENTIFY_OUTCOME_LINKED)
    assert (await handing.send(request)).replayed
    assert (await handing.at.web.Identify(identify(address))).profile.customer_id == guest


async def test_of_two_guests_the_older_remains(handing: Handing) -> None:
    older, browser = await handing.guest(), cookie()
    younger = (await handing.at.web.Identify(identify(browser))).profile.customer_id
    request = stamped(pb.IdentifyRequest(identifiers=[browser], continued_guest_id=older))
    joined = await handing.send(request)
    assert (joined.profile.customer_id, joined.outcome) == (older, pb.IDENTIFY_OUTCOME_MERGED)
    (merge,) = joined.profile.merges
    assert (merge.source_customer_id, merge.rule) == (younger, profile_pb2.MERGE_RULE_HANDED_OVER)
    assert (await handing.send(request)).replayed


async def test_who_is_known_is_never_joined_by_a_hand_over(handing: Handing) -> None:
    anna, _ = await handing.known()
    ben, of_ben = await handing.known()
    answer = await handing.go_on(anna, of_ben, cookie())
    assert answer.profile.customer_id == ben
    assert not answer.profile.merges
    assert not (await handing.at.profile(anna)).merges
    somebody = await handing.go_on(anna, email())
    assert somebody.outcome == pb.IDENTIFY_OUTCOME_CREATED
    assert somebody.profile.customer_id != anna


async def test_a_guest_whom_nobody_knows_is_left_out(handing: Handing) -> None:
    known, address = await handing.known()
    answer = await handing.go_on("cus_nobody", address)
    assert (answer.profile.customer_id, answer.outcome) == (known, pb.IDENTIFY_OUTCOME_FOUND)


async def test_who_was_parted_stays_apart(handing: Handing) -> None:
    guest = await handing.guest()
    known, address = await handing.known()
    merge = (await handing.go_on(guest, address)).profile.merges[0]
    await handing.at.identity.UnmergeCustomers(
        stamped(identity_pb.UnmergeCustomersRequest(customer_id=known, merge_id=merge.merge_id, reason="Two people."))
    )
    for area in MERGE_AREAS:
        await handing.at.internal.CompleteUnmerge(
            internal_pb.CompleteUnmergeRequest(merge_id=merge.merge_id, survivor_customer_id=known, area=area)
        )
    answer = await handing.go_on(guest, address)
    assert (answer.profile.customer_id, answer.outcome) == (known, pb.IDENTIFY_OUTCOME_FOUND)
    assert (await handing.at.profile(guest)).customer_id == guest


async def test_a_guest_is_joined_once_whoever_goes_on_at_the_same_moment(handing: Handing) -> None:
    guest = await handing.guest()
    known, address = await handing.known()
    answers = await asyncio.gather(*(handing.go_on(guest, address, cookie()) for _ in range(8)))
    assert {answer.profile.customer_id for answer in answers} == {known}
    assert len((await handing.at.profile(known)).merges) == 1


async def test_of_two_who_go_on_with_one_guest_one_is_joined_and_the_other_stays_themselves(handing: Handing) -> None:
    for _ in range(5):
        guest = await handing.guest()
        anna, of_anna = await handing.known()
        ben, of_ben = await handing.known()
        answers = await asyncio.gather(handing.go_on(guest, of_anna), handing.go_on(guest, of_ben))
        assert [answer.profile.customer_id for answer in answers] == [anna, ben]
        merges = [len((await handing.at.profile(customer)).merges) for customer in (anna, ben)]
        assert sorted(merges) == [0, 1]


async def test_a_channel_cannot_say_so_itself(handing: Handing) -> None:
    guest = await handing.guest()
    refused = await refusal(handing.at.web.Identify(identify(email(), continued_guest_id=guest)))
    assert (refused.code, refused.reason) == (StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")
