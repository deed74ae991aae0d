"""Adds what was decided to the customer's chain, in the order in which it is noted. Pure.

The head is a part of the customer's record, so it is committed with the entries, or not at all.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from libs.mongo.values import Decision
from services.preference.chain.digests import (
    NOTE_CONTENT,
    RECORD_CONTENT,
    beginning_of,
    content_digest,
    entry_digest,
    salt_of,
)
from services.preference.chain.documents import note_id_of, note_to_fields
from services.preference.chain.values import ChainHead, ChainLink, ChainNote
from services.preference.events import ConsentSet, Event, PreferencesAbsorbed, PreferencesParted
from services.preference.records import record_to_fields
from services.preference.values import ConsentRecord, Preferences


def sealed(decision: Decision[Preferences, Event], *, chain_id: str, seed: bytes) -> Decision[Preferences, Event]:
    """Bind the records and notes of a decision to the end of the customer's chain.

    `seed` are random bytes that were drawn for this command, 32 of them.
    """
    head, events = sealed_events(decision.state.chain, decision.events, chain_id=chain_id, seed=seed)
    return replace(decision, state=replace(decision.state, chain=head), events=events)


def sealed_events(
    head: ChainHead, events: Sequence[Event], *, chain_id: str, seed: bytes
) -> tuple[ChainHead, tuple[Event, ...]]:
    """Give the new end of the chain, and the events with their entries bound to it."""
    after: list[Event] = []
    for event in events:
        head, bound = _sealed_event(head, event, chain_id, seed)
        after.append(bound)
    return head, tuple(after)


def _sealed_event(head: ChainHead, event: Event, chain_id: str, seed: bytes) -> tuple[ChainHead, Event]:
    if isinstance(event, ConsentSet):
        record = _sealed_record(head, event.record, chain_id, seed)
        return _head(record.link), replace(event, record=record)
    if isinstance(event, PreferencesAbsorbed | PreferencesParted) and event.note is not None:
        note = _sealed_note(head, event.note, event.occur_time, chain_id, seed)
        return _head(note.link), replace(event, note=note)
    return head, event


def _sealed_record(head: ChainHead, record: ConsentRecord, chain_id: str, seed: bytes) -> ConsentRecord:
    fields = record_to_fields(record)
    return replace(record, link=_link(head, record.record_id, fields, RECORD_CONTENT, chain_id, seed))


def _sealed_note(head: ChainHead, note: ChainNote, time: datetime, chain_id: str, seed: bytes) -> ChainNote:
    note_id = note_id_of(chain_id, head.position + 1)
    return replace(note, link=_link(head, note_id, note_to_fields(note, time), NOTE_CONTENT, chain_id, seed))


def _link(
    head: ChainHead, entry_id: str, fields: dict[str, Any], names: tuple[str, ...], chain_id: str, seed: bytes
) -> ChainLink:
    position, previous = head.position + 1, head.digest or beginning_of(chain_id)
    salt = salt_of(seed, entry_id)
    content = content_digest(salt, entry_id, fields, names)
    return ChainLink(
        chain_id=chain_id,
        position=position,
        salt=salt,
        content_digest=content,
        previous_digest=previous,
        digest=entry_digest(previous, position, content),
    )


def _head(link: ChainLink | None) -> ChainHead:
    if link is None:
        raise ValueError("an entry was not bound")
    return ChainHead(link.position, link.digest)
