"""Times between the wire and our code: whole milliseconds, UTC, on both sides."""

from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_timestamp(moment: datetime) -> Timestamp:
    """Turn an aware time into a Timestamp; what is finer than a millisecond is cut off."""
    milliseconds = (moment - EPOCH) // timedelta(milliseconds=1)
    seconds, rest = divmod(milliseconds, 1000)
    return Timestamp(seconds=seconds, nanos=rest * 1_000_000)


def from_timestamp(timestamp: Timestamp) -> datetime:
    """Turn a Timestamp into an aware UTC time, cut to milliseconds.

    Raises OverflowError for a time beyond the years 1 to 9999, which the door refuses before (`INVALID_FIELD`).
    """
    return EPOCH + timedelta(seconds=timestamp.seconds, milliseconds=timestamp.nanos // 1_000_000)
