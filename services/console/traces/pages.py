"""The pages of traces: the newest, those of a journey, and one as a waterfall."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import grpc
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.console.console import Console
from services.console.spans.source import SpansAway
from services.console.spans.values import Span, SpanLink, TraceSummary
from services.console.traces.around import Around, around
from services.console.traces.durations import took
from services.console.traces.waterfall import waterfall_of
from services.console.web.failures import nothing_here
from services.console.web.requests import signed_in

TRACE_ID = re.compile(r"[0-9a-f]{32}")
SPAN_ID = re.compile(r"[0-9a-f]{16}")
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAX_LISTED = 100
MAX_LINKING = 20
MAX_LINKING_READ = 100
FETCH = "poll "
"""How spans are called in which a consumer fetched events: they link to the cause of each."""
MOST_SKIPPED = 100_000
STARTED_AT_ONCE = timedelta(minutes=2)
"""So young a trace may still be on its way."""


@dataclass(frozen=True, slots=True)
class Linked:
    """Another trace that a span of this one goes on from."""

    trace_id: str
    words: str
    """What it is to this one."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no waterfall."""

    title: str
    words: str
    status: int


class TracePages:
    """Answers for `/traces`."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def listed(self, request: Request) -> Response:
        """Show the newest traces, or those of one journey; with an id of a trace, go there."""
        wanted = request.query_params.get("trace", "").strip().lower()
        if TRACE_ID.fullmatch(wanted):
            return RedirectResponse(f"/traces/{wanted}", status_code=303)
        journey = request.query_params.get("journey", "").strip()
        fault = "A trace's id has 32 hexadecimal digits." if wanted else ""
        if journey and not NAME.fullmatch(journey):
            journey, fault = "", "A journey's id has letters, digits, - and _ only."
        everything = request.query_params.get("all") == "1"
        traces: Sequence[TraceSummary] = ()
        away = ""
        try:
            source = self._console.spans
            if journey:
                traces = await source.journey(journey, limit=MAX_LISTED)
            else:
                traces = await source.newest(MAX_LISTED, of_journeys=not everything)
        except SpansAway as error:
            away = str(error)
        return self._console.rendering.page(
            request,
            "traces/list.html",
            status=503 if away else 200,
            traces=traces,
            journey=journey,
            wanted=wanted,
            fault=fault,
            everything=everything,
            away=away,
            source=self._console.spans.name,
            at_most=MAX_LISTED,
            took=took,
            moment=moment,
        )

    async def one(self, request: Request) -> Response:
        """Show one trace as a waterfall, or say why it is not there; and the way on in its journey, in either case."""
        trace_id = request.path_params["trace_id"]
        if not TRACE_ID.fullmatch(trace_id):
            raise nothing_here()
        asked = request.query_params
        spans: list[Span] | None = None
        away = ""
        try:
            spans = await self._console.spans.trace(trace_id)
        except SpansAway as error:
            away = str(error)
        customer_id = _told(asked.get("customer", ""), [span.customer_id for span in spans or ()])
        journey_id = _told(asked.get("journey", ""), [span.journey_id for span in spans or ()])
        place, journey_away = await self._around(request, customer_id, journey_id, trace_id)
        under = asked.get("under", "")
        skip = asked.get("from", "")
        drawn = await asyncio.to_thread(
            waterfall_of,
            spans or (),
            under=under if SPAN_ID.fullmatch(under) else "",
            skip=int(skip) if skip.isascii() and skip.isdigit() and len(skip) < 7 else 0,
        )
        linking = [] if away else await self._linking(trace_id)
        missing = None
        if not spans:
            missing = why_missing(
                away,
                place.here[0].time if place and place.here else None,
                now=self._console.clock(),
                kept_days=self._console.settings.spans_kept_days,
            )
        return await self._console.rendering.large_page(
            request,
            "traces/trace.html",
            status=missing.status if missing else 200,
            trace_id=trace_id,
            spans=spans or (),
            drawn=drawn,
            under=under,
            missing=missing,
            failed_count=sum(1 for span in spans or () if span.error),
            services=sorted({span.service for span in spans or ()}),
            goes_on_from=_links(spans or ()),
            goes_on_in=[one for one in linking if not one.name.startswith(FETCH)],
            fetched_in=[one for one in linking if one.name.startswith(FETCH)],
            around=place,
            journey_away=journey_away,
            customer_id=customer_id,
            journey_id=journey_id,
            source=self._console.spans.name,
            link_words=link_words,
            took=took,
            moment=moment,
        )

    async def _around(
        self, request: Request, customer_id: str, journey_id: str, trace_id: str
    ) -> tuple[Around | None, bool]:
        """Give where it stands, and whether nobody could be asked: a waterfall is worth showing without its journey."""
        client = self._console.clients.of(signed_in(request))
        try:
            found = await around(client, customer_id=customer_id, journey_id=journey_id, trace_id=trace_id)
        except grpc.RpcError:
            return None, True
        return found, False

    async def _linking(self, trace_id: str) -> list[TraceSummary]:
        try:
            found = await self._console.spans.linking_to(trace_id, limit=MAX_LINKING_READ)
        except SpansAway:
            return []
        return found


def why_missing(away: str, when: datetime | None, *, now: datetime, kept_days: int) -> Missing:
    """Say why a trace cannot be shown: `away` says who did not answer, `when` when its touchpoint was, if known."""
    if away:
        return Missing("The spans cannot be had now", f"{away}.", 503)
    kept, days = timedelta(days=kept_days), "1 day" if kept_days == 1 else f"{kept_days} days"
    if when is None:
        words = f"It may have expired (spans are kept for {days}), not have been sampled, or never have been."
        return Missing("This trace is not there", words, 404)
    if now - when > kept:
        words = f"Spans are kept for {days}: these were kept until {when + kept:%d %b %Y}."
        return Missing("This trace has expired", words, 404)
    if now - when < STARTED_AT_ONCE:
        return Missing("This trace has not arrived yet", "Its spans may be on their way. Load it again soon.", 404)
    words = "It was not sampled, was forgotten to make room, or its program sends its spans elsewhere."
    return Missing("This trace is not there", words, 404)


def moment(nanoseconds: int) -> datetime:
    """Give a span's time, in UTC."""
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)


def _told(given: str, known: Sequence[str]) -> str:
    """Give the id that the spans have; of several, or where there are no spans, the one that the address names."""
    named = [one for one in known if NAME.fullmatch(one)]
    if NAME.fullmatch(given) and (given in named or not named):
        return given
    return named[0] if named else ""


LINK_WORDS = {
    "previous-touchpoint": "The touchpoint before was in",
    "next-touchpoint": "The touchpoint after was in",
}
"""By `link.kind`, which the aggregator and the client package state. After, where a touchpoint was told late."""


def link_words(link: SpanLink) -> str:
    """Say what a link leads to."""
    return LINK_WORDS.get(str(link.attributes.get("link.kind", "")), "Goes on from")


def _links(spans: Sequence[Span]) -> list[Linked]:
    found: dict[str, Linked] = {}
    for span in spans:
        for link in span.links:
            if link.trace_id != span.trace_id and link.trace_id not in found:
                found[link.trace_id] = Linked(link.trace_id, link_words(link))
    return list(found.values())[:MAX_LINKING]
