"""The registry of channels: every place where the customer meets the company, in one TOML file.

    [channels.store-042]
    kind = "STORE"
    brand = "main"
    store_id = "042"
    time_zone = "Europe/Berlin"
    scopes = ["cart:read", "cart:write"]    # may be left out: as far as the token goes

`calls_per_second`, `burst` and `calls_per_day` bound how often a channel calls (`libs/rpc/quotas.py`).
A service reads the file again when it changes (`libs/rpc/watched_channels.py`).
A token names a channel; what the channel is stands here, so no caller can say it is something else.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from libs.rpc.access import SERVICES
from libs.rpc.quotas import Allowance
from libs.rpc.scopes import EVERY
from omnithread.common.v1 import channel_pb2

ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
MOST_CHANNELS = 10_000
KINDS = frozenset(channel_pb2.ChannelKind.DESCRIPTOR.values_by_name)


class ChannelsInvalid(ValueError):
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
    scopes: frozenset[str] | None = None
    """The most that it may do, whatever its tokens say; None: what they say."""
    calls_per_second: float | None = None
    """How often it may call; None for what the settings say of all channels, and so the next two."""
    burst: int | None = None
    calls_per_day: int | None = None

    def bounded(self, scopes: frozenset[str]) -> frozenset[str]:
        """Give those of a token's scopes that the channel may have."""
        return scopes if self.scopes is None else scopes & self.scopes


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    brand: str = Field(pattern=ID_PATTERN)
    store_id: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,64}$")
    time_zone: str = ""
    scopes: tuple[str, ...] | None = None
    calls_per_second: float | None = Field(default=None, ge=0, le=1_000_000)
    burst: int | None = Field(default=None, ge=0, le=1_000_000)
    calls_per_day: int | None = Field(default=None, ge=0, le=10_000_000_000)

    @field_validator("scopes")
    @classmethod
    def _scopes_exist(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        unknown = sorted(set(names or ()) - EVERY)
        if unknown:
            raise ValueError(f"there is no scope {', '.join(unknown)}")
        return names

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

    def __init__(
        self, channels: Mapping[str, Channel], *, now: Callable[[], Mapping[str, Channel]] | None = None
    ) -> None:
        """Know these, for ever or until `now` gives others."""
        self.now = now or (lambda: channels)
        """Gives them by id: the same object as before where none has changed."""

    @classmethod
    def load(cls, path: Path) -> "ChannelRegistry":
        """Read the file. Raises ChannelsInvalid, naming what is wrong."""
        try:
            return cls(read_channels(path.read_text(encoding="utf-8")))
        except (OSError, ChannelsInvalid) as error:
            raise ChannelsInvalid(f"{path}: {error}") from error

    def allowances(self, usual: Allowance) -> dict[str, Allowance]:
        """Give the allowance of each channel that has another than the `usual` one."""
        all_of_them = {channel.id: _allowance(channel, usual) for channel in self}
        return {channel_id: allowance for channel_id, allowance in all_of_them.items() if allowance != usual}

    def find(self, channel_id: str) -> Channel | None:
        """Give a channel; None where it is not registered."""
        return self.now().get(channel_id)

    def __iter__(self) -> Iterator[Channel]:
        return iter(self.now().values())


def read_channels(text: str) -> Mapping[str, Channel]:
    """Read the content of a file, by id. Raises ChannelsInvalid, naming what is wrong."""
    try:
        entries = _File.model_validate(tomllib.loads(text)).channels
    except (tomllib.TOMLDecodeError, ValidationError, KeyError) as error:
        raise ChannelsInvalid(str(error)) from error
    for channel_id in entries:
        if not re.fullmatch(ID_PATTERN, channel_id):
            raise ChannelsInvalid(f"{channel_id} is no id of at most 64 letters, digits, _ and -")
        if channel_id in SERVICES:
            raise ChannelsInvalid(f"{channel_id} is a service of the suite, and cannot be a channel")
    return MappingProxyType({channel_id: _channel(channel_id, entry) for channel_id, entry in entries.items()})


def _channel(channel_id: str, entry: _Entry) -> Channel:
    return Channel(
        id=channel_id,
        kind=channel_pb2.ChannelKind.Value(f"CHANNEL_KIND_{entry.kind}"),
        brand=entry.brand,
        store_id=entry.store_id,
        time_zone=entry.time_zone,
        scopes=None if entry.scopes is None else frozenset(entry.scopes),
        calls_per_second=entry.calls_per_second,
        burst=entry.burst,
        calls_per_day=entry.calls_per_day,
    )


def _allowance(channel: Channel, usual: Allowance) -> Allowance:
    return Allowance(
        calls_per_second=usual.calls_per_second if channel.calls_per_second is None else channel.calls_per_second,
        burst=usual.burst if channel.burst is None else channel.burst,
        calls_per_day=usual.calls_per_day if channel.calls_per_day is None else channel.calls_per_day,
    )
