"""Campaigns as marketing, the call centre and customers meet them: put, tried out, active, paused, ended."""

from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode

from omnithread.messaging.v1 import campaign_pb2
from omnithread.messaging.v1 import campaign_service_pb2 as pb
from omnithread.messaging.v1.campaign_pb2 import (
    CAMPAIGN_EXIT_CONDITION_ORDERED,
    CAMPAIGN_REENTRY_ALWAYS,
    CAMPAIGN_STATE_ACTIVE,
    CAMPAIGN_STATE_DRAFT,
    CAMPAIGN_STATE_ENDED,
    CAMPAIGN_STATE_PAUSED,
    CAMPAIGN_TRIGGER_KIND_CART_ABANDONED,
    CAMPAIGN_TRIGGER_KIND_DATE,
    CampaignDefinition,
    CampaignSend,
    CampaignStep,
    CampaignTrigger,
    CampaignWait,
)
from tests.services.calls import refusal, until
from tests.services.messaging.office import EMAIL, IN_APP, Office, form, state_of
from tests.services.running import Services

if TYPE_CHECKING:  # the classes of stubs on asyncio channels are known to type checkers only
    from omnithread.messaging.v1.campaign_service_pb2_grpc import CampaignServiceAsyncStub

MAIL = CampaignStep(step_id="mail", send=CampaignSend(template_id="cart_reminder"))
LATER = CampaignStep(step_id="later", wait=CampaignWait(seconds=86400))
PUSH = CampaignStep(step_id="push", send=CampaignSend(template_id="cart_reminder"))


@pytest.fixture(scope="module")
def marketing(services: Services, office: Office) -> "CampaignServiceAsyncStub":
    """The campaigns, for who writes them."""
    return services.connect("call-centre", at=office.running, actor="mia").campaigns


def definition(*steps: CampaignStep, **fields: Any) -> CampaignDefinition:
    given: dict[str, Any] = {
        "name": "Test",
        "purpose": "cart_reminder",
        "trigger": CampaignTrigger(kind=CAMPAIGN_TRIGGER_KIND_CART_ABANDONED),
        "reentry": CAMPAIGN_REENTRY_ALWAYS,
        "exit_on": [CAMPAIGN_EXIT_CONDITION_ORDERED],
    }
    return CampaignDefinition(steps=steps or [MAIL], **(given | fields))


async def put(marketing: "CampaignServiceAsyncStub", campaign_id: str, text: CampaignDefinition) -> None:
    await marketing.PutCampaign(pb.PutCampaignRequest(campaign_id=campaign_id, definition=text))


async def enrolments(
    marketing: "CampaignServiceAsyncStub", customer_id: str, campaign_id: str
) -> list[campaign_pb2.Enrolment]:
    answer = await marketing.ListEnrolments(pb.ListEnrolmentsRequest(customer_id=customer_id))
    return [one for one in answer.enrolments if one.campaign_id == campaign_id]


async def test_the_shipped_campaigns_are_there_and_those_that_need_choices_are_drafts(
    marketing: "CampaignServiceAsyncStub",
) -> None:
    answer = await marketing.ListCampaigns(pb.ListCampaignsRequest(page_size=100))
    states = {campaign.campaign_id: campaign.state for campaign in answer.campaigns}
    assert states["abandoned_cart"] == states["price_dropped"] == CAMPAIGN_STATE_ACTIVE
    for draft in ("abandoned_cart_three_ways", "viewed_product", "purchase_follow_up", "welcome"):
        assert states[draft] == CAMPAIGN_STATE_DRAFT


