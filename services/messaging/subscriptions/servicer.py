"""Translates calls: one short method per RPC of `SubscriptionService`."""

from datetime import UTC, datetime, timedelta

from libs.clock import Clock
from libs.ids import NewId
from libs.mongo.documents import SavedDocument
from libs.rpc.call import stamp_of
from libs.rpc.pages import PageTokens, page_size
from libs.timestamps import EPOCH, from_timestamp, to_timestamp
from omnithread.messaging.v1 import subscription_pb2
from omnithread.messaging.v1 import subscription_service_pb2 as pb
from omnithread.messaging.v1.subscription_service_pb2_grpc import SubscriptionServiceServicer
from services.messaging.subscriptions.convert import (
    delivery_state_from_proto,
    delivery_to_proto,
    subscription_to_proto,
    wanted_from_proto,
)
from services.messaging.subscriptions.deliveries import Deliveries
from services.messaging.subscriptions.operations import Subscriptions, secret_told
from services.messaging.subscriptions.posting import TAKEN, Poster
from services.messaging.subscriptions.replaying import Replaying
from services.messaging.subscriptions.values import Delivery, Subscription

PAGES = PageTokens("messaging.subscription_deliveries")
MILLISECOND = timedelta(milliseconds=1)


class SubscriptionServicer(SubscriptionServiceServicer):
    """Answers what other systems' developers ask."""

    def __init__(
        self,
        *,
        subscriptions: Subscriptions,
        deliveries: Deliveries,
        replaying: Replaying,
        poster: Poster,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._subscriptions = subscriptions
        self._deliveries = deliveries
        self._replaying = replaying
        self._poster = poster
        self._clock = clock
        self._new_id = new_id

    async def PutSubscription(self, request: pb.PutSubscriptionRequest, _context: object) -> pb.PutSubscriptionResponse:
        outcome = await self._subscriptions.put(
            request.subscription_id, wanted_from_proto(request), etag=request.etag, stamp=stamp_of(request)
        )
        (shown,) = await self._shown([outcome.saved])
        return pb.PutSubscriptionResponse(subscription=shown, secret=secret_told(outcome), replayed=outcome.replayed)

    async def GetSubscription(self, request: pb.GetSubscriptionRequest, _context: object) -> pb.GetSubscriptionResponse:
        (shown,) = await self._shown([await self._subscriptions.get(request.subscription_id)])
        return pb.GetSubscriptionResponse(subscription=shown)

    async def ListSubscriptions(
        self, _request: pb.ListSubscriptionsRequest, _context: object
    ) -> pb.ListSubscriptionsResponse:
        return pb.ListSubscriptionsResponse(subscriptions=await self._shown(await self._subscriptions.all()))

    async def DeleteSubscription(
        self, request: pb.DeleteSubscriptionRequest, _context: object
    ) -> pb.DeleteSubscriptionResponse:
        outcome = await self._subscriptions.delete(request.subscription_id, etag=request.etag, stamp=stamp_of(request))
        return pb.DeleteSubscriptionResponse(replayed=outcome.replayed)

    async def RotateSubscriptionSecret(
        self, request: pb.RotateSubscriptionSecretRequest, _context: object
    ) -> pb.RotateSubscriptionSecretResponse:
        outcome = await self._subscriptions.rotate(request.subscription_id, stamp=stamp_of(request))
        (shown,) = await self._shown([outcome.saved])
        return pb.RotateSubscriptionSecretResponse(
            subscription=shown, secret=secret_told(outcome), replayed=outcome.replayed
        )

    async def ListSubscriptionDeliveries(
        self, request: pb.ListSubscriptionDeliveriesRequest, _context: object
    ) -> pb.ListSubscriptionDeliveriesResponse:
        hook_id = await self._hook_id(request.subscription_id)
        state = delivery_state_from_proto(request.state)
        owner, limit = f"{hook_id}:{state or ''}", page_size(request.page_size)
        position = PAGES.decode(request.page_token, owner=owner)
        before = (EPOCH + int(position["time"]) * MILLISECOND, str(position["id"])) if position else None
        found = await self._deliveries.page(hook_id, state=state, before=before, limit=limit + 1)
        token = PAGES.encode(_position(found[limit - 1]), owner=owner) if len(found) > limit else ""
        return pb.ListSubscriptionDeliveriesResponse(
            deliveries=[delivery_to_proto(one) for one in found[:limit]], next_page_token=token
        )

    async def ReplayDelivery(self, request: pb.ReplayDeliveryRequest, _context: object) -> pb.ReplayDeliveryResponse:
        hook_id = await self._hook_id(request.subscription_id)
        delivery = await self._replaying.one(
            request.subscription_id, hook_id, request.delivery_id, stamp=stamp_of(request)
        )
        return pb.ReplayDeliveryResponse(delivery=delivery_to_proto(delivery))

    async def ReplaySubscription(
        self, request: pb.ReplaySubscriptionRequest, _context: object
    ) -> pb.ReplaySubscriptionResponse:
        hook_id = await self._hook_id(request.subscription_id)
        replayed = await self._replaying.since(
            request.subscription_id,
            hook_id,
            from_timestamp(request.from_time, field="from_time"),
            only_dead=request.only_dead,
            stamp=stamp_of(request),
        )
        return pb.ReplaySubscriptionResponse(
            replayed_count=replayed.count,
            next_from_time=to_timestamp(replayed.next_from) if replayed.next_from else None,
        )

    async def SendTestEvent(self, request: pb.SendTestEventRequest, _context: object) -> pb.SendTestEventResponse:
        saved = await self._subscriptions.get(request.subscription_id)
        event_id = self._new_id("evt")
        tried = await self._poster.post_test(saved.state, event_id)
        return pb.SendTestEventResponse(
            event_id=event_id, taken=tried.outcome == TAKEN, outcome=tried.outcome, status=tried.status
        )

    async def _hook_id(self, subscription_id: str) -> str:
        return (await self._subscriptions.get(subscription_id)).state.hook_id

    async def _shown(self, found: list[SavedDocument[Subscription]]) -> list[subscription_pb2.Subscription]:
        now = self._clock()
        healths = await self._subscriptions.healths.of([saved.state.hook_id for saved in found])
        return [subscription_to_proto(saved, healths[saved.state.hook_id], now) for saved in found]


def _position(delivery: Delivery) -> dict[str, str | int]:
    time: datetime = delivery.record_time.astimezone(UTC)
    return {"time": (time - EPOCH) // MILLISECOND, "id": delivery.delivery_id}
