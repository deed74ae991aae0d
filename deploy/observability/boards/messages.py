"""What is sent, what is not and why, and how the providers are."""

from deploy.observability.panels import Board, Panel, Query, Row, quantiles

MESSAGES = Board(
    uid="omnithread-messages",
    title="Omnithread: messages",
    says="What became of messages, what waits and what is late, what gates said, and how the providers are.",
    rows=(
        Row(
            "The queue",
            (
                Panel(
                    "Waiting and late",
                    "Customers for whom something waits, and those for whom it is over a minute "
                    "late. Counted up to 10,000.",
                    "short",
                    (
                        Query("max(omnithread_messages_waiting)", "waiting"),
                        Query("max(omnithread_messages_overdue)", "late"),
                    ),
                ),
                Panel(
                    "How late the latest is",
                    "Beyond five minutes somebody is woken.",
                    "s",
                    (Query("max(omnithread_message_oldest_overdue_seconds)", "latest"),),
                    worry_from=300,
                ),
                Panel(
                    "Dead letters",
                    "What could not be sent and waits for a person (`DeliveryService.ListDeadLetters`).",
                    "short",
                    (Query("max(omnithread_dead_letters_waiting)", "waiting"),),
                    worry_from=1,
                ),
                Panel(
                    "Confirmations of a yes",
                    "`held_back` many times is somebody who types strangers' addresses.",
                    "reqps",
                    (Query("sum by (outcome) (rate(omnithread_consent_confirmations_total[5m]))", "{{outcome}}"),),
                ),
            ),
        ),
        Row(
            "What became of messages",
            (
                Panel(
                    "By state",
                    "Steps of messages; FAILED are dead letters, UNKNOWN are those of which nobody knows.",
                    "reqps",
                    (Query("sum by (state) (rate(omnithread_messages_total[5m]))", "{{state}}"),),
                ),
                Panel(
                    "Not sent, by reason",
                    "What was skipped, cancelled or failed, by the verdict's reason.",
                    "reqps",
                    (
                        Query(
                            'topk(12, sum by (state, reason) (rate(omnithread_messages_total{state=~"SKIPPED|CANCELLED|'
                            'FAILED"}[5m])))',
                            "{{state}} {{reason}}",
                        ),
                    ),
                ),
                Panel(
                    "Sent, by purpose and way",
                    "What customers got.",
                    "reqps",
                    (
                        Query(
                            'sum by (purpose, delivery_kind) (rate(omnithread_messages_total{state="SENT"}[5m]))',
                            "{{purpose}} {{delivery_kind}}",
                        ),
                    ),
                ),
                Panel(
                    "What gates said",
                    "By gate, verdict and reason.",
                    "reqps",
                    (
                        Query(
                            'topk(15, sum by (gate, verdict, reason) (rate(omnithread_judgements_total{verdict!="PASS"}'
                            "[5m])))",
                            "{{gate}} {{verdict}} {{reason}}",
                        ),
                    ),
                ),
                Panel(
                    "Campaigns",
                    "What the ten busiest did in the last hour.",
                    "short",
                    (
                        Query(
                            "topk(10, sum by (campaign_id, outcome) "
                            "(increase(omnithread_campaign_outcomes_total[1h])))",
                            "{{campaign_id}} {{outcome}}",
                        ),
                    ),
                    width=24,
                ),
            ),
        ),
        Row(
            "Providers",
            (
                Panel(
                    "Circuits",
                    "0 is asked, 1 is tried again, 2 is left alone since it failed too often.",
                    "short",
                    (Query("max by (provider) (omnithread_provider_circuit)", "{{provider}}"),),
                    worry_from=2,
                ),
                Panel(
                    "Handed over",
                    "Messages by what came of handing them over.",
                    "reqps",
                    (
                        Query(
                            "sum by (provider, outcome) (rate(omnithread_handed_over_total[5m]))",
                            "{{provider}} {{outcome}}",
                        ),
                    ),
                ),
                Panel(
                    "At the providers",
                    "Under way and waiting for their turn, and how often one had to wait.",
                    "short",
                    (
                        Query("sum by (provider) (omnithread_provider_in_flight)", "{{provider}} under way"),
                        Query("sum by (provider) (omnithread_provider_waiting)", "{{provider}} waiting"),
                        Query(
                            "sum by (provider) (rate(omnithread_provider_waits_total[5m]))",
                            "{{provider}} waits a second",
                        ),
                    ),
                ),
                Panel(
                    "What providers report",
                    "Receipts by kind and by what became of them.",
                    "reqps",
                    (
                        Query(
                            "sum by (provider, kind, outcome) (rate(omnithread_receipts_total[5m]))",
                            "{{provider}} {{kind}} {{outcome}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "Events for other systems",
            (
                Panel(
                    "Posts",
                    "By how they ended; `not_taken` and `unsure` are tried again.",
                    "reqps",
                    (
                        Query("sum by (outcome) (rate(omnithread_subscription_tries_total[5m]))", "{{outcome}}"),
                        Query("sum(rate(omnithread_subscription_given_up_total[5m]))", "given up"),
                        Query(
                            "sum by (outcome) (rate(omnithread_subscription_events_total[5m]))", "laid out: {{outcome}}"
                        ),
                    ),
                ),
                Panel(
                    "How long they take to be taken",
                    "From a change to the receiver's answer.",
                    "s",
                    quantiles("omnithread_subscription_delay_seconds", shares=(0.5, 0.95)),
                ),
            ),
        ),
    ),
)
