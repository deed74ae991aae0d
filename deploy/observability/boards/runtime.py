"""How the processes are: time, memory, the event loop, calls between them, work in the background."""

from deploy.observability.panels import Board, Panel, Query, Row, quantiles

OURS = 'job="omnithread", service=~"$service"'

RUNTIME = Board(
    uid="omnithread-runtime",
    title="Omnithread: runtime",
    says="Processes: what they use, whether their event loops keep up, and how they reach each other.",
    rows=(
        Row(
            "Processes",
            (
                Panel(
                    "Processor",
                    "Cores used. A process has one event loop, so one core is its limit: add replicas.",
                    "short",
                    (Query(f"rate(process_cpu_seconds_total{{{OURS}}}[5m])", "{{service}} {{instance}}"),),
                    worry_from=0.9,
                ),
                Panel(
                    "Memory",
                    "Resident.",
                    "bytes",
                    (Query(f"process_resident_memory_bytes{{{OURS}}}", "{{service}} {{instance}}"),),
                ),
                Panel(
                    "Event loop",
                    "How much later than asked for it wakes up: what every call waits. 99 % were less.",
                    "s",
                    quantiles("omnithread_loop_delay_seconds", by="service", match=OURS, shares=(0.99,)),
                    worry_from=0.25,
                ),
                Panel(
                    "Open files",
                    "Connections are among them.",
                    "short",
                    (Query(f"process_open_fds{{{OURS}}}", "{{service}} {{instance}}"),),
                ),
                Panel(
                    "Running for",
                    "A fall is a restart.",
                    "s",
                    (Query(f"time() - process_start_time_seconds{{{OURS}}}", "{{service}} {{instance}}"),),
                ),
                Panel(
                    "Work in the background that failed",
                    "It was started again after a pause; the log says why.",
                    "short",
                    (
                        Query(
                            f"sum by (service, part) (increase(omnithread_background_failures_total{{{OURS}}}[15m]))",
                            "{{service}} {{part}}",
                        ),
                    ),
                    worry_from=3,
                ),
                Panel(
                    "Garbage",
                    "Collections of the oldest generation, a second.",
                    "short",
                    (
                        Query(
                            f'rate(python_gc_collections_total{{generation="2", {OURS}}}[5m])',
                            "{{service}} {{instance}}",
                        ),
                    ),
                ),
                Panel(
                    "Spans that were lost",
                    "They never reached the collector: it is away, or the queue was full. Journeys then have holes.",
                    "reqps",
                    (
                        Query(
                            f"sum by (service, reason) (rate(omnithread_spans_dropped_total{{{OURS}}}[5m]))",
                            "{{service}} {{reason}}",
                        ),
                        Query(f"sum(rate(omnithread_spans_exported_total{{{OURS}}}[5m]))", "taken"),
                        Query(f"sum(rate(omnithread_span_exports_failed_total{{{OURS}}}[5m]))", "failed exports"),
                    ),
                ),
                Panel(
                    "Builds",
                    "Which version of which program runs, on which Python.",
                    "short",
                    (Query("sum by (program, version, python) (omnithread_build_info)"),),
                    kind="table",
                ),
            ),
        ),
        Row(
            "Between services",
            (
                Panel(
                    "Calls to other services",
                    "By the area that is called and the status.",
                    "reqps",
                    (
                        Query(
                            f"sum by (service, area, code) (rate(omnithread_client_calls_total{{{OURS}}}[5m]))",
                            "{{service}} to {{area}} {{code}}",
                        ),
                    ),
                ),
                Panel(
                    "How long they take",
                    "95 % were faster, tries again included.",
                    "s",
                    quantiles("omnithread_client_call_seconds", by="service, area", match=OURS, shares=(0.95,)),
                ),
                Panel(
                    "Streams open",
                    "By method.",
                    "short",
                    (Query(f"sum by (service, method) (omnithread_streams_open{{{OURS}}})", "{{service}} {{method}}"),),
                ),
                Panel(
                    "Contexts read for watchers",
                    "And updates written to them: one read serves all who watch a customer.",
                    "reqps",
                    (
                        Query("sum(rate(omnithread_watch_reads_total[5m]))", "reads"),
                        Query("sum(rate(omnithread_watch_updates_total[5m]))", "updates"),
                    ),
                ),
            ),
        ),
    ),
)
