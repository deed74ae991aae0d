"""How figures read: what is not known is said to be, and never looks like a zero."""

import math

NOT_TOLD = "not told"


def rate(per_second: float | None) -> str:
    """`12.5 a second`; of less than one, how many a minute."""
    if per_second is None:
        return NOT_TOLD
    if per_second and per_second < 1:
        return f"{per_second * 60:.1f} a minute"
    return f"{per_second:,.1f} a second"


def seconds_bound(seconds: float | None) -> str:
    """`at most 50 ms`; beyond the largest bound that is counted, that it is longer."""
    if seconds is None:
        return "–"
    if math.isinf(seconds):
        return "over 10 s"
    return f"at most {seconds * 1000:,.0f} ms" if seconds < 1 else f"at most {seconds:,.3g} s"


def lasting(seconds: float | None) -> str:
    """`4 s`, `12 min`, `3 h`, `2 d`, rounded down; or that it is not told."""
    if seconds is None or math.isnan(seconds):
        return NOT_TOLD
    if math.isinf(seconds):
        return "for ever"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size:,.0f} {unit}"
    return f"{max(seconds, 0):.1f} s" if seconds < 10 else f"{seconds:.0f} s"
