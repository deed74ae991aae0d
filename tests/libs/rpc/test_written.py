"""An answer is written once for a thing, belongs to who asked, and is never that of another thing."""

from dataclasses import dataclass, replace

from libs.rpc.written import MOST_OF_ONE, Written
from omnithread.cart.v1.cart_service_pb2 import GetCartResponse


@dataclass(frozen=True, slots=True)
class Basket:
    owner: str
    cart_id: str = ""


class Pen:
    """Writes, and counts how often."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def __call__(self, basket: Basket) -> GetCartResponse:
        self.written.append(basket.owner)
        answer = GetCartResponse()
        answer.cart.customer_id, answer.cart.cart_id = basket.owner, basket.cart_id
        return answer


def test_the_same_thing_is_written_once_and_whoever_asks_may_change_the_answer() -> None:
    pen, anns = Pen(), Basket("ann")
    written = Written(pen)
    first, second = written.of("ann", anns), written.of("ann", anns)
    assert first == second
    first.cart.customer_id = second.cart.customer_id = "somebody else"
    assert written.of("ann", anns).cart.customer_id == "ann"
    assert pen.written == ["ann"]


def test_another_thing_of_that_name_is_written_anew_even_if_it_looks_the_same() -> None:
    pen, anns = Pen(), Basket("ann")
    written = Written(pen)
    written.of("ann", anns)
    later = replace(anns, cart_id="crt_2")
    assert written.of("ann", later).cart.cart_id == "crt_2"
    assert written.of("ann", replace(later)).cart.cart_id == "crt_2"
    assert written.of("ann", anns).cart.cart_id == ""
    assert len(pen.written) == 4


def test_the_oldest_make_room_and_long_ones_are_not_kept() -> None:
    baskets = {name: Basket(name) for name in ("ann", "ben", "eve")}
    room = 2 * len(Pen()(baskets["ann"]).SerializeToString())
    pen = Pen()
    written = Written(pen, most_bytes=room)
    for name in ("ann", "ben", "ann", "eve", "ann", "eve", "ben"):
        written.of(name, baskets[name])
    assert pen.written == ["ann", "ben", "eve", "ben"]
    long = Basket("kim", "x" * (MOST_OF_ONE + 1))
    for _ in range(2):
        written.of("kim", long)
    assert pen.written[4:] == ["kim", "kim"]
    written.of("ben", baskets["ben"])
    assert len(pen.written) == 6
