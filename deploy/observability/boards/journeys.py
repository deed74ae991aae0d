"""How customers move: channels, sessions, sections that were missing, pages that watch; and one journey's traces."""

from deploy.observability.panels import Board, Panel, Query, Row, quantiles

JOURNEYS = Board(
    uid="omnithread-journeys",
    title="Omnithread: journeys and channels",
    says="Calls by kind of channel, what contexts had to leave out, and the traces of one journey.",
    text_variables={"journey_id": "Journey (jrn_...)"},
    rows=(
        Row(
            "Channels",
            (
                Panel(
                    "Calls by kind of channel",
                    "SYSTEM is the suite itself, UNKNOWN who was turned away at the door.",
                    "reqps",
                    (Query("sum by (channel_kind) (rate(omnithread_calls_total[5m]))", "{{channel_kind}}"),),
                ),
                Panel(
                    "Faults of ours by kind of channel",
                    "Which customers feel it.",
                    "percentunit",
                    (
                        Query(
                            'sum by (channel_kind) (rate(omnithread_calls_total{code=~"INTERNAL|UNKNOWN|UNAVAILABLE|'
                            'DEADLINE_EXCEEDED|DATA_LOSS"}[5m])) / sum by (channel_kind) '
                            "(rate(omnithread_calls_total[5m]))",
                            "{{channel_kind}}",
                        ),
                    ),
                    worry_from=0.02,
                ),
                Panel(
                    "How long calls take, by kind of channel",
                    "95 % were faster. Points lead to traces.",
                    "s",
                    quantiles("omnithread_call_seconds", by="channel_kind", shares=(0.95,)),
                ),
                Panel(
                    "Calls that came again",
                    "Repeated by gRPC's client, since no answer came: a network or a replica that blinks.",
                    "reqps",
                    (Query("sum by (channel_kind) (rate(omnithread_calls_retried_total[5m]))", "{{channel_kind}}"),),
                ),
                Panel(
                    "Sessions begun",
                    "By kind of channel.",
                    "reqps",
                    (
                        Query(
                            'sum by (channel_kind) (rate(omnithread_calls_total{method=~".*/StartSession", '
                            'code="OK"}[5m]))',
                            "{{channel_kind}}",
                        ),
                    ),
                ),
                Panel(
                    "Orders placed",
                    "Checkouts that went well, by kind of channel.",
                    "reqps",
                    (
                        Query(
                            'sum by (channel_kind) (rate(omnithread_calls_total{method=~".*/Checkout", '
                            'code="OK"}[5m]))',
                            "{{channel_kind}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "Context",
            (
                Panel(
                    "Sections left out",
                    "WITHHELD is as it should be; UNAVAILABLE and DEADLINE_EXCEEDED are a service "
                    "that does not answer, MERGE_PENDING and BEHIND pass within seconds.",
                    "reqps",
                    (
                        Query(
                            "sum by (section, reason) (rate(omnithread_sections_missing_total[5m]))",
                            "{{section}} {{reason}}",
                        ),
                    ),
                ),
                Panel(
                    "Sessions that were somebody else's",
                    "A channel that mixes up visits: its session ids are left out.",
                    "reqps",
                    (Query("sum by (area) (rate(omnithread_foreign_sessions_total[5m]))", "{{area}}"),),
                ),
                Panel(
                    "From a change to whoever watches",
                    "Half, 95 % and 99 % were faster. Above a second staff talk about "
                    "yesterday's cart. Points lead to traces.",
                    "s",
                    quantiles("omnithread_watch_change_seconds"),
                    worry_from=1,
                ),
                Panel(
                    "Watchers",
                    "Streams that are open, and why others ended.",
                    "short",
                    (
                        Query("sum(omnithread_watchers)", "open"),
                        Query("sum by (reason) (rate(omnithread_watch_ended_total[5m]))", "ended: {{reason}}"),
                    ),
                ),
            ),
        ),
        Row(
            "One journey",
            (
                Panel(
                    "Its traces",
                    "All that are still kept, of the journey typed in above; older ones have expired. "
                    "Choose a range that reaches back to its beginning.",
                    "short",
                    (Query('{ span.journey.id = "$journey_id" }'),),
                    kind="table",
                    source="omnithread-traces",
                    width=24,
                ),
                Panel(
                    "Its log",
                    "What the services wrote about it.",
                    "short",
                    (Query('{service_name=~".+"} | json | journey_id="$journey_id"'),),
                    kind="logs",
                    source="omnithread-logs",
                    width=24,
                ),
            ),
        ),
    ),
)