async def test_a_campaign_goes_from_draft_to_its_end(marketing: "CampaignServiceAsyncStub") -> None:
    await put(marketing, "life", definition())
    found = (await marketing.GetCampaign(pb.GetCampaignRequest(campaign_id="life"))).campaign
    assert (found.state, found.version, found.is_draft) == (CAMPAIGN_STATE_DRAFT, 0, True)
    active = (await marketing.ActivateCampaign(pb.ActivateCampaignRequest(campaign_id="life"))).campaign
    assert (active.state, active.version, active.has_draft) == (CAMPAIGN_STATE_ACTIVE, 1, False)
    paused = (await marketing.PauseCampaign(pb.PauseCampaignRequest(campaign_id="life"))).campaign
    assert paused.state == CAMPAIGN_STATE_PAUSED
    again = (await marketing.ActivateCampaign(pb.ActivateCampaignRequest(campaign_id="life"))).campaign
    assert (again.state, again.version) == (CAMPAIGN_STATE_ACTIVE, 1)
    await put(marketing, "life", definition(name="Second"))
    second = (await marketing.ActivateCampaign(pb.ActivateCampaignRequest(campaign_id="life"))).campaign
    assert (second.version, second.definition.name) == (2, "Second")
    first = (await marketing.GetCampaign(pb.GetCampaignRequest(campaign_id="life", version=1))).campaign
    assert (first.version, first.definition.name) == (1, "Test")
    ended = (await marketing.EndCampaign(pb.EndCampaignRequest(campaign_id="life"))).campaign
    assert ended.state == CAMPAIGN_STATE_ENDED
    refused = await refusal(put(marketing, "life", definition()))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "CAMPAIGN_STATE")
    assert refused.metadata == {"state": "ENDED"}


async def test_a_campaign_that_ended_before_it_began_has_nothing_to_simulate(
    marketing: "CampaignServiceAsyncStub",
) -> None:
    await put(marketing, "stillborn", definition())
    await marketing.EndCampaign(pb.EndCampaignRequest(campaign_id="stillborn"))
    tried = pb.SimulateCampaignRequest(customer_id="cus_1", campaign_id="stillborn")
    refused = await refusal(marketing.SimulateCampaign(tried))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "CAMPAIGN_STATE")


async def test_what_is_wrong_with_a_campaign_is_said_with_its_place(marketing: "CampaignServiceAsyncStub") -> None:
    refused = await refusal(put(marketing, "wrong", definition(PUSH, PUSH, purpose="spam")))
    assert (refused.code, refused.reason) == (StatusCode.INVALID_ARGUMENT, "CAMPAIGN_INVALID")
    assert [fault.field for fault in refused.fields] == ["definition.purpose", "definition.steps[1].step_id"]
    await put(marketing, "wrong", definition(CampaignStep(step_id="a", send=CampaignSend(template_id="nothing"))))
    refused = await refusal(marketing.ActivateCampaign(pb.ActivateCampaignRequest(campaign_id="wrong")))
    assert (refused.reason, [fault.field for fault in refused.fields]) == (
        "CAMPAIGN_INVALID",
        ["definition.steps[0].send.template_id"],
    )
    at_the_end = Timestamp(seconds=253402300799)
    forever = CampaignTrigger(kind=CAMPAIGN_TRIGGER_KIND_DATE, segment_id="vip", date_time=at_the_end)
    refused = await refusal(put(marketing, "wrong", definition(trigger=forever)))
    assert [fault.field for fault in refused.fields] == ["definition.trigger.date_time"]
    tried = pb.SimulateCampaignRequest(customer_id="cus_1", definition=definition(), time=at_the_end)
    assert (await refusal(marketing.SimulateCampaign(tried))).code == StatusCode.INVALID_ARGUMENT
    refused = await refusal(marketing.GetCampaign(pb.GetCampaignRequest(campaign_id="nobody")))
    assert (refused.code, refused.reason) == (StatusCode.NOT_FOUND, "CAMPAIGN_NOT_FOUND")


