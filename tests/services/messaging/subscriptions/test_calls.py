"""Subscribing to events: what a developer of another system asks for, and what comes to their address."""

from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.money_pb2 import Money
from grpc import StatusCode

from libs.ids import new_id
from libs.serving import Running
from libs.timestamps import to_timestamp
from omnithread import Omnithread, cookie
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, ClearCartRequest
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_WEB
from omnithread.messaging.v1 import messaging_internal_service_pb2 as internal_pb
from omnithread.messaging.v1 import subscription_pb2
from omnithread.messaging.v1 import subscription_service_pb2 as pb
from omnithread.messaging.v1.messaging_internal_service_pb2_grpc import MessagingInternalServiceStub
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from omnithread.preference.v1.preference_pb2 import Preferences
from omnithread.preference.v1.preference_service_pb2 import UpdatePreferencesRequest
from omnithread.profile.v1.profile_service_pb2 import IdentifyRequest
from services.aggregator.erasure_sweep import MOST_SECONDS
from tests.services.calls import refusal, stamped, until
from tests.services.messaging.subscriptions.receiver import Post, Receiver
from tests.services.running import Services

STATES = subscription_pb2.SubscriptionDeliveryState


@pytest.fixture
async def shop(services: Services, posting: Running) -> Omnithread:
    return services.connect("web-shop")


@pytest.fixture
async def name(partner: Omnithread) -> AsyncIterator[str]:
    """The name of a subscription that is gone after the test."""
    subscription_id = new_id("partner").lower()
    yield subscription_id
    left = await partner.subscriptions.ListSubscriptions(pb.ListSubscriptionsRequest())
    if subscription_id in {one.subscription_id for one in left.subscriptions}:
        await partner.subscriptions.DeleteSubscription(pb.DeleteSubscriptionRequest(subscription_id=subscription_id))


async def subscribe(
    partner: Omnithread, name: str, receiver: Receiver, *event_types: str, **fields: Any
) -> pb.PutSubscriptionResponse:
    request = pb.PutSubscriptionRequest(
        subscription_id=name, url=receiver.url, event_types=event_types or ("*",), **fields
    )
    return await partner.subscriptions.PutSubscription(request)


async def visitor(shop: Omnithread) -> str:
    answer = await shop.profile.Identify(IdentifyRequest(identifiers=[cookie(new_id("c"))]))
    return answer.profile.customer_id


async def add_tea(shop: Omnithread, customer_id: str) -> None:
    price = Money(currency_code="EUR", units=3)
    request = AddItemRequest(customer_id=customer_id, sku="TEA-1", name="Tea", unit_price=price, quantity=1)
    await shop.cart.AddItem(request)


async def deliveries(
    partner: Omnithread, name: str, customer_id: str = "", **fields: Any
) -> list[subscription_pb2.SubscriptionDelivery]:
    request = pb.ListSubscriptionDeliveriesRequest(subscription_id=name, **fields)
    answer = await partner.subscriptions.ListSubscriptionDeliveries(request)
    return [one for one in answer.deliveries if customer_id in {"", one.customer_id}]


async def test_what_happens_in_all_areas_is_posted_signed_once_and_in_order(
    partner: Omnithread, shop: Omnithread, receiver: Receiver, name: str
) -> None:
    secret = (await subscribe(partner, name, receiver)).secret
    customer_id = await visitor(shop)
    await add_tea(shop, customer_id)
    await add_tea(shop, customer_id)
    request = PostMessageRequest(customer_id=customer_id, topic="order", author=AUTHOR_CUSTOMER, text="Hello")
    await shop.messaging.PostMessage(request)
    for language in ("de", "en"):
        wish = Preferences(customer_id=customer_id, language=language)
        wished = UpdatePreferencesRequest(preferences=wish, update_mask=FieldMask(paths=["language"]))
        await shop.preference.UpdatePreferences(wished)

    async def all_came() -> bool:
        came = receiver.types(customer_id)
        twice = all(came.count(name) == 2 for name in ("ItemAdded", "PreferencesUpdated"))
        return twice and {"CustomerCreated", "EntryPosted"} <= set(came)

    await until(all_came)
    posts = receiver.of(customer_id)
    for post in posts:
        post.check(secret)
        assert post.headers["idempotency-key"] == post.id
        assert post.headers["content-type"].startswith("application/cloudevents+json")
        assert "Hello" not in post.body.decode()
    assert len({post.id for post in posts}) == len(posts)
    first, second = (post.event for post in posts if post.event["type"] == "omnithread.cart.v1.ItemAdded")
    assert (first["specversion"], first["source"]) == ("1.0", "/omnithread/cart")
    assert first["data"]["itemAdded"]["sku"] == "TEA-1"
    assert first["sequence"] < second["sequence"]

    async def noted() -> bool:
        found = await deliveries(partner, name, customer_id)
        return len(found) == len(receiver.of(customer_id)) and all(
            one.state == STATES.SUBSCRIPTION_DELIVERY_STATE_TAKEN for one in found
        )

    await until(noted)


