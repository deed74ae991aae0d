"""An answer is written once for a record, belongs to who asked, and is never that of another record."""

from dataclasses import replace

from libs.mongo.values import Saved
from libs.mongo.written import MOST_OF_ONE, Written
from omnithread.cart.v1.cart_service_pb2 import GetCartResponse
from tests.libs.mongo.test_decoded import saved


class Pen:
    """Writes, and counts how often."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def __call__(self, record: Saved[str]) -> GetCartResponse:
        self.written.append(record.customer_id)
        answer = GetCartResponse()
        answer.cart.customer_id, answer.cart.cart_id = record.customer_id, record.state
        return answer


def test_the_same_record_is_written_once_and_whoever_asks_may_change_the_answer() -> None:
    pen, ann = Pen(), saved("ann")
    written = Written(pen)
    first, second = written.of(ann), written.of(ann)
    assert first == second
    first.cart.customer_id = "somebody else"
    assert written.of(ann).cart.customer_id == "ann"
    assert pen.written == ["ann"]


def test_another_record_of_the_customer_is_written_anew_even_if_it_looks_the_same() -> None:
    pen, ann = Pen(), saved("ann")
    written = Written(pen)
    written.of(ann)
    later = replace(ann, state="crt_2")
    assert written.of(later).cart.cart_id == "crt_2"
    assert written.of(replace(later)).cart.cart_id == "crt_2"
    assert written.of(ann).cart.cart_id == ""
    assert len(pen.written) == 4


def test_the_oldest_make_room_and_long_ones_are_not_kept() -> None:
    pen, records = Pen(), {name: saved(name) for name in ("ann", "ben", "eve")}
    room = 2 * len(Pen()(records["ann"]).SerializeToString())
    written = Written(pen, most_bytes=room)
    for name in ("ann", "ben", "ann", "eve", "ann", "eve", "ben"):
        written.of(records[name])
    assert pen.written == ["ann", "ben", "eve", "ben"]
    long = saved("long")
    long = replace(long, state="x" * (MOST_OF_ONE + 1))
    written.of(long)
    written.of(long)
    assert pen.written[4:] == ["long", "long"]
    written.of(records["ben"])
    assert len(pen.written) == 6
