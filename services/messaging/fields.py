"""Writes values as fields of documents, and reads them back.

A field that a value does not have (written by a newer version of the suite) is left out when reading, and one that a
document does not have yet takes the value's default, so that versions can run beside each other.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from libs.origin import Origin
from services.messaging.campaigns.fields import campaign_step_from, send_window_from
from services.messaging.conversations.values import Assignee, AssigneeKind, Author, Conversation, Entry, Mail, Note
from services.messaging.deciding.judgement_fields import judgement_from, judgement_to_fields
from services.messaging.texts.templates import Form
from services.messaging.values import (
    Card,
    Content,
    DeliveryKind,
    Message,
    MessageState,
    MessageSummary,
    Receipt,
    ReceiptKind,
    Sending,
    Suppression,
    SuppressionReason,
)

Fields = dict[str, Any]
"""What MongoDB keeps: names to values of any kind."""


def fields_of(
    value: Message | MessageSummary | Content | Conversation | Entry | Mail | Note | Form | Suppression,
) -> Fields:
    """Write a value with all that it holds."""
    fields = dataclasses.asdict(value)
    if isinstance(value, Message):
        fields["judgements"] = [judgement_to_fields(judgement) for judgement in value.judgements]
    return fields


def message_from(fields: Mapping[str, Any]) -> Message:
    """Read a message."""
    known = _known(Message, fields)
    return Message(
        **known
        | {
            "asked_kind": _kind(fields["asked_kind"]),
            "delivery_kind": _kind(fields["delivery_kind"]),
            "state": MessageState(fields["state"]),
            "answered_mail_ids": tuple(fields.get("answered_mail_ids", ())),
            "origin": Origin(**_known(Origin, fields["origin"])),
            "asked_kinds": tuple(DeliveryKind(name) for name in fields.get("asked_kinds", ())),
            "campaign": campaign_step_from(fields.get("campaign")),
            "send_window": send_window_from(fields.get("send_window")),
            "judgements": tuple(judgement_from(kept) for kept in fields.get("judgements", ())),
            "receipts": tuple(receipts_from(fields.get("receipts", ()))),
        }
    )


def receipts_from(listed: Iterable[Mapping[str, Any]]) -> Iterable[Receipt]:
    """Read what was reported of a message; a kind that this version does not know of is left out."""
    known = set(ReceiptKind)
    return (Receipt(ReceiptKind(fields["kind"]), fields["time"]) for fields in listed if fields["kind"] in known)


def suppression_from(fields: Mapping[str, Any]) -> Suppression:
    """Read an address to which nothing is sent."""
    known = _known(Suppression, fields)
    return Suppression(**known | {"kind": DeliveryKind(fields["kind"]), "reason": SuppressionReason(fields["reason"])})


def content_from(fields: Mapping[str, Any]) -> Content:
    """Read what a message is made of."""
    return Content(
        **_known(Content, fields)
        | {
            "variables": tuple((name, value) for name, value in fields["variables"]),
            "card": Card(**_known(Card, fields["card"])) if fields.get("card") else None,
        }
    )


def summary_from(fields: Mapping[str, Any]) -> MessageSummary:
    """Read a summary."""
    known = _known(MessageSummary, fields)
    return MessageSummary(
        **known | {"state": MessageState(fields["state"]), "delivery_kind": _kind(fields["delivery_kind"])}
    )


def conversation_from(fields: Mapping[str, Any]) -> Conversation:
    """Read a conversation."""
    last_author = fields.get("last_author")
    return Conversation(
        **_known(Conversation, fields)
        | {
            "recent_entries": tuple(entry_from(entry) for entry in fields["recent_entries"]),
            "joined_ids": tuple(fields["joined_ids"]),
            "assignee": assignee_from(fields.get("assignee")),
            "last_author": Author(last_author) if last_author else None,
            "mail_ids": tuple(fields.get("mail_ids", ())),
        }
    )


def assignee_from(fields: Mapping[str, Any] | None) -> Assignee | None:
    """Read who looks after a conversation."""
    return Assignee(AssigneeKind(fields["kind"]), fields["id"]) if fields else None


def note_from(fields: Mapping[str, Any]) -> Note:
    """Read a note of staff."""
    return Note(**_known(Note, fields) | {"handed_to": assignee_from(fields.get("handed_to"))})


def mail_from(fields: Mapping[str, Any]) -> Mail:
    """Read what is kept of a mail."""
    return Mail(**_known(Mail, fields))


def entry_from(fields: Mapping[str, Any]) -> Entry:
    """Read an entry."""
    return Entry(**_known(Entry, fields) | {"author": Author(fields["author"])})


def form_from(fields: Mapping[str, Any]) -> Form:
    """Read a form of a template."""
    return Form(**_known(Form, fields) | {"kind": DeliveryKind(fields["kind"])})


def sent_to_fields(sent: Sequence[Sending]) -> list[Fields]:
    """Write the times by purpose and way: a thousand of them then take 20 KB."""
    times: dict[tuple[str, str], list[Any]] = {}
    for sending in sent:
        times.setdefault((sending.purpose, str(sending.kind)), []).append(sending.time)
    return [{"purpose": purpose, "kind": kind, "times": times[purpose, kind]} for purpose, kind in sorted(times)]


def sent_from(fields: Iterable[Mapping[str, Any]]) -> tuple[Sending, ...]:
    """Read the times, oldest first."""
    sent = [
        Sending(of_purpose["purpose"], time, of_purpose.get("kind", ""))
        for of_purpose in fields
        for time in of_purpose["times"]
    ]
    return tuple(sorted(sent, key=lambda sending: (sending.time, sending.purpose, sending.kind)))


def _known(kind: type[Any], fields: Mapping[str, Any]) -> Fields:
    return {field.name: fields[field.name] for field in dataclasses.fields(kind) if field.name in fields}


def _kind(name: str | None) -> DeliveryKind | None:
    return DeliveryKind(name) if name else None
