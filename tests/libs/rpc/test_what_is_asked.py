"""Requests are decoded and held against the contract before a servicer sees them."""

import grpc
import pytest

from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, GetCartRequest
from omnithread.common.v1.attribute_pb2 import Attribute
from tests.libs.rpc.opened_door import ASK, GET_CART, OpenedDoor, as_channel, refused


async def raw(door: OpenedDoor, body: bytes, method: str = GET_CART) -> bytes:
    """Send bytes as they are."""
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = door.channel.unary_unary(method)
    return await call(body, metadata=as_channel(door.keys, "web-shop"))


@pytest.mark.parametrize(
    "body", [b"\xff\xff\xff", b"\x0a\x7fcut off", b"\x0a\x02\xc3\x28"], ids=["no tag", "cut off", "no UTF-8"]
)
async def test_bytes_that_are_no_request_are_refused_as_such(door: OpenedDoor, body: bytes) -> None:
    refusal = await refused(raw(door, body))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "UNDECODABLE")
    assert door.counted("INVALID_ARGUMENT") == 1


async def test_fields_that_break_the_contract_are_named_with_their_paths(door: OpenedDoor) -> None:
    request = AddItemRequest(
        customer_id="Anna Example",
        sku="PURSE-1",
        name="Purse",
        quantity=0,
        attributes=[Attribute(key="size"), Attribute(key="anna@example.com")],
    )
    refusal = await refused(door.stub.AddItem(request, metadata=as_channel(door.keys, "web-shop")))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert set(refusal.faults) == {
        "customer_id",
        "unit_price",
        "quantity",
        "attributes[1].key",
        "request_id",
        "issue_time",
    }
    assert refusal.faults["quantity"] == "must be greater than or equal to 1 and less than or equal to 9999"
    assert "anna" not in refusal.everything.lower()


async def test_a_message_beyond_the_limit_is_refused_with_the_limit(door: OpenedDoor) -> None:
    refusal = await refused(raw(door, GetCartRequest(customer_id="x" * 300_000).SerializeToString()))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_LARGE")
    assert refusal.metadata == {"most_bytes": "262144"}


async def test_a_message_far_beyond_the_limit_is_not_even_read(door: OpenedDoor) -> None:
    refusal = await refused(raw(door, bytes(8_000_000)))
    assert refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (await door.stub.GetCart(ASK, metadata=as_channel(door.keys, "web-shop"))).cart.customer_id == "cus_1"


async def test_metadata_beyond_the_limit_is_refused(door: OpenedDoor) -> None:
    refusal = await refused(door.stub.GetCart(ASK, metadata=as_channel(door.keys, "web-shop", padding="x" * 20_000)))
    assert refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_method_that_does_not_exist_is_unimplemented(door: OpenedDoor) -> None:
    for method in ("/omnithread.cart.v1.CartService/Steal", "/no.such.Service/GetCart"):
        assert (await refused(raw(door, b"", method))).code is grpc.StatusCode.UNIMPLEMENTED
    assert door.counted("UNIMPLEMENTED", "/no.such.Service/GetCart") == 0
