"""Translates a report into the contract's words."""

from collections.abc import Mapping

from google.type.money_pb2 import Money

from libs.timestamps import from_timestamp, to_timestamp
from omnithread.common.v1 import channel_pb2
from omnithread.messaging.v1 import campaign_report_service_pb2 as pb
from services.messaging.campaigns.reporting.counting import NANOS, ArmTally, Figures, Sales, Tally
from services.messaging.campaigns.reporting.lift import Group, Lift, lift_of
from services.messaging.campaigns.reporting.reports import Asked, Report
from services.messaging.campaigns.values import CONTROL
from services.messaging.convert import kind_to_proto

MAX_PATHS = 50
PERCENT = 100


def asked_from_proto(request: pb.GetCampaignReportRequest) -> Asked:
    """Read what is wanted."""
    return Asked(
        campaign_id=request.campaign_id,
        version=request.version,
        from_time=from_timestamp(request.from_time, field="from_time"),
        to_time=from_timestamp(request.to_time, field="to_time"),
    )


def report_to_proto(report: Report) -> pb.CampaignReport:
    """Write a report, in an order that does not depend on how it was counted."""
    tally = report.tally
    ways = sorted(tally.ways.items(), key=lambda way: way[0].value)
    paths = sorted(tally.paths.items(), key=lambda path: (-path[1].bought, path[0]))
    return pb.CampaignReport(
        campaign_id=report.asked.campaign_id,
        entered=tally.entered,
        not_begun=tally.not_begun,
        condition_failed=tally.condition_failed,
        arms=_arms(tally),
        skipped=[
            pb.CampaignSkipped(reason=reason, messages=messages)
            for reason, messages in sorted(tally.skipped.items(), key=lambda skipped: (-skipped[1], skipped[0]))
        ],
        waiting=tally.waiting,
        ways=[
            pb.CampaignWayReport(
                delivery_kind=kind_to_proto(kind),
                figures=_figures(way.figures),
                bought=way.sales.bought,
                revenue=_money(way.sales),
            )
            for kind, way in ways
        ],
        paths=[
            pb.CampaignPathReport(
                delivery_kinds=[kind_to_proto(kind) for kind in kinds],
                channel_kind=channel_pb2.ChannelKind.ValueType(channel_kind),
                bought=sales.bought,
                revenue=_money(sales),
            )
            for (kinds, channel_kind), sales in paths[:MAX_PATHS]
        ],
        truncated=report.truncated,
        report_time=to_timestamp(report.report_time),
    )


def _arms(tally: Tally) -> list[pb.CampaignArmReport]:
    control = tally.arms.get(CONTROL)
    names = sorted(tally.arms, key=lambda name: (name != CONTROL, name))
    return [_arm(name, tally.arms[name], control if name != CONTROL else None) for name in names]


def _arm(name: str, arm: ArmTally, control: ArmTally | None) -> pb.CampaignArmReport:
    written = pb.CampaignArmReport(
        arm=name,
        entered=arm.entered,
        reached=arm.reached,
        figures=_figures(arm.figures),
        bought=arm.sales.bought,
        bought_after_message=arm.sales_after_message.bought,
        revenue=_money(arm.sales),
        revenue_after_message=_money(arm.sales_after_message),
    )
    if control is not None:
        lift = lift_of(Group(arm.entered, arm.sales.bought), Group(control.entered, control.sales.bought))
        written.lift.CopyFrom(_lift(lift))
    return written


def _lift(lift: Lift) -> pb.CampaignLift:
    return pb.CampaignLift(
        bought_percent=PERCENT * lift.share,
        control_bought_percent=PERCENT * lift.control_share,
        difference_points=PERCENT * lift.difference,
        low_points=PERCENT * lift.low,
        high_points=PERCENT * lift.high,
        verdict=pb.LiftVerdict.Value(f"LIFT_VERDICT_{lift.verdict}"),
        sentence=lift.sentence,
    )


def _figures(figures: Figures) -> pb.CampaignFigures:
    return pb.CampaignFigures(
        sent=figures.sent, delivered=figures.delivered, opened=figures.opened, clicked=figures.clicked
    )


def _money(sales: Sales) -> list[Money]:
    revenue: Mapping[str, int] = sales.revenue
    return [
        Money(currency_code=currency_code, units=nanos // NANOS, nanos=nanos % NANOS)
        for currency_code, nanos in sorted(revenue.items())
    ]
