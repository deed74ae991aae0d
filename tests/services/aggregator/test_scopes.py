"""A context shows what the scopes of the channel's token open, names the rest as withheld, and never fails for it."""

from contextlib import aclosing

import grpc
import pytest

import omnithread
from libs.rpc.scopes import EVERY
from omnithread.cart.v1.handover_service_pb2 import CreateHandoverRequest
from omnithread.context.v1 import context_pb2
from omnithread.context.v1 import context_service_pb2 as pb
from omnithread.context.v1.context_pb2 import SECTION_PROBLEM_REASON_WITHHELD, CustomerContext
from services.aggregator.scoping import SCOPES
from tests.services.aggregator.company import Company, item, login, start_of_session, visitor
from tests.services.calls import refusal

MAY_LOOK = {"context:read"}


async def with_cart(company: Company) -> str:
    session = await company.web.start_session([login()])
    await company.web.cart.AddItem(item(session.customer_id))
    return session.customer_id


def seen_by(company: Company, *scopes: str) -> omnithread.Omnithread:
    return company.services.connect("mobile-app", scopes={*MAY_LOOK, *scopes})


def withheld(answer: pb.GetCustomerContextResponse) -> list[int]:
    assert {problem.reason for problem in answer.problems} <= {SECTION_PROBLEM_REASON_WITHHELD}
    return [problem.section for problem in answer.problems]


async def asked(channel: omnithread.Omnithread, customer_id: str) -> pb.GetCustomerContextResponse:
    return await channel.context.GetCustomerContext(pb.GetCustomerContextRequest(customer_id=customer_id), timeout=40)


async def test_without_the_other_scopes_there_is_the_journey_alone_and_all_else_is_named(company: Company) -> None:
    anna = await with_cart(company)
    answer = await asked(seen_by(company), anna)
    assert withheld(answer) == sorted(SCOPES)
    assert answer.context.HasField("journey")
    assert not any(answer.context.HasField(part) for part in ("profile", "cart", "offers", "preferences", "messaging"))
    assert not answer.HasField("cart_price")


@pytest.mark.parametrize("section", sorted(SCOPES))
async def test_each_section_comes_with_its_own_scope(company: Company, section: int) -> None:
    anna = await with_cart(company)
    opened = {one for one, scope in SCOPES.items() if scope == SCOPES[section]}
    answer = await asked(seen_by(company, SCOPES[section]), anna)
    assert withheld(answer) == sorted(set(SCOPES) - opened)
    assert {one.section for one in answer.context.versions} == opened | {context_pb2.SECTION_JOURNEY}


async def test_two_channels_with_the_same_scopes_are_told_the_same_and_others_have_another_etag(
    company: Company,
) -> None:
    anna = await with_cart(company)
    await company.counted(anna, visits=1)

    async def told(channel_id: str, scopes: frozenset[str]) -> CustomerContext:
        channel = company.services.connect(channel_id, scopes=scopes)
        return (await asked(channel, anna)).context

    without = EVERY - {"profile:sensitive"}
    assert await told("mobile-app", without) == await told("messenger", without)
    whole, masked = await told("mobile-app", EVERY), await told("mobile-app", without)
    assert whole.profile.identifiers[0].value
    assert not masked.profile.identifiers[0].value
    assert "identifiers.value" in masked.profile.withheld_fields
    assert whole.etag != masked.etag


async def test_who_watches_is_told_with_every_change_what_is_withheld(company: Company) -> None:
    anna = await with_cart(company)
    channel = seen_by(company, "cart:read")
    async with aclosing(channel.watch_context(anna)) as screen:
        first = await anext(screen)
        assert {problem.section for problem in first.problems} == {
            section for section, scope in SCOPES.items() if scope != "cart:read"
        }
        assert first.context.HasField("cart")
        await company.web.cart.AddItem(item(anna, "hat"))
        changed = await anext(screen)
        assert list(changed.problems) == list(first.problems)


async def test_nobody_looks_a_person_up_by_their_address_without_the_scope_for_it(company: Company) -> None:
    request = pb.GetCustomerContextRequest(identifier=omnithread.email("somebody@example.com", verified=True))
    said = await refusal(seen_by(company).context.GetCustomerContext(request))
    assert (said.code, said.reason) == (grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING")
    assert said.metadata["scope"] == "profile:read"


async def test_a_session_begins_where_its_scopes_are_there_and_shows_what_they_open(company: Company) -> None:
    channel = company.services.connect("mobile-app", scopes={"context:write", "profile:write", "cart:read"})
    session = await channel.start_session([omnithread.cookie("visitor-with-few-scopes")])
    assert {problem.section for problem in session.started.problems} == {
        section for section, scope in SCOPES.items() if scope != "cart:read"
    }
    assert not session.started.context.HasField("profile")


async def test_who_asks_what_a_merge_did_sees_no_address_and_no_area_without_the_scope_for_it(company: Company) -> None:
    browser, proof = visitor(), login()
    guest = await company.web.start_session([browser])
    await company.web.cart.AddItem(item(guest.customer_id))
    await company.web.start_session([proof])
    joined = await company.web.start_session([browser, proof])
    merge = joined.context.profile.merges[0]
    asked = pb.ExplainMergeRequest(customer_id=joined.customer_id, merge_id=merge.merge_id)
    whole = await company.call_centre.context.ExplainMerge(asked, timeout=40)
    assert all(one.value for one in whole.merge.evidence)
    assert whole.merge.evidence
    bare = await seen_by(company, "profile:read", "messages:read").context.ExplainMerge(asked, timeout=40)
    assert [one.kind for one in bare.merge.evidence] == [one.kind for one in whole.merge.evidence]
    assert not any(one.value for one in bare.merge.evidence)
    assert {"cart", "preference"} <= set(bare.missing_areas)
    assert not {"cart", "preference"} & {area.area for area in bare.areas}


async def test_a_visit_goes_on_with_a_hand_over_of_single_use_with_the_scopes_that_the_pages_name(
    company: Company,
) -> None:
    browser, proof = visitor(), login()
    anna = await company.web.start_session([browser, proof])
    await company.web.cart.AddItem(item(anna.customer_id, "boots"))
    asked = CreateHandoverRequest(customer_id=anna.customer_id, single_use=True)
    created = await company.web.handovers.CreateHandover(asked)
    kiosk = company.services.connect("mobile-app", scopes={"context:write", "profile:write", "cart:write"})
    request = start_of_session(browser, proof)
    request.handover_token = created.token
    answer = await kiosk.context.StartSession(request, timeout=40)
    assert (answer.customer_id, answer.handover.outcome) == (anna.customer_id, pb.HANDOVER_OUTCOME_SAME_CUSTOMER)
    assert not answer.context.HasField("profile")
    assert {problem.section for problem in answer.problems} == set(SCOPES)
