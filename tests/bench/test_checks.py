"""Answers are checked while they are counted: wrong ones are found, whatever they look like."""

from omnithread.cart.v1.cart_pb2 import Cart, CartLine
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, AddItemResponse, GetCartResponse
from tests.bench.load.kinds import kind_of
from tests.bench.load.plan import FIXED, Visitor, to_text

ANNA, BERT = (Visitor(customer_id=name, session_id="s", journey_id="j") for name in ("anna", "bert"))


def _cart(customer_id: str, quantity: int = 1, cart_id: str = "crt_1") -> bytes:
    cart = Cart(customer_id=customer_id, cart_id=cart_id, lines=[CartLine(sku="a", quantity=quantity)])
    return GetCartResponse(cart=cart).SerializeToString()


def _added(customer_id: str, quantity: int) -> bytes:
    cart = Cart(customer_id=customer_id, lines=[CartLine(sku="a", quantity=quantity)])
    return AddItemResponse(cart=cart).SerializeToString()


def test_an_answer_is_right_that_says_the_same_in_other_bytes() -> None:
    kind = kind_of("get_cart", {"anna": to_text(_cart("anna")), "bert": to_text(_cart("bert"))})
    assert kind.is_right(ANNA, _cart("anna"))
    assert kind.is_right(ANNA, _cart("anna", cart_id="crt_2"))


def test_somebody_elses_answer_is_wrong_also_where_it_was_right_for_them() -> None:
    kind = kind_of("get_cart", {"anna": to_text(_cart("anna")), "bert": to_text(_cart("bert"))})
    assert kind.is_right(BERT, _cart("bert"))
    assert not kind.is_right(ANNA, _cart("bert"))
    assert not kind.is_right(ANNA, _cart("anna", quantity=2))


def test_a_fixed_answer_is_the_same_to_the_byte() -> None:
    kind = kind_of("get_cart", {FIXED: to_text(_cart("anna"))})
    assert kind.is_right(BERT, _cart("anna"))
    assert not kind.is_right(BERT, _cart("anna", cart_id="crt_2"))


def test_two_additions_are_never_told_the_same_number() -> None:
    kind = kind_of("add_item", {})
    assert kind.is_right(ANNA, _added("anna", 4))
    assert kind.is_right(BERT, _added("bert", 4))
    assert kind.is_right(ANNA, _added("anna", 5))
    assert not kind.is_right(ANNA, _added("anna", 5))
    assert not kind.is_right(ANNA, _added("bert", 9))


def test_each_addition_is_a_request_of_its_own() -> None:
    kind = kind_of("add_item", {})
    ids = {AddItemRequest.FromString(kind.request(ANNA)).request_id for _ in range(3)}
    assert len(ids) == 3
