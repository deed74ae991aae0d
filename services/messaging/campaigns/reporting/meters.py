"""Counts what campaigns do, for dashboards. Labels are campaigns, which are at most 1000, and a few words."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter

from services.messaging.campaigns.engine import CONDITION_FAILED
from services.messaging.campaigns.values import CONTROL, Enrolment
from services.messaging.events import EnrolmentChanged, Event, MessageReceiptNoted, MessageStateChanged
from services.messaging.values import MessageState, ReceiptKind

FIRST_REVISION = 1
REPORTED = frozenset({ReceiptKind.DELIVERED, ReceiptKind.OPENED, ReceiptKind.CLICKED})
ENDED = frozenset(
    {MessageState.SENT, MessageState.SKIPPED, MessageState.CANCELLED, MessageState.FAILED, MessageState.UNKNOWN}
)


class CampaignMeters:
    """`omnithread_campaign_outcomes_total` by `campaign_id` and `outcome`.

    Outcomes are `entered`, `control`, `condition_failed`, the states in which messages end, `delivered`, `opened`,
    `clicked`, `bought` and `bought_after_message`. They grow and are never taken back; the exact numbers are in
    `GetCampaignReport`.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._outcomes = Counter(
            "omnithread_campaign_outcomes",
            "What campaigns did, by campaign and outcome.",
            ["campaign_id", "outcome"],
            registry=registry,
        )

    def count(self, events: Iterable[Event]) -> None:
        """Count what was written. Whoever writes calls it once, after the write."""
        for event in events:
            match event:
                case EnrolmentChanged(one, is_about_order):
                    for outcome in _sales(one) if is_about_order else _outcomes(one):
                        self._outcomes.labels(one.campaign_id, outcome).inc()
                case MessageStateChanged(message) if message.campaign and message.state in ENDED:
                    self._outcomes.labels(message.campaign.campaign_id, message.state.lower()).inc()
                case MessageReceiptNoted(message, _, receipt) if message.campaign and receipt.kind in REPORTED:
                    self._outcomes.labels(message.campaign.campaign_id, receipt.kind.lower()).inc()


def _sales(one: Enrolment) -> list[str]:
    """Say what an order is; nothing where it was cancelled."""
    if one.conversion is None:
        return []
    return ["bought", "bought_after_message"] if one.conversion.after_message else ["bought"]


def _outcomes(one: Enrolment) -> list[str]:
    """Say what is new in an enrolment as it was written: it is written when it begins and when it ends."""
    if one.revision == FIRST_REVISION:
        return ["entered"]
    if one.end_reason == CONDITION_FAILED:
        return ["condition_failed"]
    return ["control"] if one.arm == CONTROL else []
