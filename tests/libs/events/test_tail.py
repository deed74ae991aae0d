"""Whoever waits for news hears of every event from now on, and is told when something may have passed by."""

from google.protobuf.message import Message

from libs.events.streams import header_of
from libs.events.tail import EventTail
from tests.libs.events.shop import OpenShop, running, until


async def test_every_replica_hears_every_event_from_now_on(opened: OpenShop) -> None:
    shop = opened.shop
    heard: list[list[tuple[str, int]]] = [[], []]
    gaps = [0, 0]

    def tail(number: int) -> EventTail:
        def on_event(_area: str, event: Message) -> None:
            heard[number].append((header_of(event).customer_id, header_of(event).seq))

        def on_gap() -> None:
            gaps[number] += 1

        return EventTail(kafka=shop.kafka, streams=[opened.stream], on_event=on_event, on_gap=on_gap)

    async def all_listen() -> bool:
        return all(gaps)

    async def all_heard() -> bool:
        if not all(heard):  # one who begins to listen again says so with a gap, and may have missed the last one
            await shop.add_bag("anna")
        return all(heard)

    async with running(shop.relay.run):
        await shop.add_bag("anna")
        assert await shop.relay.flush(60)
        async with running(tail(0).run, tail(1).run):
            await until(all_listen, what="both listen")
            await until(all_heard, what="both hear what is new")
    assert ("anna", 1) not in [*heard[0], *heard[1]]
    assert all(one == sorted(one) for one in heard)
