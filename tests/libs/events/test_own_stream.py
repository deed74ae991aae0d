"""Hearing oneself: a service's own records are read as those of other areas are, page by page."""

from datetime import UTC, datetime, timedelta

import pytest

from libs.events import streams
from libs.events.streams import Unreadable, own_stream
from libs.mongo.values import HeadRow
from omnithread.common.v1.event_pb2 import EventHeader, Head
from omnithread.messaging.v1.messaging_events_pb2 import MessagingEvent

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


class FewRecords:
    """Three customers whose records changed a minute after each other."""

    epoch = "epo_1"
    rows = tuple(HeadRow(f"cus_{number}", number, NOW + timedelta(minutes=number)) for number in range(1, 4))

    async def heads(
        self, updated_since: datetime, limit: int, after: tuple[datetime, str] | None = None
    ) -> list[HeadRow]:
        rows = [row for row in self.rows if row.update_time >= updated_since]
        return [row for row in rows if after is None or (row.update_time, row.customer_id) > after][:limit]

    async def replay(self, customer_id: str, after_seq: int, limit: int) -> tuple[list[bytes], Head]:
        event = MessagingEvent(header=EventHeader(customer_id=customer_id, seq=after_seq + 1))
        return [event.SerializeToString()][:limit], Head(epoch=self.epoch, seq=9)


async def test_all_heads_are_listed_over_several_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEADS_PAGE", 2)
    stream = own_stream("messaging", FewRecords(), topic="t", event_type=MessagingEvent, clock=lambda: NOW)
    first = await stream.heads(NOW, "")
    second = await stream.heads(NOW, first.next_page_token)
    assert {**first.heads, **second.heads} == {"cus_1": 1, "cus_2": 2, "cus_3": 3}
    assert (second.next_page_token, second.epoch, second.as_of_time) == ("", "epo_1", NOW)


async def test_events_are_read_as_they_were_announced() -> None:
    stream = own_stream("messaging", FewRecords(), topic="t", event_type=MessagingEvent, clock=lambda: NOW)
    replayed = await stream.replay("cus_1", 4)
    assert [streams.header_of(event).seq for event in replayed.events] == [5]
    assert replayed.head.seq == 9
    with pytest.raises(Unreadable):
        stream.parse(b"\xff")
