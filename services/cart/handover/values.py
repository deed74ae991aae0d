"""A hand-over, and how its document is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from libs.channel import Channel
from services.cart.line_values import CartId

MOST_USES = 20
KEPT_FOR = timedelta(days=30)
"""After its time is over: until then a late try learns that it has expired, and not that it never was."""


@dataclass(frozen=True, slots=True)
class Use:
    """One visit that went on with a hand-over."""

    request: str
    """Which request it was, as a hash."""
    time: datetime
    channel: Channel


@dataclass(frozen=True, slots=True)
class HandoverCode:
    """The six digits of a hand-over; which ones they are follows from the key."""

    place: int
    """The how-manieth drawing found them free."""
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class Handover:
    """A customer's cart on its way to another channel."""

    handover_id: str
    customer_id: str
    """Whose cart it was when it was handed over."""
    cart_id: CartId
    """Empty where the customer had never put anything in."""
    channel: Channel
    session_id: str
    traceparent: str
    create_time: datetime
    expire_time: datetime
    single_use: bool
    key_id: int
    """Which key made the token."""
    body_hash: bytes
    """Of the request that made it."""
    code: HandoverCode | None = None
    uses: tuple[Use, ...] = ()
    """The newest 20, oldest first."""
    revoked: bool = False
    revision: int = 1

    def was_used_by(self, request: str) -> bool:
        """Say whether this very request went on with it before."""
        return any(use.request == request for use in self.uses)

    def works_at(self, now: datetime) -> bool:
        """Say whether its time is not over and nobody revoked it."""
        return not self.revoked and now < self.expire_time


def handover_to_document(handover: Handover) -> dict[str, Any]:
    """Write the document. Nothing in it makes a token without the key file."""
    code = handover.code
    return {
        "_id": handover.handover_id,
        "customer_id": handover.customer_id,
        "cart_id": handover.cart_id,
        "channel": handover.channel.to_fields(),
        "session_id": handover.session_id,
        "traceparent": handover.traceparent,
        "create_time": handover.create_time,
        "expire_time": handover.expire_time,
        "purge_time": handover.expire_time + KEPT_FOR,
        "single_use": handover.single_use,
        "key_id": handover.key_id,
        "body_hash": handover.body_hash,
        "code_place": code.place if code else None,
        "code_expire_time": code.expire_time if code else None,
        "uses": uses_to_fields(handover.uses),
        "revoked": handover.revoked,
        "revision": handover.revision,
    }


def handover_from_document(document: Mapping[str, Any]) -> Handover:
    """Read the document."""
    code = None
    if document["code_place"] is not None:
        code = HandoverCode(document["code_place"], document["code_expire_time"])
    return Handover(
        handover_id=document["_id"],
        customer_id=document["customer_id"],
        cart_id=CartId(document["cart_id"]),
        channel=Channel.from_fields(document["channel"]),
        session_id=document["session_id"],
        traceparent=document["traceparent"],
        create_time=document["create_time"],
        expire_time=document["expire_time"],
        single_use=document["single_use"],
        key_id=document["key_id"],
        body_hash=bytes(document["body_hash"]),
        code=code,
        uses=tuple(Use(one["request"], one["time"], Channel.from_fields(one["channel"])) for one in document["uses"]),
        revoked=document["revoked"],
        revision=document["revision"],
    )


def uses_to_fields(uses: tuple[Use, ...]) -> list[dict[str, Any]]:
    """Write the newest uses."""
    return [{"request": use.request, "time": use.time, "channel": use.channel.to_fields()} for use in uses[-MOST_USES:]]
