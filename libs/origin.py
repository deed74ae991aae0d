"""Where a change came from: kept with its request and announced with its events."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from omnithread.common.v1 import channel_pb2


@dataclass(frozen=True, slots=True)
class Origin:
    """The channel, visit, person of staff, trace and journey behind one change."""

    channel_id: str
    """The registered channel, as the caller's token named it; a part of the suite where no channel acted."""
    channel_kind: int
    """A value of `omnithread.common.v1.ChannelKind`."""
    session_id: str = ""
    """As the caller named it; not yet checked to be the customer's."""
    actor_id: str = ""
    """The member of staff, from the token's `actor` claim; empty for the customer's own acts."""
    traceparent: str = ""
    """W3C trace context of the command."""
    journey_id: str = ""
    """As the caller named it; labels telemetry and decides nothing."""

    @classmethod
    def system(cls, part: str, *, traceparent: str = "") -> "Origin":
        """Name a part of the suite that acts without a channel, for example `cart-sweep`."""
        return cls(channel_id=part, channel_kind=channel_pb2.CHANNEL_KIND_SYSTEM, traceparent=traceparent)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What makes a command the same command when it is sent again, and where it came from."""

    request_id: str
    body_hash: bytes
    """SHA-256 over the method and the request without its `issue_time`; another body under the same id is refused."""
    issue_time: datetime | None
    """When the caller issued it; None for internal commands, which have neither skew check nor floor."""
    origin: Origin

    @classmethod
    def internal(cls, request_id: str, origin: Origin) -> "Stamp":
        """Stamp a command that no caller sent, a worker's or a listener's: its id is all there is of its body."""
        body_hash = hashlib.sha256(request_id.encode()).digest()
        return cls(request_id=request_id, body_hash=body_hash, issue_time=None, origin=origin)
