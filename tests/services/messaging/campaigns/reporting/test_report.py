"""A campaign's numbers over the wire: a reminder in the app, a purchase in the store, and somebody who got nothing."""

from datetime import timedelta

import pytest
from google.type.money_pb2 import Money
from grpc import StatusCode
from prometheus_client import CollectorRegistry

from libs.clock import system_clock
from libs.ids import new_id
from libs.timestamps import to_timestamp
from omnithread.cart.v1.order_pb2 import ExternalOrder
from omnithread.cart.v1.order_service_pb2 import ExternalLine, RecordOrderRequest
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE
from omnithread.messaging.v1 import campaign_report_service_pb2 as pb
from omnithread.messaging.v1 import campaign_service_pb2 as campaign_pb
from omnithread.messaging.v1.campaign_pb2 import (
    CAMPAIGN_REENTRY_NEVER,
    CAMPAIGN_TRIGGER_KIND_CART_ABANDONED,
    CampaignCondition,
    CampaignDefinition,
    CampaignSend,
    CampaignStep,
    CampaignTraitCondition,
    CampaignTrigger,
    CampaignWait,
)
from omnithread.profile.v1.profile_pb2 import Trait
from omnithread.profile.v1.profile_service_pb2 import UpdateProfileRequest
from services.messaging.campaigns.convert import definition_from_proto
from services.messaging.campaigns.engine import arm_of
from services.messaging.campaigns.reporting.meters import CampaignMeters
from services.messaging.campaigns.values import CONTROL
from services.messaging.events import EnrolmentChanged, MessageReceiptNoted, MessageStateChanged
from services.messaging.values import Content, DeliveryKind, Receipt, ReceiptKind
from tests.services.calls import refusal, until
from tests.services.messaging.campaigns.reporting.samples import bought, control, enrolment, sent
from tests.services.messaging.office import IN_APP, Office, Person
from tests.services.messaging.samples import NOON
from tests.services.running import Services

CAMPAIGN = "numbers"
TEXT = CampaignDefinition(
    name="Numbers",
    purpose="cart_reminder",
    trigger=CampaignTrigger(kind=CAMPAIGN_TRIGGER_KIND_CART_ABANDONED),
    conditions=[CampaignCondition(trait=CampaignTraitCondition(name="counted", values=["yes"]))],
    reentry=CAMPAIGN_REENTRY_NEVER,
    control_percent=50,
    steps=[
        CampaignStep(step_id="remind", send=CampaignSend(template_id="cart_reminder", delivery_kinds=[IN_APP])),
        CampaignStep(step_id="later", wait=CampaignWait(seconds=86400)),
        CampaignStep(step_id="again", send=CampaignSend(template_id="cart_reminder")),
    ],
)


def asked(**fields: object) -> pb.GetCampaignReportRequest:
    now = system_clock()
    given = {"from_time": to_timestamp(now - timedelta(hours=1)), "to_time": to_timestamp(now + timedelta(hours=1))}
    return pb.GetCampaignReportRequest(**({"campaign_id": CAMPAIGN} | given | fields))  # type: ignore[arg-type]


async def counted_person(office: Office, *, is_control: bool) -> Person:
    """Somebody who is counted, in the control group or not: which of both follows from the id."""
    definition = definition_from_proto(TEXT)
    while True:
        person = await office.person(IN_APP)
        if (arm_of(definition, CAMPAIGN, person.customer_id) == CONTROL) is is_control:
            break
    profile = campaign_profile(person)
    await office.profile.UpdateProfile(profile)
    return person


def campaign_profile(person: Person) -> UpdateProfileRequest:
    request = UpdateProfileRequest()
    request.profile.customer_id = person.customer_id
    request.profile.traits.append(Trait(name="counted", string_value="yes"))
    request.update_mask.paths.append("traits")
    return request


async def buy_in_the_store(services: Services, person: Person) -> None:
    sale = RecordOrderRequest(
        customer_id=person.customer_id,
        external=ExternalOrder(system="till", number=new_id("R")),
        lines=[ExternalLine(sku="bag", name="Bag", quantity=1, unit_price=Money(currency_code="EUR", units=59))],
        occur_time=to_timestamp(system_clock()),
        store_id="042",
    )
    await services.connect("store-042", actor="till-3").orders.RecordOrder(sale)


