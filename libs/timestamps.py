"""Times between the wire and our code: whole milliseconds, UTC, on both sides."""

from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from libs.errors import invalid_field

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_timestamp(moment: datetime) -> Timestamp:
    """Turn an aware time into a Timestamp; what is finer than a millisecond is cut off."""
    milliseconds = (moment - EPOCH) // timedelta(milliseconds=1)
    seconds, rest = divmod(milliseconds, 1000)
    return Timestamp(seconds=seconds, nanos=rest * 1_000_000)


def from_timestamp(timestamp: Timestamp, *, field: str = "timestamp") -> datetime:
    """Turn a Timestamp into an aware UTC time, cut to milliseconds.

    Raises INVALID_FIELD, naming `field`, for what is no time of the years 1 to 9999: the contract cannot say that.
    """
    try:
        if not 0 <= timestamp.nanos < 1_000_000_000:
            raise invalid_field(field, "nanos are not between 0 and 999,999,999")
        return EPOCH + timedelta(seconds=timestamp.seconds, milliseconds=timestamp.nanos // 1_000_000)
    except OverflowError:
        raise invalid_field(field, "is not within the years 1 to 9999") from None
