"""The next version of a document: what is sent to MongoDB for it, and what the document then is. Pure.

The update sets fixed top-level fields and pushes to the lists; it never replaces the document, because the relay may
have taken outbox entries away since it was read, and they would come back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import bson

from libs.errors import outbox_full, record_too_large
from libs.mongo.connection import CODEC, Document
from libs.mongo.requests import MAX_REQUESTS, RequestLog, milliseconds
from libs.mongo.shapes import OutboxEntry, RequestEntry

MAX_OUTBOX = 64
MAX_DOCUMENT_BYTES = 256 * 1024
MAX_MERGED_BYTES = 4 * 1024 * 1024
"""For what a merge, which can no longer be refused, brings together. MongoDB's own limit is 16 MB."""
MARGIN_BYTES = 1024
"""More than the places of pushed values take in their lists beyond what they take in the update."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of a document."""

    fields: Mapping[str, Any]
    """What is set: the service's state, whole, and fields of the record itself where they change."""
    request: RequestEntry | None = None
    """The request to be remembered."""
    outbox: Sequence[OutboxEntry] = ()
    appended: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """What is added to lists of the record itself."""
    most_bytes: int = MAX_DOCUMENT_BYTES
    """How large the document may grow by it. What does not make a too large one larger may always be done."""
    closing: bool = False
    """Whether it is the record's last change, which no bound holds up."""
    read_bytes: int = 0
    """How long the document was when it was read; 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class NextVersion:
    """One version of a document that is ready to be written."""

    read_version: int
    """The version that it was decided on, 0 where there was none: it is written only if that is still so."""
    update: Document
    document: Document
    """All of it after the write, as a read would give it if the relay takes nothing away meanwhile."""


def next_version(present: Document, change: Change, *, now: datetime) -> NextVersion:
    """Build the version after `present` (version 0 for a new document). Raises OUTBOX_FULL and RECORD_TOO_LARGE."""
    time = milliseconds(now)
    fields: Document = {
        **change.fields,
        "version": present["version"] + 1,
        "update_time": max(time, present.get("update_time", time)),
    }
    after: Document = {**present, **fields}
    pushes: Document = {}
    if change.request is not None:
        log = RequestLog.of(present).with_request(change.request)
        after["requests"], after["floors"] = list(log.requests), list(log.floors)
        fields["floors"] = after["floors"]
        if after["requests"] == [*present["requests"], change.request][-MAX_REQUESTS:]:
            pushes["requests"] = {"$each": [change.request], "$slice": -MAX_REQUESTS}
        else:
            fields["requests"] = after["requests"]
    for name, values in (("outbox", change.outbox), *change.appended.items()):
        if values:
            after[name] = [*present.get(name, ()), *values]
            pushes[name] = {"$each": list(values)}
    update: Document = {"$set": fields, "$push": pushes} if pushes else {"$set": fields}
    encoded = bson.encode(update, codec_options=CODEC)
    most_bytes = change.read_bytes + len(encoded) + MARGIN_BYTES
    if not change.closing and not (change.read_bytes and most_bytes <= change.most_bytes):
        _check_bytes(present, after, change, total_bytes=size_of(after))
    if not change.closing:
        _check_outbox(after, change)
    document = {**after, **_as_read(after, bson.decode(encoded, codec_options=CODEC))}
    return NextVersion(read_version=present["version"], update=update, document=document)


def _as_read(after: Document, update: Document) -> Document:
    """Give the fields that an update changes as they will be read, which is not always as they were written."""
    read: Document = update["$set"]
    for name, pushed in update.get("$push", {}).items():
        values = pushed["$each"]
        read[name] = [*after[name][: len(after[name]) - len(values)], *values]
    return read


def _check_bytes(present: Document, after: Document, change: Change, *, total_bytes: int) -> None:
    """Tell what will never fit from what fits a little later, when the relay has taken the waiting entries away."""
    if total_bytes > change.most_bytes:
        is_larger_anyway = size_of({**present, "outbox": []}) > change.most_bytes and not _grows(present, change)
        most_bytes = MAX_MERGED_BYTES if is_larger_anyway else change.most_bytes
        if size_of({**after, "outbox": change.outbox}) > most_bytes:
            raise record_too_large()
        if total_bytes > most_bytes:
            raise outbox_full()


def _check_outbox(after: Document, change: Change) -> None:
    if len(change.outbox) > MAX_OUTBOX:
        raise record_too_large()
    if len(after.get("outbox", ())) > MAX_OUTBOX:
        raise outbox_full()


def _grows(present: Document, change: Change) -> bool:
    return size_of(change.fields) > size_of({name: present.get(name) for name in change.fields})


def size_of(document: Mapping[str, Any]) -> int:
    """Give how many bytes MongoDB keeps for a document."""
    return len(bson.encode(document, codec_options=CODEC))