async def test_a_reminder_in_the_app_and_a_purchase_in_the_store_are_the_campaigns_success(
    services: Services, office: Office
) -> None:
    company = services.connect("call-centre", at=office.running, actor="mia")
    await company.campaigns.PutCampaign(campaign_pb.PutCampaignRequest(campaign_id=CAMPAIGN, definition=TEXT))
    await company.campaigns.ActivateCampaign(campaign_pb.ActivateCampaignRequest(campaign_id=CAMPAIGN))
    anna, ben = await counted_person(office, is_control=False), await counted_person(office, is_control=True)
    for person in (anna, ben):
        await office.fill_cart(person.customer_id)

    async def report() -> pb.CampaignReport:
        return (await company.campaign_reports.GetCampaignReport(asked())).report

    async def both_began() -> bool:
        arms = {arm.arm: arm for arm in (await report()).arms}
        return {"control", "a"} <= set(arms) and arms["a"].reached == 1

    await until(both_began)
    for person in (anna, ben):
        await buy_in_the_store(services, person)

    async def both_bought() -> list[pb.CampaignReport]:
        now = await report()
        return [now] if sum(arm.bought for arm in now.arms) == 2 else []

    [now] = await until(both_bought)
    control_group, arm = now.arms
    assert (control_group.arm, control_group.entered, control_group.reached, control_group.bought) == (
        "control",
        1,
        0,
        1,
    )
    assert (arm.arm, arm.entered, arm.reached, arm.bought, arm.bought_after_message) == ("a", 1, 1, 1, 1)
    assert list(arm.revenue_after_message) == [Money(currency_code="EUR", units=59)]
    assert arm.lift.verdict == pb.LIFT_VERDICT_TOO_FEW
    assert arm.lift.sentence.startswith("Too few to say anything")
    [way] = now.ways
    assert (way.delivery_kind, way.figures.sent, way.bought) == (IN_APP, 1, 1)
    [path] = now.paths
    assert (list(path.delivery_kinds), path.channel_kind, path.bought) == ([IN_APP], CHANNEL_KIND_STORE, 1)
    assert (await company.campaign_reports.GetCampaignReport(asked(version=2))).report.arms == []
    await company.campaigns.EndCampaign(campaign_pb.EndCampaignRequest(campaign_id=CAMPAIGN))


@pytest.mark.parametrize(
    ("fields", "code", "reason"),
    [
        ({"campaign_id": "nobody"}, StatusCode.NOT_FOUND, "CAMPAIGN_NOT_FOUND"),
        ({"campaign_id": ""}, StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
        ({"to_time": to_timestamp(NOON - timedelta(days=900))}, StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
        ({"from_time": to_timestamp(NOON - timedelta(days=900))}, StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
    ],
)
async def test_a_report_that_cannot_be_is_refused(
    services: Services, office: Office, fields: dict[str, object], code: StatusCode, reason: str
) -> None:
    company = services.connect("call-centre", at=office.running)
    refused = await refusal(company.campaign_reports.GetCampaignReport(asked(**fields)))
    assert (refused.code, refused.reason) == (code, reason)


def test_what_campaigns_do_is_counted_for_dashboards() -> None:
    registry = CollectorRegistry()
    meters = CampaignMeters(registry)
    message = sent("1", DeliveryKind.EMAIL)
    meters.count(
        [
            EnrolmentChanged(enrolment()),
            EnrolmentChanged(control(revision=2)),
            EnrolmentChanged(enrolment(revision=2, conversion=bought()), is_about_order=True),
            EnrolmentChanged(enrolment(revision=3, conversion=bought(), end_reason="COMPLETED", end_time=NOON)),
            EnrolmentChanged(control(revision=3), is_about_order=True),  # its order was cancelled
            MessageStateChanged(message, Content()),
            MessageReceiptNoted(message, Content(), Receipt(ReceiptKind.OPENED, NOON)),
            MessageReceiptNoted(message, Content(), Receipt(ReceiptKind.BOUNCED_SOFT, NOON)),
        ]
    )
    counted = {
        outcome: registry.get_sample_value(
            "omnithread_campaign_outcomes_total", {"campaign_id": "cart_reminder", "outcome": outcome}
        )
        for outcome in ("entered", "control", "bought", "bought_after_message", "sent", "opened", "bounced_soft")
    }
    assert counted == dict.fromkeys(counted, 1.0) | {"bounced_soft": None}