async def test_only_what_was_asked_for_comes(
    services: Services, partner: Omnithread, shop: Omnithread, receiver: Receiver, name: str
) -> None:
    await subscribe(partner, name, receiver, "cart.item_added", "cart.cart_cleared", channel_kinds=[CHANNEL_KIND_WEB])
    store = services.connect("store-042")
    customer_id = await visitor(shop)
    await add_tea(store, customer_id)
    await add_tea(shop, customer_id)
    await shop.cart.ClearCart(ClearCartRequest(customer_id=customer_id))
    await until(lambda: _has_taken(receiver, 2))
    assert receiver.types(customer_id) == ["ItemAdded", "CartCleared"]
    assert receiver.posts[0].event["data"]["header"]["channel"]["id"] == "web-shop"


async def test_a_refused_event_is_given_up_and_can_be_replayed_once_per_request(
    partner: Omnithread, shop: Omnithread, receiver: Receiver, name: str
) -> None:
    async def gone(_post: Post) -> int:
        return 410

    receiver.answer = gone
    await subscribe(partner, name, receiver, "cart.item_added")
    customer_id = await visitor(shop)
    await add_tea(shop, customer_id)

    async def dead() -> list[subscription_pb2.SubscriptionDelivery]:
        return await deliveries(partner, name, state=STATES.SUBSCRIPTION_DELIVERY_STATE_DEAD)

    (given_up,) = await until(dead)
    assert (given_up.last_outcome, given_up.last_status, given_up.try_count) == ("http_410", 410, 1)

    async def well(_post: Post) -> int:
        return 200

    receiver.answer = well
    request = stamped(pb.ReplayDeliveryRequest(subscription_id=name, delivery_id=given_up.delivery_id))
    for _ in range(2):
        await partner.subscriptions.ReplayDelivery(request)

    async def taken() -> list[str]:
        return receiver.taken

    assert await until(taken) == [given_up.event_id]
    from_time = to_timestamp(datetime.now(UTC) - timedelta(hours=1))
    again = await partner.subscriptions.ReplaySubscription(
        pb.ReplaySubscriptionRequest(subscription_id=name, from_time=from_time, only_dead=True)
    )
    assert again.replayed_count == 0
    again = await partner.subscriptions.ReplaySubscription(
        pb.ReplaySubscriptionRequest(subscription_id=name, from_time=from_time)
    )
    assert (again.replayed_count, again.HasField("next_from_time")) == (1, False)
    await until(lambda: _has_taken(receiver, 2))
    assert len({post.id for post in receiver.posts}) == 1


async def test_a_replay_that_is_sent_again_says_the_same_and_posts_nothing_more_whatever_was_replayed_since(
    partner: Omnithread, shop: Omnithread, receiver: Receiver, name: str
) -> None:
    await subscribe(partner, name, receiver, "cart.item_added", channel_ids=["web-shop"])
    customer_id = await visitor(shop)
    await add_tea(shop, customer_id)
    await until(lambda: _has_taken(receiver, 1))
    from_time = to_timestamp(datetime.now(UTC) - timedelta(hours=1))
    all_of_it = stamped(pb.ReplaySubscriptionRequest(subscription_id=name, from_time=from_time))
    assert (await partner.subscriptions.ReplaySubscription(all_of_it)).replayed_count == 1
    await until(lambda: _has_taken(receiver, 2))
    (first,) = await deliveries(partner, name)
    one_of_it = stamped(pb.ReplayDeliveryRequest(subscription_id=name, delivery_id=first.delivery_id))
    await partner.subscriptions.ReplayDelivery(one_of_it)
    await until(lambda: _has_taken(receiver, 3))
    await add_tea(shop, customer_id)
    await until(lambda: _has_taken(receiver, 4))
    assert (await partner.subscriptions.ReplaySubscription(all_of_it)).replayed_count == 1
    await partner.subscriptions.ReplayDelivery(one_of_it)

    async def nothing_waits() -> bool:
        return not await deliveries(partner, name, state=STATES.SUBSCRIPTION_DELIVERY_STATE_WAITING)

    await until(nothing_waits)
    assert len(receiver.taken) == 4
    all_of_it.only_dead = True
    refused = await refusal(partner.subscriptions.ReplaySubscription(all_of_it))
    assert refused.reason == "REQUEST_ID_REUSED"


async def _has_taken(receiver: Receiver, count: int) -> bool:
    return len(receiver.taken) >= count


