"""What a campaign achieved, for the eye: shares, and how sure a difference to the control group is."""

from collections.abc import Sequence
from dataclasses import dataclass

from omnithread.messaging.v1.campaign_report_service_pb2 import (
    LIFT_VERDICT_FEWER,
    LIFT_VERDICT_MORE,
    LIFT_VERDICT_TOO_FEW,
    LIFT_VERDICT_UNDECIDED,
    CampaignArmReport,
    CampaignReport,
)

CONTROL = "control"
SCALE_WIDTH = 280
ROW_HEIGHT = 28
LEAST_POINTS = 1.0
VERDICTS = {
    LIFT_VERDICT_TOO_FEW: "too few to say anything",
    LIFT_VERDICT_UNDECIDED: "may be chance",
    LIFT_VERDICT_MORE: "more than of the control group",
    LIFT_VERDICT_FEWER: "fewer than of the control group",
}


@dataclass(frozen=True, slots=True)
class Share:
    """A number of a whole; without a percentage where there is no whole."""

    number: int
    whole: int

    def __str__(self) -> str:
        return f"{self.number:,} ({100 * self.number / self.whole:.1f} %)" if self.whole else f"{self.number:,}"


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true difference of an arm to the control group lies, on a common scale of pixels."""

    arm: str
    y: int
    low_x: float
    high_x: float
    middle_x: float
    sure: bool
    """Whether it lies on one side of zero by the service's verdict."""
    too_few: bool
    verdict: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All arms against the control group, in pixels."""

    most_points: float
    """What the scale's two ends stand for, in points of a hundred."""
    zero_x: float
    width: int
    height: int
    intervals: tuple[Interval, ...]


def comparison_of(arms: Sequence[CampaignArmReport]) -> Comparison | None:
    """Lay out what is compared; None where there is nobody to compare with."""
    compared = [arm for arm in arms if arm.HasField("lift")]
    if not compared:
        return None
    # What is too uncertain to say anything does not make the scale useless for the others.
    said = [arm.lift for arm in compared if arm.lift.verdict != LIFT_VERDICT_TOO_FEW] or [arm.lift for arm in compared]
    most = max(LEAST_POINTS, *(max(abs(lift.low_points), abs(lift.high_points)) for lift in said))

    def x_of(points: float) -> float:
        return round((min(max(points / most, -1.0), 1.0) + 1.0) * SCALE_WIDTH / 2, 1)

    return Comparison(
        most_points=most,
        zero_x=x_of(0.0),
        width=SCALE_WIDTH,
        height=ROW_HEIGHT * len(compared),
        intervals=tuple(
            Interval(
                arm=arm.arm,
                y=ROW_HEIGHT * place + ROW_HEIGHT // 2,
                low_x=x_of(arm.lift.low_points),
                high_x=x_of(arm.lift.high_points),
                middle_x=x_of(arm.lift.difference_points),
                sure=arm.lift.verdict in {LIFT_VERDICT_MORE, LIFT_VERDICT_FEWER},
                too_few=arm.lift.verdict == LIFT_VERDICT_TOO_FEW,
                verdict=VERDICTS.get(arm.lift.verdict, "not known here"),
                sentence=arm.lift.sentence,
            )
            for place, arm in enumerate(compared)
        ),
    )


def standing_of(report: CampaignReport) -> list[tuple[str, Share]]:
    """Where those who entered stand, each of them once."""
    whole = report.entered
    rows = [
        ("entered", Share(whole, 0)),
        ("not begun: the first step is not due yet, or they left before it was", Share(report.not_begun, whole)),
        ("did not fulfil a condition", Share(report.condition_failed, whole)),
    ]
    for arm in report.arms:
        name = (
            "control group: get nothing, to compare with" if arm.arm == CONTROL else f"led through it (arm {arm.arm})"
        )
        rows.append((name, Share(arm.entered, whole)))
    return rows
