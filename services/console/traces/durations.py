"""How long something took or was silent, as a person says it. Pure."""

from datetime import timedelta

MICROSECOND, MILLISECOND, SECOND = 1_000, 1_000_000, 1_000_000_000
MINUTE, HOUR, DAY = 60, 3600, 86_400


def took(nanoseconds: int) -> str:
    """Say how long a span took: `420 µs`, `12.5 ms`, `3.20 s`, `2 min 5 s`."""
    if nanoseconds < MILLISECOND:
        return f"{nanoseconds / MICROSECOND:.0f} µs"
    if nanoseconds < SECOND:
        return f"{nanoseconds / MILLISECOND:.1f} ms"
    if nanoseconds < MINUTE * SECOND:
        return f"{nanoseconds / SECOND:.2f} s"
    return lasted(timedelta(microseconds=nanoseconds // MICROSECOND))


def lasted(time: timedelta) -> str:
    """Say how long a silence was, in its two greatest units: `40 s`, `3 h 20 min`, `12 days`."""
    seconds = max(round(time.total_seconds()), 0)
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return _two(seconds, MINUTE, "min", 1, "s")
    if seconds < DAY:
        return _two(seconds, HOUR, "h", MINUTE, "min")
    days, hours = seconds // DAY, seconds % DAY // HOUR
    said = "1 day" if days == 1 else f"{days} days"
    return f"{said} {hours} h" if hours and days < 7 else said


def briefly(time: timedelta) -> str:
    """Say how long a silence was where there is little room: `12 d`, `5 h`, `20 min`."""
    seconds = max(round(time.total_seconds()), 0)
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _two(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    rest = seconds % large // small
    return f"{seconds // large} {large_name} {rest} {small_name}" if rest else f"{seconds // large} {large_name}"
