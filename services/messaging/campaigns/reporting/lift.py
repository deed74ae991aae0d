"""Compares those whom a campaign led with those who got nothing, and says how sure that is. Pure.

The interval is Newcombe's for the difference of two shares, made of two of Wilson's: it holds for few customers, and
where nobody or everybody ordered, where simpler ones claim to be certain.
"""

import enum
from dataclasses import dataclass
from math import sqrt

Z = 1.959963984540054
"""Of the normal distribution: 95 of 100 cases."""
LEAST_CUSTOMERS = 100
LEAST_ORDERS = 10


class LiftVerdict(enum.StrEnum):
    """What a comparison shows, by the contract's names."""

    TOO_FEW = "TOO_FEW"
    UNDECIDED = "UNDECIDED"
    MORE = "MORE"
    FEWER = "FEWER"


@dataclass(frozen=True, slots=True)
class Group:
    """How many there were, and how many of them ordered."""

    size: int
    bought: int

    @property
    def share(self) -> float:
        """Give how many of one ordered; 0 where there was nobody."""
        return self.bought / self.size if self.size else 0.0


@dataclass(frozen=True, slots=True)
class Lift:
    """By how much more of a group ordered than of the control group; shares of 1."""

    share: float
    control_share: float
    difference: float
    low: float
    high: float
    verdict: LiftVerdict

    @property
    def sentence(self) -> str:
        """Say it for a person."""
        shares = f"{self.share:.1%} ordered, and {self.control_share:.1%} of those who got nothing"
        between = f"the difference lies between {100 * self.low:+.1f} and {100 * self.high:+.1f} points"
        match self.verdict:
            case LiftVerdict.TOO_FEW:
                return f"Too few to say anything: {shares}."
            case LiftVerdict.UNDECIDED:
                return f"{shares}: that may be chance, {between}."
            case LiftVerdict.MORE:
                return f"{shares}: more for the campaign, {between}."
            case LiftVerdict.FEWER:
                return f"{shares}: fewer for the campaign, {between}."


def lift_of(group: Group, control: Group) -> Lift:
    """Compare a group with the control group."""
    low, high = _difference(group, control)
    return Lift(
        share=group.share,
        control_share=control.share,
        difference=group.share - control.share,
        low=low,
        high=high,
        verdict=_verdict(group, control, low, high),
    )


def wilson(group: Group) -> tuple[float, float]:
    """Give between which shares the true one lies; all of them where there was nobody."""
    if not group.size:
        return 0.0, 1.0
    size, share = group.size, group.share
    middle = (share + Z * Z / (2 * size)) / (1 + Z * Z / size)
    reach = Z * sqrt(share * (1 - share) / size + Z * Z / (4 * size * size)) / (1 + Z * Z / size)
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def _difference(group: Group, control: Group) -> tuple[float, float]:
    (low, high), (control_low, control_high) = wilson(group), wilson(control)
    difference = group.share - control.share
    below = sqrt((group.share - low) ** 2 + (control_high - control.share) ** 2)
    above = sqrt((high - group.share) ** 2 + (control.share - control_low) ** 2)
    return max(difference - below, -1.0), min(difference + above, 1.0)


def _verdict(group: Group, control: Group, low: float, high: float) -> LiftVerdict:
    if min(group.size, control.size) < LEAST_CUSTOMERS or group.bought + control.bought < LEAST_ORDERS:
        return LiftVerdict.TOO_FEW
    if low > 0:
        return LiftVerdict.MORE
    return LiftVerdict.FEWER if high < 0 else LiftVerdict.UNDECIDED
