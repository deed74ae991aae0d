"""How values read: times, amounts, channels, and the names of what the contracts count. The filters of templates."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Protocol

from babel.numbers import format_currency
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money
from markupsafe import Markup

from omnithread.common.v1.channel_pb2 import Channel, ChannelKind
from omnithread.common.v1.delivery_pb2 import DeliveryKind

NONE = "–"
NANOS = 10**9
SPELLED = {"EMAIL": "e-mail", "SMS": "SMS", "IN_APP": "the app's inbox"}
TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
SPANS: tuple[tuple[str, int], ...] = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


class EnumType(Protocol):
    """The descriptor of an enum; protobuf's stubs know two classes of them."""

    @property
    def name(self) -> str:
        """`CartState`."""

    @property
    def values_by_number(self) -> Mapping[int, Any]:  # as above
        """The values."""


def filters(zone: tzinfo) -> Mapping[str, Callable[..., object]]:
    """Give the filters by name."""
    return {
        "when": lambda moment: when(moment, zone),
        "money": money,
        "enum": enum_of,
        "channel": channel,
        "span": span,
        "clock_time": clock_time,
        "trace_id": trace_id,
        "channel_kinds": lambda kinds: [enum_words(ChannelKind.DESCRIPTOR, kind) for kind in kinds],
        "delivery_kinds": lambda kinds: ", ".join(enum_words(DeliveryKind.DESCRIPTOR, kind) for kind in kinds),
    }


def when(moment: Timestamp | datetime | None, zone: tzinfo) -> Markup | str:
    """Give a time in the console's zone: `26 Nov 2026, 14:03:07`; a dash for one that is not set."""
    if isinstance(moment, Timestamp):
        moment = moment.ToDatetime(tzinfo=UTC) if moment.seconds or moment.nanos else None
    if moment is None:
        return NONE
    there = moment.astimezone(zone)
    return Markup('<time datetime="{}">{} {:%b %Y, %H:%M:%S}</time>').format(
        moment.astimezone(UTC).isoformat(timespec="milliseconds"), there.day, there
    )


def money(amount: Money) -> str:
    """Give an amount: `€12.50`; a dash where there is none."""
    if not amount.currency_code:
        return NONE
    return format_currency(amount.units + amount.nanos / NANOS, amount.currency_code, locale="en_GB")


def enum_of(message: Message, field: str) -> str:
    """Give the words for a field that counts something: `waiting for agent`; a dash where nothing is stated."""
    enum_type = message.DESCRIPTOR.fields_by_name[field].enum_type
    if enum_type is None:
        raise ValueError(f"{field} counts nothing")
    return enum_words(enum_type, int(getattr(message, field)))


def enum_words(enum_type: EnumType, number: int) -> str:
    """Give the words for a number of an enum's descriptor; the number itself where it came after us."""
    value = enum_type.values_by_number.get(number)
    if value is None:
        return f"no. {number}"
    prefix = "".join(f"_{mark}" if mark.isupper() else mark for mark in enum_type.name).strip("_").upper() + "_"
    word = str(value.name).removeprefix(prefix)
    return NONE if word == "UNSPECIFIED" else SPELLED.get(word) or word.replace("_", " ").lower()


def channel(where: Channel | None) -> str:
    """Give a channel: `web-shop (web)`; a dash where none is known."""
    if where is None or not where.id:
        return NONE
    kind = enum_words(ChannelKind.DESCRIPTOR, where.kind)
    return where.id if kind == NONE else f"{where.id} ({kind})"


def clock_time(minutes: int) -> str:
    """Give minutes after midnight as on a clock: `22:00`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def trace_id(traceparent: str) -> str:
    """Give the trace's id of a W3C trace context; empty where it is none."""
    found = TRACEPARENT.fullmatch(traceparent)
    return found[1] if found else ""


def span(length: Duration | timedelta | float) -> str:
    """Give a length of time by its two largest parts: `3 days 4 hours`."""
    if isinstance(length, Duration):
        length = length.ToTimedelta()
    left = round(length.total_seconds() if isinstance(length, timedelta) else length)
    parts = []
    for name, seconds in SPANS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(parts[:2]) or "less than a second"
