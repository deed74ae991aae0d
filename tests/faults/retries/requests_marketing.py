"""Calls about campaigns and about systems that are posted to, as they can be made without disturbing others."""

from datetime import timedelta

from google.protobuf.message import Message

from libs.clock import system_clock
from libs.timestamps import to_timestamp
from omnithread.messaging.v1 import campaign_service_pb2 as campaign_pb
from omnithread.messaging.v1 import subscription_service_pb2 as hook_pb
from omnithread.messaging.v1.campaign_pb2 import (
    CAMPAIGN_REENTRY_ALWAYS,
    CAMPAIGN_TRIGGER_KIND_CART_ABANDONED,
    CampaignDefinition,
    CampaignSend,
    CampaignStep,
    CampaignTrigger,
)
from omnithread.messaging.v1.subscription_pb2 import SUBSCRIPTION_DELIVERY_STATE_TAKEN, SubscriptionDelivery
from omnithread.preference.v1 import preference_service_pb2 as preference_pb
from tests.faults.retries.case import Case, seed
from tests.faults.retries.house import INBOX_TEMPLATE, STAFF, WAITING_CAMPAIGN, WAITING_PURPOSE, Who
from tests.faults.retries.patience import until
from tests.faults.retries.requests_cart import with_a_cart
from tests.faults.retries.requests_customers import PREFERENCES, consent

CAMPAIGNS, HOOKS = "messaging.v1.CampaignService/", "messaging.v1.SubscriptionService/"

REPLAYED_ONE, REPLAYED_ALL = Who("messenger"), Who("mail-gateway")
"""Channels on which nobody else puts anything into carts: each of the two replays counts what is heard of its own."""


def definition() -> CampaignDefinition:
    """A reminder for carts that are left alone, which none is for so long here."""
    return CampaignDefinition(
        name="Test",
        purpose="cart_reminder",
        trigger=CampaignTrigger(kind=CAMPAIGN_TRIGGER_KIND_CART_ABANDONED),
        reentry=CAMPAIGN_REENTRY_ALWAYS,
        steps=[CampaignStep(step_id="send", send=CampaignSend(template_id=INBOX_TEMPLATE))],
    )


async def written(case: Case) -> str:
    """A campaign that is not active; its id."""
    campaign_id = f"c_{case.key}"
    putting = campaign_pb.PutCampaignRequest(campaign_id=campaign_id, definition=definition())
    await case.do(f"{CAMPAIGNS}PutCampaign", putting, campaign_pb.PutCampaignResponse, STAFF)
    return campaign_id


async def active(case: Case) -> str:
    """One that is."""
    activating = campaign_pb.ActivateCampaignRequest(campaign_id=await written(case))
    await case.do(f"{CAMPAIGNS}ActivateCampaign", activating, campaign_pb.ActivateCampaignResponse, STAFF)
    return activating.campaign_id


def subscription(case: Case, heard_of: Who, **fields: bool) -> hook_pb.PutSubscriptionRequest:
    """A system that wants to hear of articles that are put into carts on one channel."""
    return hook_pb.PutSubscriptionRequest(
        subscription_id=f"s-{case.key}",
        url=case.house.receiver.url,
        event_types=["cart.item_added"],
        channel_ids=[heard_of.name],
        **fields,  # type: ignore[arg-type]
    )


async def subscribed(case: Case, heard_of: Who = REPLAYED_ONE, **fields: bool) -> str:
    """The same, subscribed; its id."""
    asking = subscription(case, heard_of, **fields)
    await case.do(f"{HOOKS}PutSubscription", asking, hook_pb.PutSubscriptionResponse, STAFF)
    return asking.subscription_id


async def gone(case: Case) -> None:
    """Delete what a case has subscribed: there may be fifty of them."""
    listing = hook_pb.ListSubscriptionsRequest()
    listed = await case.ask(f"{HOOKS}ListSubscriptions", listing, hook_pb.ListSubscriptionsResponse, STAFF)
    for one in listed.subscriptions:
        if one.subscription_id == f"s-{case.key}":
            deleting = hook_pb.DeleteSubscriptionRequest(subscription_id=one.subscription_id)
            await case.do(f"{HOOKS}DeleteSubscription", deleting, hook_pb.DeleteSubscriptionResponse, STAFF)


