import pytest

from omnithread.common.v1 import channel_pb2
from omnithread.context.v1 import context_pb2
from omnithread.context.v1 import context_service_pb2 as pb
from omnithread.profile.v1 import profile_pb2, profile_service_pb2
from services.aggregator.service import SERVICE as AGGREGATOR
from services.profile.service import SERVICE as PROFILE
from tests.services.aggregator.company import (
    Company,
    company_at,
    item,
    login,
    start_of_session,
    start_stoppable,
    summaries,
    visitor,
)
from tests.services.calls import refusal
from tests.services.running import Services

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_a_first_visit_is_a_new_customer_on_a_new_journey_with_everything_there(company: Company) -> None:
    answer = await company.web.context.StartSession(start_of_session(visitor()))
    assert answer.outcome == profile_service_pb2.IDENTIFY_OUTCOME_CREATED
    assert list(answer.problems) == []
    assert [entry.section for entry in answer.context.versions] == [1, 2, 3, 4, 5, 6]
    assert answer.context.customer_id == answer.context.profile.customer_id == answer.customer_id
    journey = answer.context.journey
    assert (journey.journey.journey_id, journey.journey.customer_id) == (answer.journey_id, answer.customer_id)
    assert "session started" in summaries(list(journey.recent_touchpoints))
    assert "first seen, anonymous" in summaries(list(journey.recent_touchpoints))
    assert not answer.replayed


async def test_a_retried_start_is_the_same_visit(company: Company) -> None:
    request = start_of_session(visitor())
    first = await company.web.context.StartSession(request)
    again = await company.web.context.StartSession(request)
    assert again.replayed
    assert (again.customer_id, again.session_id, again.journey_id, again.outcome) == (
        first.customer_id,
        first.session_id,
        first.journey_id,
        first.outcome,
    )
    assert summaries(list(again.context.journey.recent_touchpoints)).count("session started") == 1


async def test_the_next_visit_on_another_channel_is_on_the_same_journey_and_knows_its_last_trace(
    company: Company,
) -> None:
    who = login()
    first = await company.web.context.StartSession(start_of_session(who), metadata=(("traceparent", TRACE),))
    second = await company.store.context.StartSession(start_of_session(who))
    assert second.journey_id == first.journey_id
    assert second.session_id != first.session_id
    assert second.last_touchpoint_traceparent.split("-")[1] == TRACE.split("-")[1]
    assert second.context.journey.journey.channel_ids == ["store-042", "web-shop"]


async def test_what_a_guest_put_in_is_there_in_the_very_answer_to_the_login(company: Company) -> None:
    who, browser = login(), visitor()
    known = await company.store.start_session([who])
    await company.store.cart.AddItem(item(known.customer_id, "hat"))
    guest = await company.web.start_session([browser])
    assert guest.customer_id != known.customer_id
    with guest.carry():
        await company.web.cart.AddItem(item(guest.customer_id, "boots"))
        logged_in = await company.web.start_session([browser, who])
    answer = logged_in.started
    assert answer.outcome == profile_service_pb2.IDENTIFY_OUTCOME_MERGED
    assert list(answer.problems) == []
    assert answer.customer_id == known.customer_id
    assert sorted(line.sku for line in answer.context.cart.cart.lines) == ["boots", "hat"]
    assert [list(merge.pending_areas) for merge in answer.context.profile.merges] == [[]]
    told = summaries(list(answer.context.journey.recent_touchpoints))
    assert {"added 1 x hat", "added 1 x boots", "session continued", "recognised as one customer"} <= set(told)
    assert answer.session_id == guest.started.session_id
    journeys = await company.web.context.ListJourneys(pb.ListJourneysRequest(customer_id=known.customer_id))
    assert len(journeys.journeys) == 1
    for journey_id in (guest.started.journey_id, known.started.journey_id):
        asked = pb.GetJourneyRequest(customer_id=guest.customer_id, journey_id=journey_id)
        assert (await company.web.context.GetJourney(asked)).journey == journeys.journeys[0]


async def test_the_login_retried_is_the_same_login(company: Company) -> None:
    who, browser = login(), visitor()
    await company.store.start_session([who])
    await company.web.start_session([browser])
    request = start_of_session(browser, who)
    first = await company.web.context.StartSession(request)
    again = await company.web.context.StartSession(request)
    assert again.replayed
    assert again.outcome == first.outcome == profile_service_pb2.IDENTIFY_OUTCOME_MERGED
    assert (again.session_id, again.journey_id) == (first.session_id, first.journey_id)


async def test_a_session_goes_on_only_on_its_own_channel(company: Company) -> None:
    who = login()
    web = await company.web.context.StartSession(start_of_session(who))
    assert (await company.web.context.StartSession(start_of_session(who, session_id=web.session_id))).session_id == (
        web.session_id
    )
    store = await company.store.context.StartSession(start_of_session(who, session_id=web.session_id))
    assert store.session_id != web.session_id


