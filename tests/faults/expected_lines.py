"""The warnings that a suite may log while its parts are killed, each with its reason. Nothing else may be there."""

from tests.faults.log_lines import Expected

AWAY = (
    "pymongo.errors.AutoReconnect",
    "pymongo.errors.ConnectionFailure",
    "pymongo.errors.ExecutionTimeout",
    "pymongo.errors.NetworkTimeout",
    "pymongo.errors.NotPrimaryError",
    "pymongo.errors.ServerSelectionTimeoutError",
    "pymongo.errors.WaitQueueTimeoutError",
    "aiokafka.errors.",
    "grpc.aio.",
    "libs.errors.OmnithreadError",
    "libs.events.streams.OwnerAway",
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "OSError",
    "TimeoutError",
)
"""Errors that say no more than that somebody does not answer now. Any other error in the same places is a fault."""

FAULTS = (
    "INTERNAL",
    "StatusCode.UNKNOWN",
    "INVALID_FIELD",
    "RECORD_TOO_LARGE",
    "MessageSizeTooLarge",
)
"""And so are these, though their types are among them."""
PARKED_FOR_NOTHING = ("RESOURCE_EXHAUSTED", "OVERLOADED")
"""An owner that has more to do than it can is away, and parks nobody."""

FORGOTTEN = ("libs.events.tail.RecordsForgotten",)

_TRIED_AGAIN = (
    "batch_failed",
    "campaigns_held_up",
    "campaign_step_failed",
    "cards_not_made",
    "counting_days_failed",
    "due_messages_not_found",
    "erasure_waits",
    "heads_sweep_failed",
    "inboxes_not_looked_at",
    "intake_failed",
    "live_page_failed",
    "membership_not_decided",
    "merge_not_carried_out",
    "merge_sweep_failed",
    "message_not_handed_over",
    "message_not_prepared",
    "message_not_settled",
    "message_step_failed",
    "messages_not_sent",
    "not_counted",
    "publishing_failed",
    "receipt_not_noted",
    "rejection_not_noted",
    "relay_not_measured",
    "relay_sweep_failed",
    "relaying_failed",
    "reservation_not_settled",
    "retries_failed",
    "segment_sweep_failed",
    "segments_not_refreshed",
    "stream_parked",
    "subscriptions_not_looked_at",
    "subscriptions_unknown",
    "sweep_failed",
    "sweep_held_up",
    "tail_failed",
    "unsold_articles_not_read",
    "watched_context_not_read",
)

UNDER_KILLS = (
    *(
        Expected(
            "a part that it needs is away; the same is tried again after a pause",
            event,
            AWAY,
            never=FAULTS + (PARKED_FOR_NOTHING if event == "stream_parked" else ()),
        )
        for event in _TRIED_AGAIN
    ),
    Expected("the broker has forgotten records; whoever follows all of them begins anew", "tail_failed", FORGOTTEN),
    Expected("the console, which keeps the spans, is away; they are sent again or dropped", "Transient error"),
    Expected("the console, which keeps the spans, is away; they are sent again or dropped", "Failed to export"),
)
"""For tests that kill parts. What the last release logs is its own affair."""

DATABASE_AWAY = (
    *UNDER_KILLS,
    Expected("MongoDB has not answered for some seconds; the service says so until it is back", "not_ready"),
    Expected(
        "MongoDB is away; the entries of the audit log wait, and are written after it", "audit_waits", never=FAULTS
    ),
)
"""For tests that kill MongoDB, which on a busy machine takes longer to be back than a service waits to say so."""