async def test_a_later_event_of_a_customer_waits_for_an_earlier_one_and_others_do_not(
    partner: Omnithread, shop: Omnithread, receiver: Receiver, name: str
) -> None:
    anna, ben = await visitor(shop), await visitor(shop)
    failed: list[str] = []

    async def fails_three_times(post: Post) -> int:
        if post.event["subject"] == anna and len(failed) < 3:
            failed.append(post.id)
            return 500
        return 200

    receiver.answer = fails_three_times
    await subscribe(partner, name, receiver, "cart.item_added")
    for customer_id in (anna, anna, anna, ben):
        await add_tea(shop, customer_id)
    await until(lambda: _has_taken(receiver, 4))
    assert set(failed) == {receiver.of(anna)[0].id}
    taken = [post.event["sequence"] for post in receiver.of(anna)[3:]]
    assert taken == sorted(taken)
    assert len(taken) == 3


async def test_what_came_while_it_was_paused_is_posted_when_it_goes_on(
    partner: Omnithread, shop: Omnithread, receiver: Receiver, name: str
) -> None:
    await subscribe(partner, name, receiver, "cart.item_added", paused=True)
    customer_id = await visitor(shop)
    await add_tea(shop, customer_id)

    async def waiting() -> list[subscription_pb2.SubscriptionDelivery]:
        return await deliveries(partner, name, customer_id, state=STATES.SUBSCRIPTION_DELIVERY_STATE_WAITING)

    await until(waiting)
    assert not receiver.posts
    await subscribe(partner, name, receiver, "cart.item_added")
    await until(lambda: _has_taken(receiver, 1))


async def test_a_secret_is_told_to_the_request_that_made_it_and_the_old_one_signs_for_a_day(
    partner: Omnithread, receiver: Receiver, name: str
) -> None:
    request = stamped(pb.PutSubscriptionRequest(subscription_id=name, url=receiver.url, event_types=["*"]))
    first = await partner.subscriptions.PutSubscription(request)
    retried = await partner.subscriptions.PutSubscription(request)
    assert first.secret.startswith("whsec_")
    assert (retried.secret, retried.replayed) == (first.secret, True)
    assert not (await subscribe(partner, name, receiver)).secret
    rotated = await partner.subscriptions.RotateSubscriptionSecret(
        pb.RotateSubscriptionSecretRequest(subscription_id=name)
    )
    assert rotated.secret not in {"", first.secret}
    until_time = rotated.subscription.old_secret_until_time.ToDatetime(tzinfo=UTC)
    assert timedelta(hours=23) < until_time - datetime.now(UTC) <= timedelta(hours=24)
    tested = await partner.subscriptions.SendTestEvent(pb.SendTestEventRequest(subscription_id=name))
    assert (tested.taken, tested.outcome, tested.status) == (True, "taken", 200)
    (post,) = (one for one in receiver.posts if one.id == tested.event_id)  # beside whatever happens elsewhere
    assert post.event["type"] == "omnithread.messaging.v1.SubscriptionTest"
    for secret in (first.secret, rotated.secret):
        post.check(secret)


async def test_a_test_event_tells_what_is_wrong_with_an_address(
    partner: Omnithread, receiver: Receiver, name: str
) -> None:
    async def broken(_post: Post) -> int:
        return 503

    receiver.answer = broken
    await subscribe(partner, name, receiver)
    tested = await partner.subscriptions.SendTestEvent(pb.SendTestEventRequest(subscription_id=name))
    assert (tested.taken, tested.outcome, tested.status) == (False, "http_503", 503)


async def test_a_deleted_subscription_is_gone_and_a_new_one_of_its_name_inherits_nothing(
    partner: Omnithread, shop: Omnithread, receiver: Receiver, name: str
) -> None:
    made = await subscribe(partner, name, receiver, "cart.item_added", paused=True)
    customer_id = await visitor(shop)
    await add_tea(shop, customer_id)
    await until(lambda: deliveries(partner, name, customer_id))
    request = stamped(pb.DeleteSubscriptionRequest(subscription_id=name))
    for _ in range(2):
        await partner.subscriptions.DeleteSubscription(request)
    refused = await refusal(partner.subscriptions.GetSubscription(pb.GetSubscriptionRequest(subscription_id=name)))
    assert refused.reason == "SUBSCRIPTION_NOT_FOUND"
    again = await subscribe(partner, name, receiver, "cart.item_added")
    assert again.secret not in {"", made.secret}
    assert not await deliveries(partner, name)


