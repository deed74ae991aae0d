"""Whoever is about to answer may ask for a customer's events to be handled now, and is told what is still missing."""

import asyncio

from tests.libs.events.reader import Reader
from tests.libs.events.shop import AREA, OpenShop


async def test_what_is_behind_is_handled_at_once(opened: OpenShop, reader: Reader) -> None:
    for _ in range(3):
        await opened.shop.add_bag("anna")
    assert await catch_up(reader, 3) == 0
    assert reader.given["anna"] == [1, 2, 3]
    assert await catch_up(reader, 3) == 0
    assert opened.internal.replays == 1


async def test_all_who_ask_at_once_share_the_work(opened: OpenShop, reader: Reader) -> None:
    for _ in range(3):
        await opened.shop.add_bag("anna")
    assert await asyncio.gather(*(catch_up(reader, 3) for _ in range(20))) == [0] * 20
    assert reader.given["anna"] == [1, 2, 3]
    assert opened.internal.replays == 1


async def test_too_little_time_is_answered_with_the_number_missing_and_the_work_goes_on(
    opened: OpenShop, reader: Reader
) -> None:
    await opened.shop.add_bag("anna")
    assert await catch_up(reader, 1) == 0
    await opened.shop.add_bag("anna")
    await opened.shop.add_bag("anna")
    reader.gate.clear()
    assert await reader.consumer.catch_up(AREA, "anna", 3, timeout_seconds=0.3) == 2
    reader.gate.set()
    assert await catch_up(reader, 3) == 0
    assert reader.given["anna"] == [1, 2, 3]


async def test_an_owner_that_is_away_leaves_all_missing(opened: OpenShop, reader: Reader) -> None:
    await opened.shop.add_bag("anna")
    opened.internal.away = True
    assert await catch_up(reader, 1) == 1
    opened.internal.away = False
    assert await catch_up(reader, 1) == 0


async def test_an_owner_that_has_too_much_to_do_parks_nobody(opened: OpenShop, reader: Reader) -> None:
    await opened.shop.add_bag("anna")
    opened.internal.busy = True
    assert [await catch_up(reader, 1) for _ in range(3)] == [1, 1, 1]
    assert (await reader.cursors.get(AREA, "anna")).retry_time is None
    opened.internal.busy = False
    assert await catch_up(reader, 1) == 0


async def test_a_parked_customer_is_missing_and_not_tried_again_by_every_reader(
    opened: OpenShop, reader: Reader
) -> None:
    await opened.shop.add_bag("anna")
    reader.poisoned.add("anna")
    assert await catch_up(reader, 1) == 1
    replays = opened.internal.replays
    assert await catch_up(reader, 1) == 1
    assert opened.internal.replays == replays


async def test_another_epoch_counts_as_behind(opened: OpenShop, reader: Reader) -> None:
    await opened.shop.add_bag("anna")
    assert await catch_up(reader, 1) == 0
    assert await reader.consumer.catch_up(AREA, "anna", 1, timeout_seconds=30, epoch="epo_other") == 1
    epoch = opened.shop.records.epoch
    assert await reader.consumer.catch_up(AREA, "anna", 1, timeout_seconds=30, epoch=epoch) == 0


async def catch_up(reader: Reader, to_seq: int) -> int:
    return await reader.consumer.catch_up(AREA, "anna", to_seq, timeout_seconds=30)
