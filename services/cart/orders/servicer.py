"""Translates calls: one short method per RPC of `OrderService`, between the contract's words and the operations."""

from libs.rpc.call import stamp_of
from libs.rpc.pages import PageTokens, page_size
from libs.timestamps import from_timestamp
from omnithread.cart.v1 import order_service_pb2 as pb
from omnithread.cart.v1.order_service_pb2_grpc import OrderServiceServicer
from services.cart.convert import cart_to_proto
from services.cart.orders.convert import order_to_proto, payment_state_from_proto, state_from_proto
from services.cart.orders.operations import Orders
from services.cart.orders.payments import checked_payment_reference
from services.cart.orders.requests import ordered_in, return_from_request, return_hash, sale_from_request, sale_hash

ORDER_PAGES = PageTokens("cart.orders")


class OrderServicer(OrderServiceServicer):
    """Answers what channels ask and tell of orders."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    async def GetOrder(self, request: pb.GetOrderRequest, _context: object) -> pb.GetOrderResponse:
        customer_id, order = await self._orders.get(request.customer_id, request.order_id)
        return pb.GetOrderResponse(order=order_to_proto(order, customer_id))

    async def ListOrders(self, request: pb.ListOrdersRequest, _context: object) -> pb.ListOrdersResponse:
        position = ORDER_PAGES.decode(request.page_token, owner=request.customer_id)
        customer_id, orders, following = await self._orders.page(
            request.customer_id, position=position, limit=page_size(request.page_size)
        )
        return pb.ListOrdersResponse(
            orders=[order_to_proto(order, customer_id) for order in orders],
            next_page_token=ORDER_PAGES.encode(following, owner=request.customer_id) if following else "",
        )

    async def AdvanceOrder(self, request: pb.AdvanceOrderRequest, _context: object) -> pb.AdvanceOrderResponse:
        stated = from_timestamp(request.occur_time, field="occur_time") if request.HasField("occur_time") else None
        outcome = await self._orders.advance(
            request.customer_id,
            request.order_id,
            state_from_proto(request.state),
            occur_time=stated,
            stamp=stamp_of(request),
        )
        return pb.AdvanceOrderResponse(
            order=order_to_proto(outcome.order, outcome.saved.customer_id),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
        )

    async def RecordPayment(self, request: pb.RecordPaymentRequest, _context: object) -> pb.RecordPaymentResponse:
        outcome = await self._orders.pay(
            request.customer_id,
            request.order_id,
            payment_state_from_proto(request.payment_state),
            reference=checked_payment_reference(request.payment_reference),
            stamp=stamp_of(request),
        )
        return pb.RecordPaymentResponse(
            order=order_to_proto(outcome.order, outcome.saved.customer_id),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
        )

    async def RecordOrder(self, request: pb.RecordOrderRequest, _context: object) -> pb.RecordOrderResponse:
        outcome = await self._orders.record(
            request.customer_id,
            sale_from_request(request),
            content_hash=sale_hash(request),
            stamp=stamp_of(request),
        )
        return pb.RecordOrderResponse(
            order=order_to_proto(outcome.order, outcome.saved.customer_id),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
            cart=cart_to_proto(outcome.saved),
        )

    async def RecordReturn(self, request: pb.RecordReturnRequest, _context: object) -> pb.RecordReturnResponse:
        order_id = ordered_in(request)
        outcome = await self._orders.take_back(
            request.customer_id,
            order_id,
            return_from_request(request),
            content_hash=return_hash(request, order_id),
            stamp=stamp_of(request),
        )
        return pb.RecordReturnResponse(
            order=order_to_proto(outcome.order, outcome.saved.customer_id),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
        )