async def test_a_reminder_its_way_and_an_order_that_stops_the_rest(
    office: Office, marketing: "CampaignServiceAsyncStub"
) -> None:
    await put(marketing, "two_steps", definition(MAIL, LATER, PUSH, purpose="newsletter"))
    await marketing.ActivateCampaign(pb.ActivateCampaignRequest(campaign_id="two_steps"))
    anna = await office.person(IN_APP)
    await office.consent(anna.customer_id, IN_APP, purpose="newsletter")
    await office.fill_cart(anna.customer_id)

    async def waits() -> list[campaign_pb2.Enrolment]:
        found = await enrolments(marketing, anna.customer_id, "two_steps")
        return [one for one in found if one.step_id == "push"]

    [one] = await until(waits)
    assert [(step.step_id, step.outcome) for step in one.steps] == [("mail", "QUEUED"), ("later", "WAITED")]
    message = await office.ended(anna.customer_id, one.steps[0].message_id)
    assert (state_of(message), message.purpose) == ("SENT", "newsletter")

    await office.check_out(anna.customer_id)

    async def has_left() -> list[campaign_pb2.Enrolment]:
        return [one for one in await enrolments(marketing, anna.customer_id, "two_steps") if one.end_reason]

    [gone] = await until(has_left)
    assert (gone.end_reason, gone.step_id) == ("ORDERED", "")
    refused = await refusal(
        marketing.ExitCampaign(pb.ExitCampaignRequest(customer_id=anna.customer_id, campaign_id="two_steps"))
    )
    assert (refused.code, refused.reason) == (StatusCode.NOT_FOUND, "ENROLMENT_NOT_FOUND")
    await marketing.EndCampaign(pb.EndCampaignRequest(campaign_id="two_steps"))


async def test_a_campaign_is_tried_out_on_a_customer_without_a_trace(
    office: Office, marketing: "CampaignServiceAsyncStub"
) -> None:
    ben = await office.person(EMAIL)
    await office.fill_cart(ben.customer_id)
    reminder = await office.first_message(ben.customer_id)
    await office.ended(ben.customer_id, reminder.message_id)
    before = await office.overview(ben.customer_id)
    text = definition(MAIL, LATER, PUSH)
    found = await marketing.SimulateCampaign(pb.SimulateCampaignRequest(customer_id=ben.customer_id, definition=text))
    assert (found.would_enter, found.arm, found.end_reason) == (True, "a", "COMPLETED")
    assert [(step.step_id, step.outcome, step.verdict) for step in found.steps] == [
        ("mail", "QUEUED", "SEND"),
        ("later", "WAITED", ""),
        ("push", "QUEUED", "SEND"),
    ]
    assert found.steps[2].time.seconds - found.steps[0].time.seconds == 86400
    nobody = await office.guest()
    found = await marketing.SimulateCampaign(pb.SimulateCampaignRequest(customer_id=nobody, definition=text))
    assert [step.verdict for step in found.steps] == ["SKIP", "", "SKIP"]
    text.control_percent = 90
    text.conditions.add().segment.segment_id = "nobody_is_in_it"
    found = await marketing.SimulateCampaign(pb.SimulateCampaignRequest(customer_id=nobody, definition=text))
    assert (found.would_enter, found.reason, found.condition_index) == (False, "CONDITION_FAILED", 0)
    assert (await office.overview(ben.customer_id)).version == before.version


async def test_two_replicas_lead_many_customers_and_each_gets_one_message(
    office: Office, another_replica: Office
) -> None:
    people = [await office.person(IN_APP) for _ in range(8)]
    for person in people:
        await office.fill_cart(person.customer_id)
    for person in people:
        message = await office.first_message(person.customer_id)
        assert state_of(await another_replica.ended(person.customer_id, message.message_id)) == "SENT"
        assert len(await office.messages(person.customer_id)) == 1


async def test_a_step_whose_campaign_has_ended_takes_nothing_more(
    office: Office, marketing: "CampaignServiceAsyncStub"
) -> None:
    await office.put("slow", form(IN_APP, "Hello"))
    held = CampaignStep(step_id="held", send=CampaignSend(template_id="slow", hold_seconds=2))
    await put(marketing, "short", definition(held, purpose="newsletter"))
    await marketing.ActivateCampaign(pb.ActivateCampaignRequest(campaign_id="short"))
    cleo = await office.guest()
    await office.consent(cleo, IN_APP, purpose="newsletter")
    await office.fill_cart(cleo)

    async def is_queued() -> list[campaign_pb2.Enrolment]:
        return [one for one in await enrolments(marketing, cleo, "short") if one.steps]

    [one] = await until(is_queued)
    await marketing.EndCampaign(pb.EndCampaignRequest(campaign_id="short"))
    message = await office.ended(cleo, one.steps[0].message_id)
    assert (state_of(message), message.state_reason) == ("CANCELLED", "CAMPAIGN_ENDED")
