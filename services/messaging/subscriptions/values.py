"""What a subscription is, and what one event on its way to one receiver is."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_SUBSCRIPTIONS = 50
MOST_NAMES = 1000
"""Ids that subscriptions ever had, those of deleted ones too."""
SECRET_OVERLAP = timedelta(hours=24)
"""How long an old secret signs beside the new one."""
MOST_OLD_SECRETS = 3
RETENTION = timedelta(days=14)
"""How long an event is kept for a receiver."""
ALL = "*"


class DeliveryState(enum.StrEnum):
    """What became of one event for one subscription."""

    WAITING = "WAITING"
    TAKEN = "TAKEN"
    DEAD = "DEAD"


@dataclass(frozen=True, slots=True)
class Secret:
    """What posts are signed with."""

    version: int
    """1, 2, 3, ... per subscription id, over deletions too."""
    text: str
    until_time: datetime | None = None
    """When it signs no more; None for the present one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are posted where, as somebody wrote it."""

    url: str = ""
    event_types: tuple[str, ...] = ()
    channel_kinds: tuple[int, ...] = ()
    """Values of `omnithread.common.v1.ChannelKind`; empty means all."""
    channel_ids: tuple[str, ...] = ()
    paused: bool = False

    def wants(self, event_type: str, *, channel_kind: int, channel_id: str) -> bool:
        """Whether an event is to be posted."""
        area = event_type.partition(".")[0]
        return (
            not {event_type, f"{area}.{ALL}", ALL}.isdisjoint(self.event_types)
            and (not self.channel_kinds or channel_kind in self.channel_kinds)
            and (not self.channel_ids or channel_id in self.channel_ids)
        )


NOTHING = Wanted()


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription; what was made under the same name after a deletion is another, with another `hook_id`."""

    subscription_id: str
    hook_id: str = ""
    """Names this one for its deliveries; empty before there ever was one."""
    wanted: Wanted = NOTHING
    secrets: tuple[Secret, ...] = ()
    """Newest first."""
    last_secret_version: int = 0
    create_time: datetime | None = None
    is_deleted: bool = False

    def signing_secrets(self, now: datetime) -> tuple[str, ...]:
        """Give the secrets that sign now, newest first."""
        return tuple(one.text for one in self.secrets if one.until_time is None or one.until_time > now)

    def old_secret_until(self, now: datetime) -> datetime | None:
        """Say until when an old secret signs; None where none does."""
        return max((one.until_time for one in self.secrets if one.until_time and one.until_time > now), default=None)

    def secret_of(self, version: int) -> str:
        """Give the secret of a version, empty where it is gone."""
        return next((one.text for one in self.secrets if one.version == version), "")


@dataclass(frozen=True, slots=True)
class Replays:
    """What was replayed under one name: nothing but the requests, which every document remembers."""

    subscription_id: str


@dataclass(frozen=True, slots=True)
class Health:
    """How a receiver fares."""

    hook_id: str
    failure_count: int = 0
    """Tries in a row that failed."""
    rest_until: datetime | None = None
    """Nothing is posted until then, and only one at a time afterwards; None where it is well."""
    last_taken_time: datetime | None = None
    last_failure: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one receiver."""

    delivery_id: str
    hook_id: str
    customer_id: str
    event_id: str
    event_type: str
    """`cart.cart_abandoned`."""
    area: str
    seq: int
    payload: bytes
    """The serialized event of its area."""
    traceparent: str
    """Of the command that caused the event."""
    record_time: datetime
    state: DeliveryState
    tries: int = 0
    """Begun since it was first due, or was replayed."""
    start_time: datetime | None = None
    """When it was first due, or was replayed: it is given up a day later."""
    due_time: datetime | None = None
    last_outcome: str = ""
    last_status: int = 0
    last_try_time: datetime | None = None