async def posted(case: Case, heard_of: Who) -> tuple[str, str]:
    """A subscription and a delivery that was taken."""
    name = await subscribed(case, heard_of)
    customer_id, _ = await with_a_cart(case, who=heard_of)

    async def taken() -> list[SubscriptionDelivery]:
        listing = hook_pb.ListSubscriptionDeliveriesRequest(subscription_id=name)
        listed = await case.ask(
            f"{HOOKS}ListSubscriptionDeliveries", listing, hook_pb.ListSubscriptionDeliveriesResponse, STAFF
        )
        own = [one for one in listed.deliveries if one.customer_id == customer_id]
        return [one for one in own if one.state == SUBSCRIPTION_DELIVERY_STATE_TAKEN]

    return name, (await until(taken))[0].delivery_id


@seed(f"{CAMPAIGNS}PutCampaign", STAFF)
async def put_campaign(case: Case) -> Message:
    return campaign_pb.PutCampaignRequest(campaign_id=f"c_{case.key}", definition=definition())


@seed(f"{CAMPAIGNS}ActivateCampaign", STAFF)
async def activate_campaign(case: Case) -> Message:
    return campaign_pb.ActivateCampaignRequest(campaign_id=await written(case))


@seed(f"{CAMPAIGNS}PauseCampaign", STAFF)
async def pause_campaign(case: Case) -> Message:
    return campaign_pb.PauseCampaignRequest(campaign_id=await active(case))


@seed(f"{CAMPAIGNS}EndCampaign", STAFF)
async def end_campaign(case: Case) -> Message:
    return campaign_pb.EndCampaignRequest(campaign_id=await active(case))


@seed(f"{CAMPAIGNS}ExitCampaign", STAFF)
async def exit_campaign(case: Case) -> Message:
    customer_id = await case.person()
    said = consent(case, customer_id, WAITING_PURPOSE)
    await case.do(f"{PREFERENCES}SetConsent", said, preference_pb.SetConsentResponse)

    async def enrolled() -> bool:
        listing = campaign_pb.ListEnrolmentsRequest(customer_id=customer_id)
        listed = await case.do(f"{CAMPAIGNS}ListEnrolments", listing, campaign_pb.ListEnrolmentsResponse, STAFF)
        return any(one.campaign_id == WAITING_CAMPAIGN for one in listed.enrolments)

    await until(enrolled)
    return campaign_pb.ExitCampaignRequest(customer_id=customer_id, campaign_id=WAITING_CAMPAIGN)


@seed(f"{HOOKS}PutSubscription", STAFF, after=gone)
async def put_subscription(case: Case) -> Message:
    return subscription(case, REPLAYED_ONE, paused=True)


@seed(f"{HOOKS}DeleteSubscription", STAFF)
async def delete_subscription(case: Case) -> Message:
    return hook_pb.DeleteSubscriptionRequest(subscription_id=await subscribed(case, paused=True))


@seed(f"{HOOKS}RotateSubscriptionSecret", STAFF, after=gone)
async def rotate_subscription_secret(case: Case) -> Message:
    return hook_pb.RotateSubscriptionSecretRequest(subscription_id=await subscribed(case, paused=True))


@seed(f"{HOOKS}ReplayDelivery", STAFF, goes_on=("delivery",), after=gone, alone=True)
async def replay_delivery(case: Case) -> Message:
    name, delivery_id = await posted(case, REPLAYED_ONE)
    return hook_pb.ReplayDeliveryRequest(subscription_id=name, delivery_id=delivery_id)


@seed(f"{HOOKS}ReplaySubscription", STAFF, after=gone, alone=True)
async def replay_subscription(case: Case) -> Message:
    name, _ = await posted(case, REPLAYED_ALL)
    from_time = to_timestamp(system_clock() - timedelta(hours=1))
    return hook_pb.ReplaySubscriptionRequest(subscription_id=name, from_time=from_time)
