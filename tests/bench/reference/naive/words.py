"""Small things that every one of the five converts in the same way."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money

from omnithread.common.v1.channel_pb2 import Channel
from omnithread.common.v1.event_pb2 import Head

Record = Mapping[str, Any]
"""A document as the driver gives it."""
CENTS = 100
NANOS_OF_A_CENT = 10_000_000


def timestamp(moment: datetime | None) -> Timestamp | None:
    """Write a time."""
    if moment is None:
        return None
    written = Timestamp()
    written.FromDatetime(moment)
    return written


def money(fields: Record, times: int = 1) -> Money:
    """Write an amount, of a currency that has cents."""
    minor = fields["minor"] * times
    return Money(currency_code=fields["currency_code"], units=minor // CENTS, nanos=minor % CENTS * NANOS_OF_A_CENT)


def channel(fields: Record) -> Channel:
    """Write a channel."""
    return Channel(id=fields["id"], kind=fields["kind"])


def head(record: Record) -> Head:
    """Write how far the events have come."""
    return Head(seq=record["seq"])
