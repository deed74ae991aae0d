"""A customer's record stays within its size, however much is at its limit at once."""

from collections import Counter
from dataclasses import replace

import bson

from libs.mongo.next_version import MAX_DOCUMENT_BYTES
from libs.origin import Origin
from services.messaging.campaigns.values import (
    MAX_ACTIVE_ENROLMENTS,
    MAX_ENROLMENTS,
    MAX_HEARD,
    MAX_PAST_ENTRIES,
    MAX_PATH_STEPS,
    CampaignStep,
    Conversion,
    Enrolment,
    Heard,
    HeardOutcome,
    PastEntry,
    Reached,
    StepTaken,
    Trigger,
    TriggerKind,
)
from services.messaging.conversations.talking import MAX_MAIL_IDS, MAX_OPEN_CONVERSATIONS, within_bounds
from services.messaging.conversations.values import Assignee, AssigneeKind, Author, Conversation, Entry
from services.messaging.deciding.judgement import MOST_KEPT, Finding, Judgement
from services.messaging.delivery.suppressed import MAX_SUPPRESSIONS
from services.messaging.merging.taking_over import MAX_JOINED
from services.messaging.model import MAX_RECENT, MAX_SENT, MAX_WAITING
from services.messaging.room import ROOM_BYTES
from services.messaging.store import messaging_from_document, messaging_to_fields
from services.messaging.values import (
    DeliveryKind,
    Message,
    Messaging,
    Sending,
    Suppression,
    SuppressionReason,
    summary_of,
)
from tests.services.messaging.samples import NOON, conversation_id, entry_id, message

ID = "0" * 26
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"
ORIGIN = Origin("c" * 64, 3, session_id=f"ses_{ID}", actor_id="a" * 64, traceparent=TRACE, journey_id="j" * 64)
GATES = ("relevant", "not_bought", "consent", "suppression", "pauses", "caps", "way", "quiet_hours", "send_time")
JUDGED = Judgement(
    NOON,
    TRACE,
    "WAIT",
    "SEND_TIME",
    NOON,
    tuple(Finding(gate, "PASS", "", (("about", f"crt_{ID}"), ("cart", "as it was"))) for gate in GATES),
    (("preference", 1000), ("cart", 1000), ("profile", 1000), ("template", 1000)),
)
REQUESTS_BYTES = 25_000
"""What a record remembers of requests, at most about."""


def a_message(number: int) -> Message:
    return message(
        f"{number:026}",
        purpose="p" * 64,
        origin=ORIGIN,
        cause=f"evt_{ID}",
        cart_id=f"crt_{ID}",
        sku="s" * 128,
        subject="S" * 200,
        judgements=(JUDGED,) * MOST_KEPT,
        campaign=CampaignStep("c" * 64, 1, f"enr_{number:026}", "s" * 32, "a" * 16),
    )


def a_way(number: int) -> Enrolment:
    is_active = number < MAX_ACTIVE_ENROLMENTS
    texts = (("link", "x" * 1000), ("name", "x" * 200), ("sku", "x" * 128)) if is_active else ()
    return Enrolment(
        f"enr_{number:026}",
        "c" * 64,
        1,
        Trigger(TriggerKind.PRICE_FELL, f"evt_{ID}", NOON, ORIGIN, key=f"chg_{ID}", sku="s" * 128, variables=texts),
        NOON,
        NOON,
        NOON if is_active else None,
        step_id="s" * 32,
        arm="a" * 16,
        exit_on=("ORDERED", "CONSENT_REVOKED"),
        purpose="p" * 64,
        end_time=None if is_active else NOON,
        path=(StepTaken("s" * 32, NOON, "QUEUED", f"msg_{ID}"),) * (MAX_PATH_STEPS // MAX_ENROLMENTS),
        conversion=Conversion(f"ord_{ID}", "EUR", 1, 1, "c" * 64, 3, NOON, after_message=True),
        reached=(Reached(f"msg_{ID}", NOON),) * (MAX_PATH_STEPS // MAX_ENROLMENTS),
    )


def a_conversation(number: int) -> Conversation:
    name = f"{number:026}"
    entries = tuple(
        Entry(entry_id(f"{name}{at}"), conversation_id(name), Author.AGENT, "a" * 64, "x" * 4096, "c" * 64, 3, NOON)
        for at in range(10)
    )
    return Conversation(
        conversation_id(name),
        "t" * 64,
        NOON,
        NOON,
        10,
        entries,
        joined_ids=(conversation_id(ID),) * MAX_JOINED,
        assignee=Assignee(AssigneeKind.AGENT, "a" * 64),
        mail_ids=("m" * 250,) * MAX_MAIL_IDS,
        mail_subject="s" * 200,
    )


HEARD = Heard(TriggerKind.PRICE_FELL, "c" * 64, HeardOutcome.ENTERED_BEFORE, "0", NOON, 1, f"evt_{ID}", "s" * 128)
SUPPRESSED = Suppression(DeliveryKind.EMAIL, "d" * 32, SuppressionReason.BOUNCED, NOON)
FULL = Messaging(
    waiting=tuple(a_message(number) for number in range(MAX_WAITING)),
    recent=tuple(summary_of(a_message(number)) for number in range(MAX_RECENT)),
    conversations=within_bounds(tuple(a_conversation(number) for number in range(MAX_OPEN_CONVERSATIONS))),
    sent=tuple(Sending(f"{'p' * 62}{number % 30:02}", NOON, "EMAIL") for number in range(MAX_SENT)),
    suppressions=(SUPPRESSED,) * MAX_SUPPRESSIONS,
    enrolments=tuple(a_way(number) for number in range(MAX_ENROLMENTS)),
    heard=(HEARD,) * MAX_HEARD,
    past_entries=(PastEntry("c" * 64, f"evt_{ID}", NOON, "b" * 16),) * MAX_PAST_ENTRIES,
    reactions=(NOON,) * 64,
)


def test_with_everything_at_its_limit_there_is_room_and_nothing_that_decides_is_lost() -> None:
    fields = messaging_to_fields(FULL)
    assert len(bson.encode(fields)) < MAX_DOCUMENT_BYTES - REQUESTS_BYTES
    kept = messaging_from_document(fields)
    assert [one.message_id for one in kept.waiting] == [one.message_id for one in FULL.waiting]
    assert [one for one in kept.enrolments if one.is_active] == [one for one in FULL.enrolments if one.is_active]
    assert [one.conversation_id for one in kept.conversations] == [one.conversation_id for one in FULL.conversations]
    assert Counter(kept.sent) == Counter(FULL.sent)
    assert (kept.suppressions, kept.past_entries) == (FULL.suppressions, FULL.past_entries)
    assert {one.judgements[-1].reason for one in kept.waiting} == {"SEND_TIME"}


def test_where_there_is_room_nothing_is_dropped() -> None:
    usual = replace(
        FULL, conversations=FULL.conversations[:1], waiting=FULL.waiting[:3], enrolments=FULL.enrolments[:10], sent=()
    )
    fields = messaging_to_fields(usual)
    assert len(bson.encode(fields)) < ROOM_BYTES
    assert messaging_from_document(fields) == usual
