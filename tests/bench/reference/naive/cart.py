"""The cart service, as it is usually written."""

import structlog
from motor.motor_asyncio import AsyncIOMotorDatabase

from omnithread.cart.v1 import cart_pb2, cart_service_pb2, price_pb2
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceServicer
from omnithread.common.v1.attribute_pb2 import Attribute
from tests.bench.reference.naive.words import Record, channel, head, money, timestamp

log = structlog.get_logger("cart")


class NaiveCart(CartServiceServicer):
    """Answers one question."""

    def __init__(self, database: AsyncIOMotorDatabase[Record]) -> None:
        self._records = database["records"]

    async def GetCart(  # noqa: N802  the contract's name
        self, request: cart_service_pb2.GetCartRequest, _context: object
    ) -> cart_service_pb2.GetCartResponse:
        record = await self._records.find_one({"_id": request.customer_id})
        if record is None:
            raise LookupError(request.customer_id)
        log.info("get_cart", customer_id=request.customer_id, version=record["version"])
        cart = cart_of(record)
        price = price_pb2.CartPrice(subtotal=cart.subtotal, total=cart.subtotal)
        return cart_service_pb2.GetCartResponse(cart=cart, head=head(record), price=price)


def cart_of(record: Record) -> cart_pb2.Cart:
    """Convert a record."""
    lines = [_line(one) for one in record["lines"]]
    minor = sum(one["unit_price"]["minor"] * one["quantity"] for one in record["lines"])
    currency_code = record["lines"][0]["unit_price"]["currency_code"] if lines else ""
    origin = record["last_origin"]
    return cart_pb2.Cart(
        cart_id=record["cart_id"],
        customer_id=record["_id"],
        lines=lines,
        currency_code=currency_code,
        subtotal=money({"minor": minor, "currency_code": currency_code}) if lines else None,
        last_channel=channel({"id": origin["channel_id"], "kind": origin["channel_kind"]}) if origin else None,
        create_time=timestamp(record["cart_create_time"]),
        update_time=timestamp(record["cart_update_time"]),
        idle_due_time=timestamp(record["idle_due_time"]),
        version=record["version"],
        etag=str(record["version"]),
        state=cart_pb2.CART_STATE_ACTIVE,
        offer_codes=record["offer_codes"],
        expire_due_time=timestamp(record["expire_due_time"]),
    )


def _line(fields: Record) -> cart_pb2.CartLine:
    return cart_pb2.CartLine(
        line_id=fields["line_id"],
        sku=fields["sku"],
        name=fields["name"],
        unit_price=money(fields["unit_price"]),
        quantity=fields["quantity"],
        line_total=money(fields["unit_price"], fields["quantity"]),
        image_uri=fields["image_uri"],
        link_uri=fields["link_uri"],
        attributes=[Attribute(key=key, value=value) for key, value in fields["attributes"]],
        channel=channel(fields["channel"]),
        add_time=timestamp(fields["add_time"]),
        update_time=timestamp(fields["update_time"]),
        categories=fields["categories"],
    )
