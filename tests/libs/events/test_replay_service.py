"""Owners answer their readers in pages, and readers put the pages together."""

from datetime import UTC, datetime

import pytest

from libs.clock import system_clock
from libs.errors import OmnithreadError
from libs.events import replay_service
from libs.events.replay_service import answer_heads, answer_replay
from libs.timestamps import to_timestamp
from omnithread.cart.v1 import cart_internal_service_pb2 as pb
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from tests.libs.events.shop import OpenShop

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def test_heads_come_in_pages_and_each_customer_once(opened: OpenShop) -> None:
    for customer_id in ("anna", "berta", "clara", "berta"):
        await opened.shop.add_bag(customer_id)
    heads: list[tuple[str, int]] = []
    token = ""
    for _ in range(3):
        page = await list_heads(opened, page_size=2, page_token=token)
        heads += [(head.customer_id, head.seq) for head in page.heads]
        token = page.next_page_token
        if not token:
            break
    assert heads == [("anna", 1), ("clara", 1), ("berta", 2)]


async def test_a_page_token_is_good_for_its_own_question_only(opened: OpenShop) -> None:
    await opened.shop.add_bag("anna")
    page = await list_heads(opened, page_size=1)
    assert page.next_page_token
    with pytest.raises(OmnithreadError, match="PAGE_TOKEN_INVALID"):
        await list_heads(opened, page_size=1, page_token=page.next_page_token, since=datetime(2021, 1, 1, tzinfo=UTC))


async def test_the_stream_of_an_area_replays_what_is_in_the_record_and_what_was_relayed(opened: OpenShop) -> None:
    for _ in range(3):
        await opened.shop.add_bag("anna")
    replayed = await opened.stream.replay("anna", 1)
    assert [event.header.seq for event in replayed.events if isinstance(event, CartEvent)] == [2, 3]
    assert replayed.head.seq == 3
    page = await opened.stream.heads(LONG_AGO, "")
    assert page.heads == {"anna": 3}
    assert page.epoch == opened.shop.records.epoch


async def test_an_answer_too_long_for_a_message_ends_early(opened: OpenShop, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        await opened.shop.add_bag("anna")
    monkeypatch.setattr(replay_service, "MOST_REPLAY_BYTES", 1)
    request = pb.ReplayEventsRequest(customer_id="anna")
    answer = await answer_replay(
        opened.shop.records, request, event_type=CartEvent, response_type=pb.ReplayEventsResponse
    )
    assert [event.header.seq for event in answer.events] == [1]
    assert answer.head.seq == 3


async def list_heads(
    opened: OpenShop, *, page_size: int, page_token: str = "", since: datetime = LONG_AGO
) -> pb.ListHeadsResponse:
    request = pb.ListHeadsRequest(updated_since=to_timestamp(since), page_size=page_size, page_token=page_token)
    return await answer_heads(
        opened.shop.records, request, area="cart", response_type=pb.ListHeadsResponse, clock=system_clock
    )
