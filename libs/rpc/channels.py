"""The registry of channels: every place where the customer meets the company, in one TOML file.

    [channels.store-042]
    kind = "STORE"
    brand = "main"
    store_id = "042"
    time_zone = "Europe/Berlin"

A token names a channel; what the channel is stands here, so no caller can say it is something else.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from omnithread.common.v1 import channel_pb2

ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
MOST_CHANNELS = 10_000
KINDS = frozenset(channel_pb2.ChannelKind.DESCRIPTOR.values_by_name)


class ChannelsInvalid(Exception):
    """The registry cannot be read; the message says where."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One registered channel."""

    id: str
    kind: int
    """A value of `omnithread.common.v1.ChannelKind`."""
    brand: str
    store_id: str = ""
    time_zone: str = ""
    """IANA name, for channels that have a place."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    brand: str = Field(pattern=ID_PATTERN)
    store_id: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,64}$")
    time_zone: str = ""

    @field_validator("kind")
    @classmethod
    def _kind_exists(cls, kind: str) -> str:
        if kind in {"UNSPECIFIED", "SYSTEM"} or f"CHANNEL_KIND_{kind}" not in KINDS:
            raise ValueError("is no kind of channel")
        return kind

    @field_validator("time_zone")
    @classmethod
    def _time_zone_exists(cls, name: str) -> str:
        if name:
            ZoneInfo(name)
        return name


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: dict[str, _Entry] = Field(max_length=MOST_CHANNELS)


class ChannelRegistry:
    """The channels by id."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = dict(channels)

    @classmethod
    def load(cls, path: Path) -> "ChannelRegistry":
        """Read the file. Raises ChannelsInvalid, naming what is wrong."""
        try:
            entries = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).channels
        except (OSError, tomllib.TOMLDecodeError, ValidationError, KeyError) as error:
            raise ChannelsInvalid(f"{path}: {error}") from error
        for channel_id in entries:
            if not channel_id.replace("-", "").replace("_", "").isalnum() or len(channel_id) > 64:
                raise ChannelsInvalid(f"{path}: {channel_id} is no id of at most 64 letters, digits, _ and -")
        return cls({channel_id: _channel(channel_id, entry) for channel_id, entry in entries.items()})

    def find(self, channel_id: str) -> Channel | None:
        """Give a channel; None where it is not registered."""
        return self._channels.get(channel_id)

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._channels.values())


def _channel(channel_id: str, entry: _Entry) -> Channel:
    return Channel(
        id=channel_id,
        kind=channel_pb2.ChannelKind.Value(f"CHANNEL_KIND_{entry.kind}"),
        brand=entry.brand,
        store_id=entry.store_id,
        time_zone=entry.time_zone,
    )
