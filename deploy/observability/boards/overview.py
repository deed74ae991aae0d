"""Whether customers are served: the first board that somebody opens."""

from deploy.observability.panels import Board, Panel, Query, Row, quantiles

OURS = 'service=~"$service"'
EXPIRED = """
A point in a curve of times leads to its trace, and a line of the log with a `trace_id` does too.

**The trace is not found?** Traces are kept as long as `tempo/tempo.yaml` or `jaeger/config.yaml` says (190 days).
An older one has **expired**: it is gone, and this is no fault. Its touchpoint is still in the customer's journey
(`ContextService.GetJourney`, or the journey in the console), where it is shown as expired.
A trace that was never kept (`OMNITHREAD_TRACE_RATIO`) has no point in a curve.
"""


def _stat(title: str, says: str, unit: str, expression: str, *, worry_from: float | None = None) -> Panel:
    return Panel(
        title=title,
        says=says,
        unit=unit,
        queries=(Query(expression),),
        kind="stat",
        width=4,
        height=4,
        worry_from=worry_from,
    )


OVERVIEW = Board(
    uid="omnithread-overview",
    title="Omnithread: overview",
    says="Whether customers are served, on every channel.",
    rows=(
        Row(
            "Now",
            (
                _stat("Processes", "That are scraped and answer.", "short", f'sum(up{{job="omnithread", {OURS}}})'),
                _stat(
                    "Not ready",
                    "Processes that take no new calls: MongoDB does not answer them.",
                    "short",
                    f"sum(1 - omnithread_ready{{{OURS}}})",
                    worry_from=1,
                ),
                _stat(
                    "Calls",
                    "Answered a second, internal ones included.",
                    "reqps",
                    f"sum(rate(omnithread_calls_total{{{OURS}}}[5m]))",
                ),
                _stat(
                    "Failing",
                    "Share of calls that failed by a fault of ours; a refusal is a good answer.",
                    "percentunit",
                    "omnithread:call_faults:ratio5m",
                    worry_from=0.02,
                ),
                _stat(
                    "95 % faster than",
                    "Time from a call's arrival to its answer.",
                    "s",
                    "omnithread:call_seconds:p95_5m",
                    worry_from=1,
                ),
                _stat(
                    "Alerts",
                    "That are firing.",
                    "short",
                    'count(ALERTS{alertstate="firing"}) or vector(0)',
                    worry_from=1,
                ),
                _stat(
                    "Oldest event not on Kafka",
                    "Beyond a minute, Kafka is away: calls are answered, reminders wait.",
                    "s",
                    "max(omnithread_event_oldest_unpublished_seconds)",
                    worry_from=60,
                ),
                _stat(
                    "Furthest reader behind",
                    "Age of an event that Kafka brought and nobody handled yet.",
                    "s",
                    "max(omnithread_consumer_lag_seconds)",
                    worry_from=60,
                ),
                _stat(
                    "Parked streams",
                    "Customers whose events wait since one cannot be handled.",
                    "short",
                    "sum(max by (service, reader, area) (omnithread_streams_parked))",
                    worry_from=1,
                ),
                _stat(
                    "Late messages",
                    "Customers for whom something should have been sent over a minute ago.",
                    "short",
                    "max(omnithread_messages_overdue)",
                    worry_from=1,
                ),
                _stat(
                    "Dead letters",
                    "Messages that could not be sent and that wait for a person.",
                    "short",
                    "max(omnithread_dead_letters_waiting)",
                    worry_from=1,
                ),
                _stat(
                    "Watchers",
                    "Streams that watch a customer's context: pages of staff that are open.",
                    "short",
                    "sum(omnithread_watchers)",
                ),
            ),
        ),
        Row(
            "Calls",
            (
                Panel(
                    "Calls a second",
                    "Answered calls, by service.",
                    "reqps",
                    (Query(f"sum by (service) (rate(omnithread_calls_total{{{OURS}}}[5m]))", "{{service}}"),),
                ),
                Panel(
                    "Faults of ours",
                    "Share of calls that failed with INTERNAL, UNAVAILABLE, DEADLINE_EXCEEDED and "
                    "the like, by service. Above 2 % somebody is woken.",
                    "percentunit",
                    (Query(f"omnithread:call_faults:ratio5m_by_service{{{OURS}}}", "{{service}}"),),
                    worry_from=0.02,
                ),
                Panel(
                    "How long calls take",
                    "Half, 95 % and 99 % of all calls were faster. Points lead to traces.",
                    "s",
                    quantiles("omnithread_call_seconds", match=OURS),
                ),
                Panel(
                    "Slowest methods",
                    "The ten methods whose slowest twentieth takes longest.",
                    "s",
                    (
                        Query(
                            "topk(10, histogram_quantile(0.95, sum by (le, method) "
                            f"(rate(omnithread_call_seconds_bucket{{{OURS}}}[5m]))))",
                            "{{method}}",
                        ),
                    ),
                ),
                Panel(
                    "Errors by reason",
                    "The twelve commonest, with their status; `docs/errors.md` says what each means.",
                    "reqps",
                    (
                        Query(
                            f"topk(12, sum by (code, reason) (rate(omnithread_call_errors_total{{{OURS}}}[5m])))",
                            "{{code}} {{reason}}",
                        ),
                    ),
                ),
                Panel(
                    "Public pages and console",
                    "Requests over HTTP by status; 500 and 503 are ours.",
                    "reqps",
                    (
                        Query(
                            f"sum by (service, status) (rate(omnithread_http_requests_total{{{OURS}}}[5m]))",
                            "{{service}} {{status}}",
                        ),
                    ),
                ),
                Panel(
                    "How long pages take",
                    "95 % of the requests over HTTP were faster. Points lead to traces.",
                    "s",
                    quantiles("omnithread_http_request_seconds", by="service, route", match=OURS, shares=(0.95,)),
                ),
                Panel(
                    "Requests refused over HTTP",
                    "Many UNKNOWN are mails with broken links, or somebody who guesses.",
                    "reqps",
                    (
                        Query(
                            f"sum by (service, reason) (rate(omnithread_http_refused_total{{{OURS}}}[5m]))",
                            "{{service}} {{reason}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "From a number to its cause",
            (
                Panel(
                    "Traces, and those that expired",
                    "How to get from here to a trace.",
                    "short",
                    kind="text",
                    text=EXPIRED.strip(),
                    height=6,
                ),
                Panel(
                    "What failed last",
                    "Log lines of errors, with a link to their traces.",
                    "short",
                    (Query('{service_name=~".+"} | json | level="error"'),),
                    kind="logs",
                    source="omnithread-logs",
                    height=6,
                ),
            ),
        ),
    ),
)
