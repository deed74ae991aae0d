"""On what kind of channel a touchpoint brought customer and company together. Pure.

What the customer did happened on its channel. A message that went out is a step on the kind of its way: a mail that
calls somebody back into the shop is a part of the way there. All else of the company's leads nowhere by itself.
"""

from collections.abc import Iterable

from omnithread.common.v1 import channel_pb2
from omnithread.context.v1 import context_pb2
from services.aggregator.values import Touchpoint

LETTERS = {
    channel_pb2.CHANNEL_KIND_WEB: "W",
    channel_pb2.CHANNEL_KIND_MOBILE_APP: "A",
    channel_pb2.CHANNEL_KIND_STORE: "S",
    channel_pb2.CHANNEL_KIND_CALL_CENTRE: "C",
    channel_pb2.CHANNEL_KIND_EMAIL: "E",
    channel_pb2.CHANNEL_KIND_SMS: "T",
    channel_pb2.CHANNEL_KIND_PUSH: "P",
    channel_pb2.CHANNEL_KIND_SOCIAL: "O",
}
"""A way is written with one letter for each kind, `WES` for web, mail and store. They are stored: never change one."""
KINDS = {letter: kind for kind, letter in LETTERS.items()}
WAYS = {"email": "E", "sms": "T", "push": "P"}
"""The ways of messages that lead over a channel of their own, as touchpoints call them."""
NOWHERE = ""


def place_of(touchpoint: Touchpoint) -> str:
    """Give the letter of the kind of channel; empty where a touchpoint is no step."""
    way = WAYS.get(dict(touchpoint.attributes).get("delivery", ""), NOWHERE)
    if touchpoint.kind == context_pb2.TOUCHPOINT_KIND_MESSAGE and way:
        return way if touchpoint.by_customer or _went_out(touchpoint) else NOWHERE
    if touchpoint.by_customer:
        return LETTERS.get(channel_pb2.ChannelKind.ValueType(touchpoint.channel_kind), NOWHERE)
    return NOWHERE


def written(kinds: Iterable[int]) -> str:
    """Write a way with letters; what is no place of customers is left out."""
    return "".join(LETTERS.get(channel_pb2.ChannelKind.ValueType(kind), NOWHERE) for kind in kinds)


def kinds_of(way: str) -> list[channel_pb2.ChannelKind.ValueType]:
    """Read a way."""
    return [KINDS[letter] for letter in way if letter in KINDS]


def leads_over(way: str, wanted: str) -> bool:
    """Say whether a way has the wanted places in their order, with others between them or not."""
    letters = iter(way)
    return all(letter in letters for letter in wanted)


def _went_out(touchpoint: Touchpoint) -> bool:
    return dict(touchpoint.attributes).get("state") == "sent"
