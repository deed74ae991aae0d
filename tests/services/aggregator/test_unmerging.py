"""Two customers were taken for one by mistake, and are two again in every service; what a merge did can be asked."""

import asyncio
from collections.abc import Iterable

import grpc
import pytest

import omnithread
from libs.ids import new_id
from omnithread.context.v1 import context_pb2 as context
from omnithread.context.v1 import context_service_pb2 as pb
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from omnithread.profile.v1.identity_service_pb2 import (
    ListMergesRequest,
    MergeCustomersRequest,
    UnmergeCustomersRequest,
    UnmergeCustomersResponse,
)
from omnithread.profile.v1.profile_pb2 import Identifier
from services.cart.service import SERVICE as CART
from services.messaging.service import SERVICE as MESSAGING
from tests.services.aggregator.company import (
    FOUR,
    Company,
    company_at,
    item,
    login,
    named,
    start_stoppable,
    summaries,
    visitor,
)
from tests.services.calls import until
from tests.services.running import Services

MESSAGING_IS_AWAY = {(context.SECTION_MESSAGING, context.SECTION_PROBLEM_REASON_UNAVAILABLE)}


async def shopper(company: Company, who: Identifier, sku: str) -> str:
    """Somebody with a proven address, something in the cart, and something to say; their id."""
    session = await company.web.start_session([who])
    with session.carry():
        await company.web.cart.AddItem(item(session.customer_id, sku))
        await look(company.web, session.customer_id, sku)
        await say(company.web, session.customer_id, sku)
    return session.customer_id


async def look(channel: omnithread.Omnithread, customer_id: str, sku: str) -> None:
    await channel.context.RecordTouchpoint(
        RecordTouchpointRequest(customer_id=customer_id, kind=context.TOUCHPOINT_KIND_PRODUCT_VIEWED, subject=sku)
    )


async def say(channel: omnithread.Omnithread, customer_id: str, text: str) -> None:
    await channel.messaging.PostMessage(
        PostMessageRequest(customer_id=customer_id, topic="order", author=AUTHOR_CUSTOMER, text=text)
    )


async def merged(company: Company, one: str, other: str) -> str:
    """Staff take two for one person; gives the id of the merge."""
    answer = await company.call_centre.identity.MergeCustomers(
        MergeCustomersRequest(customer_id=one, other_customer_id=other, reason="same name")
    )
    assert answer.profile.customer_id == one  # the older one remains
    return answer.merge.merge_id


async def undone(company: Company, customer_id: str, merge_id: str) -> UnmergeCustomersResponse:
    return await company.call_centre.identity.UnmergeCustomers(
        UnmergeCustomersRequest(customer_id=customer_id, merge_id=merge_id, reason="two persons of one name")
    )


def assert_only_messaging_is_missing(problems: Iterable[context.SectionProblem]) -> None:
    """It is named, and nothing else is missing; the journey may wait for the last news of profile until it is back."""
    told = set(named(list(problems)))
    assert told >= MESSAGING_IS_AWAY
    assert told - MESSAGING_IS_AWAY <= {(context.SECTION_JOURNEY, context.SECTION_PROBLEM_REASON_BEHIND)}


def cart_of(found: context.CustomerContext) -> set[str]:
    return {line.sku for line in found.cart.cart.lines}


def looked_at(found: context.CustomerContext) -> set[str]:
    return {view.sku for view in found.journey.viewed_products}


def said_by(found: context.CustomerContext) -> list[str]:
    return [entry.text for one in found.messaging.open_conversations for entry in one.recent_entries]


async def test_two_who_were_taken_for_one_have_each_their_own_everywhere_in_the_next_read(company: Company) -> None:
    anna_email, bob_email = login(), login()
    anna, bob = await shopper(company, anna_email, "boots"), await shopper(company, bob_email, "gloves")
    merge_id = await merged(company, anna, bob)
    both = await company.whole_context(bob)
    assert (both.customer_id, cart_of(both)) == (anna, {"boots", "gloves"})
    assert looked_at(both) == {"boots", "gloves"}

    visit = await company.store.start_session([bob_email])
    assert visit.customer_id == anna
    with visit.carry():
        await company.store.cart.AddItem(item(anna, "hat"))
        await look(company.store, anna, "hat")
        await say(company.store, anna, "hat")
    await company.web.cart.AddItem(item(anna, "belt"))
    await undone(company, anna, merge_id)

    his, hers = await company.whole_context(bob), await company.whole_context(anna)
    assert (hers.customer_id, cart_of(hers), said_by(hers)) == (anna, {"boots", "belt"}, ["boots"])
    assert (his.customer_id, cart_of(his), said_by(his)) == (bob, {"gloves", "hat"}, ["gloves", "hat"])
    assert (looked_at(hers), looked_at(his)) == ({"boots"}, {"gloves", "hat"})
    assert [one.identifiers[0].value for one in (hers.profile, his.profile)] == [anna_email.value, bob_email.value]
    her_steps, his_steps = (summaries(list(one.journey.recent_touchpoints)) for one in (hers, his))
    assert {"added 1 x gloves", "added 1 x hat"} <= set(his_steps)
    assert {"added 1 x boots", "added 1 x belt", "recognised as two customers"} <= set(her_steps)
    assert not {"added 1 x gloves", "added 1 x hat"} & set(her_steps)
    assert not {"added 1 x boots", "added 1 x belt"} & set(his_steps)
    again = await company.web.start_session([bob_email])
    assert (again.customer_id, cart_of(again.context)) == (bob, {"gloves", "hat"})
    [known] = (await company.call_centre.identity.ListMerges(ListMergesRequest(customer_id=anna))).merges
    assert (known.unmerge_actor_id, list(known.unmerge_pending_areas)) == ("ben", [])