async def test_what_happens_in_a_session_names_it_and_a_foreign_session_is_left_out_and_counted(
    company: Company,
) -> None:
    session = await company.web.start_session([visitor()])
    with session.carry():
        await company.web.cart.AddItem(item(session.customer_id, "boots"))
        await company.store.cart.AddItem(item(session.customer_id, "hat"))
    context = await company.whole_context(session.customer_id)
    sessions = {t.summary: t.session_id for t in context.journey.recent_touchpoints}
    assert sessions["added 1 x boots"] == session.started.session_id
    assert sessions["added 1 x hat"] == ""
    counted = company.aggregator.registry.get_sample_value("omnithread_foreign_sessions_total", {"area": "cart"})
    assert counted is not None
    assert counted >= 1


async def test_a_till_that_tells_later_has_its_visit_where_it_belongs(company: Company) -> None:
    who = login()
    today = await company.web.context.StartSession(start_of_session(who))
    late = await company.store.context.StartSession(start_of_session(who, days_ago=100))
    assert late.journey_id != today.journey_id
    context = await company.whole_context(today.customer_id)
    assert context.journey.journey.journey_id == today.journey_id
    assert context.journey.journey.previous_journey_id == late.journey_id


async def test_only_the_sections_asked_for_are_answered(company: Company) -> None:
    request = start_of_session(visitor())
    request.sections.append(context_pb2.SECTION_CART)
    answer = await company.web.context.StartSession(request)
    assert [entry.section for entry in answer.context.versions] == [context_pb2.SECTION_CART]
    assert not answer.context.HasField("profile")


async def test_an_unproven_address_is_set_aside_and_nobody_elses_data_is_shown(company: Company) -> None:
    who = login()
    known = await company.store.start_session([who])
    claimed = profile_pb2.Identifier(kind=who.kind, value=who.value)
    answer = await company.web.context.StartSession(start_of_session(visitor(), claimed))
    assert answer.customer_id != known.customer_id
    assert [entry.reason for entry in answer.set_aside] == [profile_service_pb2.SET_ASIDE_REASON_UNVERIFIED]


async def test_a_broken_address_is_refused_by_profile_itself(company: Company) -> None:
    broken = profile_pb2.Identifier(kind=profile_pb2.IDENTIFIER_KIND_EMAIL, value="nobody", verified=True)
    refused = await refusal(company.web.context.StartSession(start_of_session(broken)))
    assert (refused.reason, refused.domain) == ("IDENTIFIER_INVALID", "profile.omnithread")
    assert refused.fields


async def test_a_request_id_stands_for_one_request(company: Company) -> None:
    request = start_of_session(visitor())
    await company.web.context.StartSession(request)
    request.given_name = "Mia"
    refused = await refusal(company.web.context.StartSession(request))
    assert refused.reason == "REQUEST_ID_REUSED"


async def test_nobody_is_greeted_without_an_identifier(company: Company) -> None:
    refused = await refusal(company.web.context.StartSession(pb.StartSessionRequest()))
    assert refused.reason == "IDENTIFIER_NEEDED"


async def test_a_session_needs_profile_and_nobody_else(own_services: Services) -> None:
    profile = await start_stoppable(own_services, PROFILE)
    company = await company_at(own_services)
    answer = await company.web.context.StartSession(start_of_session(visitor()), timeout=3)
    assert answer.session_id
    assert [(p.section, p.reason) for p in answer.problems] == [
        (section, context_pb2.SECTION_PROBLEM_REASON_UNAVAILABLE)
        for section in (
            context_pb2.SECTION_CART,
            context_pb2.SECTION_PREFERENCES,
            context_pb2.SECTION_MESSAGING,
            context_pb2.SECTION_OFFERS,
        )
    ]
    await profile.aclose()
    refused = await refusal(company.web.context.StartSession(start_of_session(visitor()), timeout=3))
    assert (refused.reason, dict(refused.metadata)) == ("DEPENDENCY_UNAVAILABLE", {"dependency": "profile"})
    assert refused.domain == "aggregator.omnithread"


async def test_a_visit_through_another_replica_is_the_same_journey(company: Company) -> None:
    who = login()
    first = await company.web.context.StartSession(start_of_session(who))
    replica = await company.services.start(AGGREGATOR)
    try:
        second = await company.services.connect("store-042", at=replica).context.StartSession(start_of_session(who))
    finally:
        company.services.addresses["aggregator"] = f"127.0.0.1:{company.aggregator.port}"
    assert second.journey_id == first.journey_id
    assert second.context.journey.recent_touchpoints[0].channel.kind == channel_pb2.CHANNEL_KIND_STORE


@pytest.mark.parametrize("session_id", ["ses_of_nobody"])
async def test_a_session_that_nobody_began_is_not_taken_over(company: Company, session_id: str) -> None:
    answer = await company.web.context.StartSession(start_of_session(visitor(), session_id=session_id))
    assert answer.session_id != session_id
