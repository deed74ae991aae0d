"""Whether what one service knows reaches the others: announcing, hearing, races, merges, erasures."""

from deploy.observability.panels import Board, Panel, Query, Row, quantiles

OURS = 'service=~"$service"'

EVENTS = Board(
    uid="omnithread-events",
    title="Omnithread: events and records",
    says="Announcing on Kafka, hearing what others announce, writes that lose races, and long work that is pending.",
    rows=(
        Row(
            "Announcing",
            (
                Panel(
                    "Oldest event that is not on Kafka",
                    "Beyond a minute Kafka is away, or refuses. Nothing is lost: it waits in MongoDB.",
                    "s",
                    (
                        Query(
                            f"max by (service) (omnithread_event_oldest_unpublished_seconds{{{OURS}}})", "{{service}}"
                        ),
                    ),
                    worry_from=60,
                ),
                Panel(
                    "Waiting to be announced",
                    "Events taken out of records, and records with events still in them; counted up to 10,000.",
                    "short",
                    (
                        Query(f"max by (service) (omnithread_events_unpublished{{{OURS}}})", "{{service}} events"),
                        Query(f"max by (service) (omnithread_records_unrelayed{{{OURS}}})", "{{service}} records"),
                    ),
                ),
                Panel(
                    "From commit to Kafka",
                    "95 % were faster. Points lead to traces.",
                    "s",
                    quantiles("omnithread_event_publish_delay_seconds", by="service", match=OURS, shares=(0.95,)),
                ),
                Panel(
                    "Failures of announcing",
                    "Tries that Kafka did not acknowledge, and records or events that MongoDB or Kafka refused.",
                    "short",
                    (
                        Query(
                            f"sum by (service) (increase(omnithread_event_publish_failures_total{{{OURS}}}[5m]))",
                            "{{service}} not acknowledged",
                        ),
                        Query(
                            f"sum by (service) (increase(omnithread_event_refusals_total{{{OURS}}}[5m]))",
                            "{{service}} refused",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "Hearing",
            (
                Panel(
                    "How far readers are behind",
                    "Age of the oldest event that Kafka brought and that is not handled.",
                    "s",
                    (
                        Query(
                            f"max by (service, reader, area) (omnithread_consumer_lag_seconds{{{OURS}}})",
                            "{{reader}} of {{area}}",
                        ),
                    ),
                    worry_from=60,
                ),
                Panel(
                    "Records not fetched",
                    "What Kafka has beyond what readers fetched.",
                    "short",
                    (
                        Query(
                            f"sum by (reader, area) (omnithread_consumer_records_behind{{{OURS}}})",
                            "{{reader}} of {{area}}",
                        ),
                    ),
                ),
                Panel(
                    "From commit to having been handled",
                    "95 % were faster. Points lead to traces.",
                    "s",
                    quantiles("omnithread_event_handle_delay_seconds", by="reader, area", match=OURS, shares=(0.95,)),
                ),
                Panel(
                    "Since heads were compared",
                    "Completeness comes from comparing with the owners every three seconds. "
                    "Two minutes without are two minutes without a guarantee.",
                    "s",
                    (
                        Query(
                            "time() - max by (service, reader, area) "
                            f"(omnithread_heads_compared_timestamp_seconds{{{OURS}}} > 0)",
                            "{{reader}} of {{area}}",
                        ),
                    ),
                    worry_from=120,
                ),
                Panel(
                    "Parked streams",
                    "Customers whose events of an area wait, since one of them cannot be handled.",
                    "short",
                    (
                        Query(
                            f"max by (service, reader, area) (omnithread_streams_parked{{{OURS}}})",
                            "{{reader}} of {{area}}",
                        ),
                    ),
                    worry_from=1,
                ),
                Panel(
                    "Failures and replays",
                    "Events that parked a stream, and events that owners gave instead of Kafka.",
                    "reqps",
                    (
                        Query(
                            f"sum by (reader, area) (rate(omnithread_stream_failures_total{{{OURS}}}[5m]))",
                            "{{reader}} of {{area}} failed",
                        ),
                        Query(
                            f"sum by (reader, area) (rate(omnithread_events_replayed_total{{{OURS}}}[5m]))",
                            "{{reader}} of {{area}} replayed",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "Records",
            (
                Panel(
                    "Writes that lost a race",
                    "Share of conditional writes that somebody else was faster than; they are "
                    "run again. A fifth is two channels that work on one cart without a pause.",
                    "percentunit",
                    (
                        Query(
                            'sum by (service, collection) (rate(omnithread_write_tries_total{outcome="LOST_RACE", '
                            f"{OURS}}}[5m])) / sum by (service, collection) "
                            f"(rate(omnithread_write_tries_total{{{OURS}}}[5m]))",
                            "{{service}} {{collection}}",
                        ),
                    ),
                    worry_from=0.2,
                ),
                Panel(
                    "Commands given up",
                    "CONFLICT after too many lost races, OUTCOME_UNKNOWN where MongoDB did not "
                    "answer. The caller may try again.",
                    "reqps",
                    (
                        Query(
                            "sum by (service, collection, reason) "
                            f"(rate(omnithread_writes_given_up_total{{{OURS}}}[5m]))",
                            "{{service}} {{collection}} {{reason}}",
                        ),
                    ),
                ),
                Panel(
                    "Merges pending",
                    "Customers into whom somebody is to be merged, and how long the oldest has waited.",
                    "short",
                    (
                        Query("max(omnithread_merges_pending)", "pending"),
                        Query("max(omnithread_merge_oldest_pending_seconds)", "oldest, in seconds"),
                    ),
                ),
                Panel(
                    "Erasures open",
                    "Accepted and not done everywhere, and how long ago the oldest was accepted. The law "
                    "gives a month.",
                    "short",
                    (
                        Query("max(omnithread_erasures_open)", "open"),
                        Query("max(omnithread_erasure_oldest_open_seconds) / 3600", "oldest, in hours"),
                    ),
                ),
                Panel(
                    "Imported rows",
                    "By what came of them.",
                    "reqps",
                    (
                        Query(
                            "sum by (service, state, dry_run) (rate(omnithread_import_rows_total[5m]))",
                            "{{service}} {{state}} dry: {{dry_run}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
