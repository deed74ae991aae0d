"""The place where something was done or said, as services keep it and show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omnithread.common.v1 import channel_pb2


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel, as the caller's token named it."""

    id: str
    """As registered, for example `web-shop`; a part of the suite where no channel acted."""
    kind: int
    """A value of `omnithread.common.v1.ChannelKind`."""

    def to_proto(self) -> channel_pb2.Channel:
        """Write it for the wire."""
        return channel_pb2.Channel(id=self.id, kind=channel_pb2.ChannelKind.ValueType(self.kind))

    def to_fields(self) -> dict[str, Any]:
        """Write it for a document."""
        return {"id": self.id, "kind": self.kind}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "Channel":
        """Read it from a document."""
        return cls(id=fields["id"], kind=fields["kind"])
