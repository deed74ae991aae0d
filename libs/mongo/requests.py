"""What a record remembers of the requests that it carried out, so that a retry, however late, is never run twice.

The newest 128 are kept; in a full log at most 32 of them are the suite's own.
What is dropped raises its channel's floor, the issue time of the newest dropped request: an unknown request of that
channel that was not issued later may be one of the dropped, and is refused.
A channel with a wrong clock raises only its own floor. Pure, and the law that its test checks:
whatever a channel had carried out is either known, or refused as too old.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from libs.errors import clock_skew, request_id_reused, request_too_old
from libs.mongo.shapes import FloorEntry, RequestEntry
from libs.origin import Stamp
from libs.timestamps import EPOCH

MAX_REQUESTS = 128
MAX_INTERNAL = 32  # of a full log: background work shall not push the channels' requests out
MAX_FLOORS = 64
MAX_AHEAD = timedelta(seconds=60)
EVERY_OTHER_CHANNEL = ""


@dataclass(frozen=True, slots=True)
class RequestLog:
    """The requests of one record, oldest first, and the floors of what it has dropped."""

    requests: tuple[RequestEntry, ...] = ()
    floors: tuple[FloorEntry, ...] = ()

    @classmethod
    def of(cls, document: Mapping[str, Any] | None) -> "RequestLog":
        """Read it from a record; an empty one where there is no record."""
        if document is None:
            return cls()
        return cls(requests=tuple(document["requests"]), floors=tuple(document["floors"]))

    def find(self, stamp: Stamp) -> RequestEntry | None:
        """Give what is known of this request. Raises REQUEST_ID_REUSED where its id came with another body."""
        known = next((entry for entry in self.requests if entry["id"] == stamp.request_id), None)
        if known is not None and bytes(known["body_hash"]) != stamp.body_hash:
            raise request_id_reused()
        return known

    def check_fresh(self, stamp: Stamp, now: datetime) -> None:
        """Refuse an unknown request that is too far ahead (CLOCK_SKEW), or may have been dropped (REQUEST_TOO_OLD)."""
        check_not_ahead(stamp, now)
        if stamp.issue_time is None:
            return
        floor = self.floor_of(stamp.origin.channel_id)
        if floor is not None and milliseconds(stamp.issue_time) <= floor:
            raise request_too_old()

    def floor_of(self, channel_id: str) -> datetime | None:
        """Give the issue time up to which this channel's unknown requests are refused."""
        floors = {entry["channel_id"]: entry["issue_time"] for entry in self.floors}
        return floors.get(channel_id, floors.get(EVERY_OTHER_CHANNEL))

    def with_request(self, entry: RequestEntry) -> "RequestLog":
        """Remember one more; the oldest beyond the limit are dropped into the floors."""
        kept = [*self.requests, entry]
        dropped = [kept.pop(_dispensable(kept)) for _ in range(len(kept) - MAX_REQUESTS)]
        return RequestLog(requests=tuple(kept), floors=_raised(self.floors, dropped))

    def joined_with(self, other: "RequestLog") -> "RequestLog":
        """Remember what another record was asked too, so that a request sent there is not run again here."""
        channels = {entry["channel_id"] for log in (self, other) for entry in log.floors}
        floors = {channel: [log.floor_of(channel) for log in (self, other)] for channel in channels}
        joined = RequestLog(
            floors=tuple(
                FloorEntry(channel_id=channel, issue_time=max(time for time in floors[channel] if time is not None))
                for channel in sorted(floors)
            )
        )
        own_ids = {entry["id"] for entry in self.requests}
        entries = [*(entry for entry in other.requests if entry["id"] not in own_ids), *self.requests]
        for entry in sorted(entries, key=lambda one: one["issue_time"] or EPOCH):
            joined = joined.with_request(entry)
        return joined


def check_not_ahead(stamp: Stamp, now: datetime) -> None:
    """Refuse a request that is too far ahead (CLOCK_SKEW); for what is written before the record is looked at."""
    if stamp.issue_time is not None and stamp.issue_time > now + MAX_AHEAD:
        raise clock_skew(now)


def request_entry(stamp: Stamp, *, version: int, facts: Mapping[str, str]) -> RequestEntry:
    """Give what is to be remembered of a request that is carried out with `version`."""
    return RequestEntry(
        id=stamp.request_id,
        body_hash=stamp.body_hash,
        version=version,
        channel_id=stamp.origin.channel_id,
        issue_time=None if stamp.issue_time is None else milliseconds(stamp.issue_time),
        facts=[[name, facts[name]] for name in sorted(facts)],
    )


def facts_of(entry: RequestEntry) -> dict[str, str]:
    """Give the facts that were kept with a request."""
    return dict(entry["facts"])


def milliseconds(moment: datetime) -> datetime:
    """Cut a time to what MongoDB keeps, so that what is compared is what is stored."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _dispensable(requests: list[RequestEntry]) -> int:
    """Give the place of the oldest of those who have more than their share."""
    internal = [place for place, entry in enumerate(requests) if entry["issue_time"] is None]
    if len(internal) > MAX_INTERNAL:
        return internal[0]
    return next(place for place, entry in enumerate(requests) if entry["issue_time"] is not None)


def _raised(floors: tuple[FloorEntry, ...], dropped: list[RequestEntry]) -> tuple[FloorEntry, ...]:
    by_channel = {entry["channel_id"]: entry["issue_time"] for entry in floors}
    for entry in dropped:
        if entry["issue_time"] is not None:
            _raise(by_channel, entry["channel_id"], entry["issue_time"])
    while len(by_channel) > MAX_FLOORS:
        # The lowest floor becomes part of the one that channels without their own share, which thus is below all
        # others: few are harmed by it, and a channel's own never falls below what of it was put into the common one.
        lowest = min((c for c in by_channel if c != EVERY_OTHER_CHANNEL), key=lambda channel: by_channel[channel])
        _raise(by_channel, EVERY_OTHER_CHANNEL, by_channel.pop(lowest))
    return tuple(FloorEntry(channel_id=channel, issue_time=by_channel[channel]) for channel in sorted(by_channel))


def _raise(by_channel: dict[str, datetime], channel_id: str, issue_time: datetime) -> None:
    by_channel[channel_id] = max(issue_time, by_channel.get(channel_id, issue_time))
