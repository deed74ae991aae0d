"""Translates calls: one short method per RPC of `OrderService`, between the contract's words and the operations."""

from libs.rpc.pages import PageTokens, page_size
from omnithread.cart.v1 import order_service_pb2 as pb
from omnithread.cart.v1.order_service_pb2_grpc import OrderServiceServicer
from services.cart.operations import Carts
from services.cart.order_convert import order_to_proto

ORDER_PAGES = PageTokens("cart.orders")


class OrderServicer(OrderServiceServicer):
    """Answers what channels ask of orders."""

    def __init__(self, orders: Carts) -> None:
        self._orders = orders

    async def GetOrder(self, request: pb.GetOrderRequest, _context: object) -> pb.GetOrderResponse:
        customer_id, order = await self._orders.get_order(request.customer_id, request.order_id)
        return pb.GetOrderResponse(order=order_to_proto(order, customer_id))

    async def ListOrders(self, request: pb.ListOrdersRequest, _context: object) -> pb.ListOrdersResponse:
        position = ORDER_PAGES.decode(request.page_token, owner=request.customer_id)
        customer_id, orders, following = await self._orders.list_orders(
            request.customer_id, position=position, limit=page_size(request.page_size)
        )
        return pb.ListOrdersResponse(
            orders=[order_to_proto(order, customer_id) for order in orders],
            next_page_token=ORDER_PAGES.encode(following, owner=request.customer_id) if following else "",
        )
