"""The page that reports on journeys: how customers move between channels, and where they stop."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import grpc
from starlette.requests import Request
from starlette.responses import Response

from omnithread import details_of
from omnithread.common.v1.channel_pb2 import ChannelKind
from omnithread.context.v1.journey_service_pb2 import (
    GetJourneyReportRequest,
    JourneyBreak,
    JourneyHandover,
    JourneyPathReport,
    JourneyReport,
)
from services.console.console import Console
from services.console.journeys.asking import KINDS, MAX_STEPS, Search, search_of, step_of, step_words
from services.console.journeys.flow import flow_of
from services.console.journeys.marks import channel_words, kind_words
from services.console.journeys.pages import queries
from services.console.traces.durations import lasted
from services.console.web.requests import signed_in

USUAL_DAYS = 30
MAX_DAYS = 366
MAX_ROWS = 50


class ReportPages:
    """Answers for `/journeys/report`."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def report(self, request: Request) -> Response:
        """Show the report on a window of days; without any, the last thirty."""
        asked = queries(request)
        chosen, faults = search_of({name: asked[name] for name in ("from", "to", "goal") if name in asked})
        first = request.query_params.get("first", "")
        first = first if first in KINDS else ""
        to_day = chosen.to_day or self._today()
        from_day = chosen.from_day or to_day - timedelta(days=USUAL_DAYS - 1)
        if not timedelta() <= to_day - from_day < timedelta(days=MAX_DAYS):
            faults.append(f"A window has at least one day, and at most {MAX_DAYS}.")
            from_day = to_day - timedelta(days=USUAL_DAYS - 1)
        report = JourneyReport()
        client = self._console.clients.of(signed_in(request))
        try:
            answer = await client.journeys.GetJourneyReport(
                GetJourneyReportRequest(
                    from_day=from_day.isoformat(),
                    to_day=to_day.isoformat(),
                    first_channel_kind=KINDS.get(first, ChannelKind.CHANNEL_KIND_UNSPECIFIED),
                    goal_id=chosen.goal,
                    max_rows=MAX_ROWS,
                )
            )
            report = answer.report
        except grpc.RpcError as error:
            details = details_of(error)
            if details.code is not grpc.StatusCode.INVALID_ARGUMENT:
                raise
            faults.append(f"The suite cannot report like this ({details.reason or details.code.name}).")
        leads = Leads(
            Search(time="start", from_day=from_day, to_day=to_day, zone=report.time_zone or "UTC"),
            goal=chosen.goal or goal_of_all(report),
            first=first,
        )
        return self._console.rendering.page(
            request,
            "journeys/report.html",
            status=400 if faults else 200,
            faults=faults,
            from_day=from_day,
            to_day=to_day,
            goal=chosen.goal,
            first=first,
            report=report,
            flow=flow_of(report.handovers),
            most_a_day=max((day.journey_count for day in report.days), default=0),
            leads=leads,
            kinds=KINDS,
            step_words=step_words,
            channel_words=channel_words,
            kind_words=kind_words,
            seconds=lambda count: lasted(timedelta(seconds=count)),
            share=share,
            handover_words=handover_words,
        )

    def _today(self) -> date:
        now: datetime = self._console.clock()
        return now.astimezone(ZoneInfo(self._console.settings.time_zone)).date()


class Leads:
    """Where each number leads: the search that shows those journeys. Empty where there is no such search."""

    def __init__(self, window: Search, *, goal: str, first: str) -> None:
        """`goal`: the one by which all that count as reached can be found; `first`: where the journeys began."""
        self._window = window
        self._goal = goal
        self._first = first

    def all(self) -> str:
        """All journeys of the window."""
        return self._to(self._window)

    def outcome(self, outcome: str) -> str:
        """Those that ended so, or go on."""
        return self._to(replace(self._window, outcome=outcome))

    def reached(self) -> str:
        """Those that reached a goal."""
        return self.goal(self._goal) if self._goal else ""

    def goal(self, goal_id: str) -> str:
        """Those in which one goal was reached."""
        return self._to(replace(self._window, goal=goal_id))

    def problems(self) -> str:
        """Those in which something failed."""
        return self._to(replace(self._window, problem=True))

    def path(self, path: JourneyPathReport, *, reached: bool = False) -> str:
        """Those that went exactly this way."""
        steps = tuple(step_of(kind) for kind in path.path)
        if not steps or not all(steps) or path.truncated or len(steps) > MAX_STEPS or (reached and not self._goal):
            return ""
        way = replace(self._window, path=steps, exact_path=True, goal=self._goal if reached else "")
        return f"/journeys?{way.query}"

    def handover(self, handover: JourneyHandover) -> str:
        """Those that were on one kind of channel and later on the other."""
        steps = step_of(handover.from_kind), step_of(handover.to_kind)
        return self._to(replace(self._window, path=steps)) if all(steps) else ""

    def channel(self, kind: int) -> str:
        """Those on a kind of channel."""
        step = step_of(kind)
        return self._to(replace(self._window, path=(step,))) if step else ""

    def broken(self, broken: JourneyBreak) -> str:
        """Those that fell silent on such a channel; those whose last act was of this kind are among them."""
        step = step_of(broken.last_channel_kind)
        silent = replace(self._window, outcome="inactive", problem=bool(broken.last_problem_reason))
        return self._to(replace(silent, path=(step,)) if step else silent)

    def day(self, day: str) -> str:
        """Those that began on one day."""
        begun = date.fromisoformat(day)
        return self._to(replace(self._window, from_day=begun, to_day=begun))

    def _to(self, search: Search) -> str:
        """Give a search's address; none where only journeys that began somewhere are meant, which it cannot ask."""
        return "" if self._first else f"/journeys?{search.query}"


def goal_of_all(report: JourneyReport) -> str:
    """Give the goal that every journey reached which reached any; empty where there is none such."""
    totals = report.totals
    return next((one.goal_id for one in totals.goals if one.journey_count == totals.reached_count), "")


def share(part: int, whole: int) -> str:
    """Say a share: `12.5 %`; a dash of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def handover_words(handover: JourneyHandover) -> str:
    """Say a hand-over in a sentence."""
    times = "once" if handover.count == 1 else f"{handover.count} times"
    return (
        f"from {channel_words(handover.from_kind)} to {channel_words(handover.to_kind)}: {times}, "
        f"half of them within {lasted(timedelta(seconds=handover.median_seconds))}; "
        f"{share(handover.reached_count, handover.journey_count)} of the journeys reached a goal"
    )