async def test_many_who_look_at_once_while_it_is_undone_see_nobody_elses_and_it_is_done_once(company: Company) -> None:
    anna, bob = await shopper(company, login(), "boots"), await shopper(company, login(), "gloves")
    merge_id = await merged(company, anna, bob)
    await company.whole_context(anna)
    await undone(company, anna, merge_id)
    answers = await asyncio.gather(*(company.context(customer_id) for customer_id in (bob, anna) * 4))
    for answer in answers:
        is_his = answer.context.customer_id == bob
        assert cart_of(answer.context) <= ({"gloves"} if is_his else {"boots", "gloves"})
        pending = {problem.reason for problem in answer.problems}
        assert pending <= {context.SECTION_PROBLEM_REASON_MERGE_PENDING, context.SECTION_PROBLEM_REASON_BEHIND}

    async def is_done() -> bool:
        return not any([*(await company.context(bob)).problems, *(await company.context(anna)).problems])

    await until(is_done)
    his, hers = await company.whole_context(bob), await company.whole_context(anna)
    assert (cart_of(his), cart_of(hers)) == ({"gloves"}, {"boots"})
    assert (said_by(his), said_by(hers)) == (["gloves"], ["boots"])


async def test_an_undoing_is_carried_out_although_nobody_looks(company: Company) -> None:
    anna, bob = await shopper(company, login(), "boots"), await shopper(company, login(), "gloves")
    merge_id = await merged(company, anna, bob)
    await company.whole_context(anna)
    await undone(company, anna, merge_id)

    async def is_done() -> bool:
        listed = await company.call_centre.identity.ListMerges(ListMergesRequest(customer_id=anna))
        return not listed.merges[0].unmerge_pending_areas

    await until(is_done)


async def test_a_service_that_is_down_holds_up_no_read_and_no_login_and_does_its_part_when_it_is_back(
    own_services: Services,
) -> None:
    for service in FOUR[:3]:
        await own_services.start(service)
    messaging = await start_stoppable(own_services, MESSAGING)
    address = own_services.addresses["messaging"]
    company = await company_at(own_services)
    anna_email, bob_email = login(), login()
    anna, bob = await shopper(company, anna_email, "boots"), await shopper(company, bob_email, "gloves")
    merge_id = await merged(company, anna, bob)
    await company.whole_context(anna)
    await messaging.aclose()
    await undone(company, anna, merge_id)

    visit = await company.web.start_session([bob_email])
    assert (visit.customer_id, cart_of(visit.context)) == (bob, {"gloves"})
    assert_only_messaging_is_missing(visit.started.problems)
    hers = await company.context(anna)
    assert cart_of(hers.context) == {"boots"}
    assert_only_messaging_is_missing(hers.problems)

    async with await start_stoppable(own_services, MESSAGING, listen=address):

        async def is_back() -> bool:
            return not (await company.context(bob)).problems

        await until(is_back)
        assert said_by(await company.whole_context(bob)) == ["gloves"]
        assert said_by(await company.whole_context(anna)) == ["boots"]


async def test_what_is_still_the_other_ones_is_withheld_by_name_from_the_customer_who_is_there_again(
    own_services: Services,
) -> None:
    for service in FOUR:
        await own_services.start(service)
    # This aggregator has a token that only profile takes: the others absorb by themselves, and nobody undoes it there.
    company = await company_at(own_services, service_token_file=own_services.settings(CART).service_token_file)
    anna, bob = await shopper(company, login(), "boots"), await shopper(company, login(), "gloves")
    merge_id = await merged(company, anna, bob)

    async def is_absorbed() -> bool:
        listed = await company.call_centre.identity.ListMerges(ListMergesRequest(customer_id=anna))
        return not listed.merges[0].pending_areas

    await until(is_absorbed)
    await undone(company, anna, merge_id)
    his, hers = await company.context(bob), await company.context(anna)
    assert his.context.customer_id == bob
    assert not his.context.HasField("cart")
    assert not his.context.HasField("messaging")
    pending = context.SECTION_PROBLEM_REASON_MERGE_PENDING
    withheld = {(context.SECTION_CART, pending), (context.SECTION_MESSAGING, pending)}
    assert withheld <= set(named(list(his.problems)))
    assert cart_of(hers.context) == {"boots", "gloves"}
    assert withheld <= set(named(list(hers.problems)))


async def test_what_a_login_did_is_told_thing_by_thing_by_every_service(company: Company) -> None:
    who, browser = login(), visitor()
    await company.store.start_session([who])
    guest = await company.web.start_session([browser])
    with guest.carry():
        await company.web.cart.AddItem(item(guest.customer_id))
        await say(company.web, guest.customer_id, "Which size?")
        known = await company.web.start_session([browser, who])
    [merge] = known.context.profile.merges
    for asked in (known.customer_id, guest.customer_id):
        told = await company.call_centre.context.ExplainMerge(
            pb.ExplainMergeRequest(customer_id=asked, merge_id=merge.merge_id)
        )
        assert (told.merge.source_customer_id, list(told.missing_areas)) == (guest.customer_id, [])
        kinds = {area.area: {thing.kind for thing in area.things} for area in told.areas}
        assert kinds["cart"] >= {"cart_line"}
        assert kinds["messaging"] == {"conversation"}
        assert kinds["context"] == {"journey", "session"}
        assert set(kinds) == {"profile", "cart", "preference", "messaging", "context"}


async def test_a_merge_that_never_was_is_not_explained(company: Company) -> None:
    who = await company.web.start_session([visitor()])
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await company.web.context.ExplainMerge(
            pb.ExplainMergeRequest(customer_id=who.customer_id, merge_id=new_id("mrg"))
        )
    assert omnithread.details_of(refused.value).reason == "MERGE_NOT_FOUND"