async def test_pages_of_deliveries_are_whole_and_lead_nowhere_else(
    partner: Omnithread, shop: Omnithread, receiver: Receiver, name: str
) -> None:
    await subscribe(partner, name, receiver, "cart.item_added")
    customer_id = await visitor(shop)
    for _ in range(5):
        await add_tea(shop, customer_id)
    await until(lambda: _has_taken(receiver, 5))
    seen, token = [], ""
    while True:
        request = pb.ListSubscriptionDeliveriesRequest(subscription_id=name, page_size=2, page_token=token)
        page = await partner.subscriptions.ListSubscriptionDeliveries(request)
        seen += [one.event_id for one in page.deliveries]
        token = page.next_page_token
        if not token:
            break
        dead = STATES.SUBSCRIPTION_DELIVERY_STATE_DEAD
        elsewhere = pb.ListSubscriptionDeliveriesRequest(subscription_id=name, state=dead, page_token=token)
        refused = await refusal(partner.subscriptions.ListSubscriptionDeliveries(elsewhere))
        assert refused.reason == "PAGE_TOKEN_INVALID"
    assert sorted(seen) == sorted(receiver.taken)


async def test_what_waits_of_a_customer_who_is_forgotten_is_erased(
    services: Services, posting: Running, partner: Omnithread, shop: Omnithread, receiver: Receiver, name: str
) -> None:
    await subscribe(partner, name, receiver, "cart.*", "profile.*", paused=True)
    customer_id = await visitor(shop)
    await add_tea(shop, customer_id)

    async def both() -> bool:
        found = await deliveries(partner, name, customer_id)
        return {"cart.item_added", "profile.customer_created"} <= {one.event_type for one in found}

    await until(both)
    waited = {one.delivery_id for one in await deliveries(partner, name, customer_id)}
    internal = MessagingInternalServiceStub(services.as_service("aggregator", to=posting))
    request = internal_pb.EraseAreaRequest(erasure_id=new_id("era"), customer_id=customer_id)
    erased = (await internal.EraseArea(request, timeout=MOST_SECONDS)).erasure
    rows = {row.collection: row for row in erased.collections}
    assert rows["subscription_deliveries"].erased_count >= 2
    assert rows["subscription_cursors"].erased_count == 0  # numbers: without them all would be laid out again
    # Cart, which was not asked to forget, may announce that what it still keeps was left alone.
    assert not waited & {one.delivery_id for one in await deliveries(partner, name, customer_id)}


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({"url": "https://169.254.169.254/"}, ("url",)),
        ({"url": "ftp://example.com/"}, ("url",)),
        ({"event_types": ["cart.nothing", "cart.*", "nowhere.*"]}, ("event_types[0]", "event_types[2]")),
    ],
)
async def test_what_cannot_be_subscribed_to_is_refused_by_its_place(
    partner: Omnithread, name: str, fields: dict[str, Any], places: tuple[str, ...]
) -> None:
    given: dict[str, Any] = {"url": "https://hooks.example.com/", "event_types": ["*"]}
    request = pb.PutSubscriptionRequest(subscription_id=name, **(given | fields))
    refused = await refusal(partner.subscriptions.PutSubscription(request))
    assert (refused.code, refused.reason) == (StatusCode.INVALID_ARGUMENT, "SUBSCRIPTION_INVALID")
    assert tuple(violation.field for violation in refused.fields) == places


async def test_what_is_not_there_is_refused(partner: Omnithread, receiver: Receiver, name: str) -> None:
    calls: list[Awaitable[object]] = [
        partner.subscriptions.GetSubscription(pb.GetSubscriptionRequest(subscription_id=name)),
        partner.subscriptions.DeleteSubscription(pb.DeleteSubscriptionRequest(subscription_id=name)),
        partner.subscriptions.RotateSubscriptionSecret(pb.RotateSubscriptionSecretRequest(subscription_id=name)),
        partner.subscriptions.SendTestEvent(pb.SendTestEventRequest(subscription_id=name)),
    ]
    for call in calls:
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (StatusCode.NOT_FOUND, "SUBSCRIPTION_NOT_FOUND")
    await subscribe(partner, name, receiver)
    refused = await refusal(
        partner.subscriptions.ReplayDelivery(pb.ReplayDeliveryRequest(subscription_id=name, delivery_id="hkd_none"))
    )
    assert refused.reason == "SUBSCRIPTION_DELIVERY_NOT_FOUND"
    refused = await refusal(subscribe(partner, name, receiver, etag="0" * 32))
    assert (refused.code, refused.reason) == (StatusCode.ABORTED, "ETAG_MISMATCH")


async def test_the_51st_subscription_is_refused(partner: Omnithread, receiver: Receiver) -> None:
    async def make(number: int) -> pb.PutSubscriptionResponse:
        return await subscribe(partner, f"many-{number}", receiver, "cart.cart_erased", paused=True)

    for number in range(50):
        await make(number)
    refused = await refusal(make(50))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "SUBSCRIPTION_LIMIT")
    assert refused.metadata == {"limit": "50"}
    for number in range(50):
        request = pb.DeleteSubscriptionRequest(subscription_id=f"many-{number}")
        await partner.subscriptions.DeleteSubscription(request)
