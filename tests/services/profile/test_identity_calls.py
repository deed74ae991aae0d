"""What staff asks about who is who, and what the other services tell profile about it, over the wire."""

from grpc import StatusCode

from omnithread.common.v1 import merge_pb2
from omnithread.profile.v1 import identity_service_pb2 as pb
from omnithread.profile.v1 import profile_internal_service_pb2 as internal_pb
from omnithread.profile.v1 import profile_pb2
from services.profile.model import MERGE_AREAS
from tests.services.profile.reception import Reception, card, email, identify, refusal, stamped

MERGE = "Both are Anna Meier."


async def test_a_merge_is_explained_undone_and_done_everywhere(reception: Reception) -> None:
    guest, answer = await reception.merged()
    anna, (merge,) = answer.profile.customer_id, answer.profile.merges
    assert merge.rule == profile_pb2.MERGE_RULE_GUEST_RECOGNISED
    assert sorted(one.kind for one in merge.evidence) == [
        profile_pb2.IDENTIFIER_KIND_EMAIL,
        profile_pb2.IDENTIFIER_KIND_COOKIE,
    ]
    assert answer.entrance_customer_id == anna

    asked = internal_pb.GetMergeOutcomeRequest(merge_id=merge.merge_id, survivor_customer_id=anna)
    outcome = await reception.internal.GetMergeOutcome(asked)
    assert outcome.merge.merge_id == merge.merge_id
    assert [(one.kind, one.name, one.action) for one in outcome.things] == [
        ("identifier", "cookie", merge_pb2.MERGE_ACTION_KEPT)
    ]

    why = await reception.identity.ExplainIdentity(pb.ExplainIdentityRequest(customer_id=guest))
    assert why.customer_id == anna
    assert [one.first_customer_id for one in why.identifiers] == [anna, guest]
    assert len(why.sentences) == 4
    assert "example.com" not in " ".join(why.sentences)

    request = stamped(pb.UnmergeCustomersRequest(customer_id=anna, merge_id=merge.merge_id, reason="Two people."))
    undone = await reception.identity.UnmergeCustomers(request)
    assert (undone.survivor.customer_id, undone.restored.customer_id) == (anna, guest)
    assert (undone.merge.unmerge_actor_id, undone.merge.unmerge_reason) == ("ben", "Two people.")
    assert list(undone.merge.unmerge_pending_areas) == list(MERGE_AREAS)
    assert (await reception.identity.UnmergeCustomers(request)).replayed
    for n, area in enumerate(MERGE_AREAS, start=1):
        left = await reception.internal.CompleteUnmerge(
            internal_pb.CompleteUnmergeRequest(merge_id=merge.merge_id, survivor_customer_id=anna, area=area)
        )
        assert list(left.pending_areas) == list(MERGE_AREAS[n:])
    listed = await reception.identity.ListMerges(pb.ListMergesRequest(customer_id=anna))
    assert [(one.merge_id, list(one.unmerge_pending_areas)) for one in listed.merges] == [(merge.merge_id, [])]
    assert (await reception.events(anna))[-1].customers_unmerged.source_customer_id == guest
    assert (await reception.events(guest))[-1].customer_released.survivor_customer_id == anna
    assert (await reception.profile(guest)).customer_id == guest


async def test_staff_joins_two_customers_and_lists_what_was_joined_page_by_page(reception: Reception) -> None:
    addresses = [email(), email(), email()]
    first, *others = [(await reception.web.Identify(identify(one))).profile.customer_id for one in addresses]
    for other in others:
        request = pb.MergeCustomersRequest(customer_id=other, other_customer_id=first, reason=MERGE)
        answer = await reception.identity.MergeCustomers(stamped(request))
        assert (answer.profile.customer_id, answer.merge.source_customer_id) == (first, other)
        assert (answer.merge.rule, answer.merge.actor_id) == (profile_pb2.MERGE_RULE_STAFF_DECIDED, "ben")
    page = await reception.identity.ListMerges(pb.ListMergesRequest(customer_id=first, page_size=1))
    assert [one.source_customer_id for one in page.merges] == [others[1]]
    following = pb.ListMergesRequest(customer_id=first, page_size=1, page_token=page.next_page_token)
    last = await reception.identity.ListMerges(following)
    assert ([one.source_customer_id for one in last.merges], last.next_page_token) == ([others[0]], "")
    found = await reception.web.Identify(identify(addresses[2]))
    assert (found.profile.customer_id, found.entrance_customer_id) == (first, others[1])


async def test_a_channel_without_staff_joins_and_parts_nobody(reception: Reception) -> None:
    _, answer = await reception.merged()
    anna = answer.profile.customer_id
    other = (await reception.web.Identify(identify(card()))).profile.customer_id
    merging = stamped(pb.MergeCustomersRequest(customer_id=anna, other_customer_id=other, reason=MERGE))
    parting = pb.UnmergeCustomersRequest(
        customer_id=anna, merge_id=answer.profile.merges[0].merge_id, reason="Two people."
    )
    for call in (
        reception.identity_on_web.MergeCustomers(merging),
        reception.identity_on_web.UnmergeCustomers(stamped(parting)),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (StatusCode.PERMISSION_DENIED, "ACTOR_REQUIRED")


async def test_what_cannot_be_says_why(reception: Reception) -> None:
    _, answer = await reception.merged()
    anna, merge_id = answer.profile.customer_id, answer.profile.merges[0].merge_id
    same = pb.MergeCustomersRequest(customer_id=anna, other_customer_id=anna, reason=MERGE)
    refused = await refusal(reception.identity.MergeCustomers(stamped(same)))
    assert (refused.code, refused.reason, refused.metadata["because"]) == (
        StatusCode.FAILED_PRECONDITION,
        "MERGE_NOT_POSSIBLE",
        "one_already",
    )
    unknown = pb.UnmergeCustomersRequest(customer_id=anna, merge_id="mrg_unknown", reason="Two people.")
    assert (await refusal(reception.identity.UnmergeCustomers(stamped(unknown)))).reason == "MERGE_NOT_FOUND"
    undoing = pb.UnmergeCustomersRequest(customer_id=anna, merge_id=merge_id, reason="Two people.")
    await reception.identity.UnmergeCustomers(stamped(undoing))
    refused = await refusal(reception.identity.UnmergeCustomers(stamped(undoing)))
    assert (refused.reason, refused.metadata["because"]) == ("UNMERGE_NOT_POSSIBLE", "undone")
    for nobody in (pb.ListMergesRequest(customer_id="cus_nobody"),):
        assert (await refusal(reception.identity.ListMerges(nobody))).reason == "CUSTOMER_NOT_FOUND"
    token = pb.ListMergesRequest(customer_id=anna, page_token="nonsense")
    assert (await refusal(reception.identity.ListMerges(token))).reason == "PAGE_TOKEN_INVALID"
    empty = pb.UnmergeCustomersRequest(customer_id=anna, merge_id=merge_id, reason="")
    assert (await refusal(reception.identity.UnmergeCustomers(stamped(empty)))).code is StatusCode.INVALID_ARGUMENT
