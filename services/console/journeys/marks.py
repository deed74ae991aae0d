"""What a touchpoint is in the picture. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from omnithread.common.v1.channel_pb2 import ChannelKind
from omnithread.context.v1.context_pb2 import TouchpointKind
from services.console.pages.words import enum_words


class Group(StrEnum):
    """Kinds of touchpoints that share a shape and a colour."""

    VISIT = "visit"
    LOOK = "look"
    CART = "cart"
    ORDER = "order"
    SAID = "said"
    PERSON = "person"
    PROBLEM = "problem"


WORDS = {
    Group.VISIT: "visit",
    Group.LOOK: "looked, searched, clicked",
    Group.CART: "cart",
    Group.ORDER: "order",
    Group.SAID: "message, conversation, call",
    Group.PERSON: "person, consent",
    Group.PROBLEM: "problem",
}

GROUPS = {
    TouchpointKind.TOUCHPOINT_KIND_SESSION_STARTED: Group.VISIT,
    TouchpointKind.TOUCHPOINT_KIND_STORE_VISITED: Group.VISIT,
    TouchpointKind.TOUCHPOINT_KIND_PRODUCT_VIEWED: Group.LOOK,
    TouchpointKind.TOUCHPOINT_KIND_AD_CLICKED: Group.LOOK,
    TouchpointKind.TOUCHPOINT_KIND_LINK_FOLLOWED: Group.LOOK,
    TouchpointKind.TOUCHPOINT_KIND_SEARCHED: Group.LOOK,
    TouchpointKind.TOUCHPOINT_KIND_PRICE_FELL: Group.LOOK,
    TouchpointKind.TOUCHPOINT_KIND_CART_CHANGED: Group.CART,
    TouchpointKind.TOUCHPOINT_KIND_CART_ABANDONED: Group.CART,
    TouchpointKind.TOUCHPOINT_KIND_CART_HANDED_OVER: Group.CART,
    TouchpointKind.TOUCHPOINT_KIND_ORDER_PLACED: Group.ORDER,
    TouchpointKind.TOUCHPOINT_KIND_ORDER_CHANGED: Group.ORDER,
    TouchpointKind.TOUCHPOINT_KIND_CALL_ANSWERED: Group.SAID,
    TouchpointKind.TOUCHPOINT_KIND_MESSAGE: Group.SAID,
    TouchpointKind.TOUCHPOINT_KIND_CONVERSATION: Group.SAID,
    TouchpointKind.TOUCHPOINT_KIND_IDENTIFIED: Group.PERSON,
    TouchpointKind.TOUCHPOINT_KIND_PROFILE_UPDATED: Group.PERSON,
    TouchpointKind.TOUCHPOINT_KIND_PREFERENCES_CHANGED: Group.PERSON,
    TouchpointKind.TOUCHPOINT_KIND_PROBLEM: Group.PROBLEM,
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One touchpoint."""

    touchpoint_id: str
    time: datetime
    channel_id: str
    """Empty for what the suite did by itself."""
    channel_kind: int
    kind: int
    summary: str = ""
    subject: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    session_id: str = ""
    trace_id: str = ""
    """Empty where none was noted."""
    by_customer: bool = True
    area: str = ""

    @property
    def group(self) -> Group:
        """Its shape and colour."""
        return GROUPS.get(TouchpointKind.ValueType(self.kind), Group.VISIT)

    @property
    def kind_words(self) -> str:
        """What happened: `product viewed`."""
        return kind_words(self.kind)

    @property
    def words(self) -> str:
        """What happened, with what is known of it: `cart changed: added 2 x SKU-1`."""
        if not self.summary or self.summary.startswith(self.kind_words):
            return self.summary or self.kind_words
        return f"{self.kind_words}: {self.summary}"

    @property
    def way(self) -> int:
        """The kind of channel on which it met the customer: of a message, the kind of its way."""
        if self.kind == TouchpointKind.TOUCHPOINT_KIND_MESSAGE:
            return WAYS.get(dict(self.attributes).get("delivery", ""), self.channel_kind)
        return self.channel_kind

    @property
    def lane(self) -> str:
        """The lane in which it stands: its channel's; a message's is that of its way."""
        if self.way != self.channel_kind:
            return channel_words(self.way)
        return COMPANY if self.way == ChannelKind.CHANNEL_KIND_SYSTEM or not self.channel_id else self.channel_id

    @property
    def is_step(self) -> bool:
        """Whether it is a step on the customer's way through the channels: an act, or a message that went out."""
        sent = self.kind == TouchpointKind.TOUCHPOINT_KIND_MESSAGE and ("state", "sent") in self.attributes
        return (self.by_customer or sent) and self.lane != COMPANY


COMPANY = "the company"
"""The lane of what the suite did without a channel: reminders, ends of carts."""
WAYS = {
    "email": ChannelKind.CHANNEL_KIND_EMAIL,
    "sms": ChannelKind.CHANNEL_KIND_SMS,
    "push": ChannelKind.CHANNEL_KIND_PUSH,
}


def kind_words(kind: int) -> str:
    """Say a kind of touchpoint: `product viewed`."""
    return enum_words(TouchpointKind.DESCRIPTOR, kind)


def channel_words(kind: int) -> str:
    """Say a kind of channel: `mobile app`."""
    return SAID.get(kind) or enum_words(ChannelKind.DESCRIPTOR, kind)


SAID: dict[int, str] = {ChannelKind.CHANNEL_KIND_SMS: "SMS", ChannelKind.CHANNEL_KIND_EMAIL: "e-mail"}
