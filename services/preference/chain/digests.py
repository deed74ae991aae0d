"""The digests of chains. Pure: the same when they are made and when they are checked.

    content_digest = SHA-256(salt || canonical content)
    digest         = SHA-256(previous digest || position || content_digest)

So a chain can be checked where only the digests are left. What an entry says is taken from its document as MongoDB
keeps it, times in whole milliseconds. A later version may know of more fields: those that a document has are covered.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from libs.timestamps import EPOCH

BEGINNING = b"omnithread.consent.chain\0"
SALT_BYTES = 16
RECORD_CONTENT = (
    "purpose",
    "delivery_kind",
    "contact_point",
    "state",
    "wording",
    "wording_version",
    "source",
    "channel",
    "actor_id",
    "traceparent",
    "session_id",
    "confirms_record_id",
    "confirmation",
)
"""What of a record's document the digest is over, beside its id and its time."""
NOTE_CONTENT = ("merge_id", "other_chain_id", "other_position", "other_digest", "released")
"""What of a note's document the digest is over, beside its id and its time."""


def beginning_of(chain_id: str) -> str:
    """Give what the first entry of a customer's chain follows: no entry fits into the chain of another one."""
    return hashlib.sha256(BEGINNING + chain_id.encode()).hexdigest()


def salt_of(seed: bytes, entry_id: str) -> bytes:
    """Give the salt of one entry from random bytes that were drawn for a whole command."""
    return hmac.digest(seed, entry_id.encode(), hashlib.sha256)[:SALT_BYTES]


def content_digest(salt: bytes, entry_id: str, document: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """Give the digest of what an entry says. A field that is missing is not one that is empty."""
    time = document.get("sort_time")
    time_ms = (time - EPOCH) // timedelta(milliseconds=1) if isinstance(time, datetime) else None
    said: dict[str, Any] = {name: document[name] for name in names if name in document}
    content = {**said, "id": entry_id, "time_ms": time_ms}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(salt + text.encode()).hexdigest()


def entry_digest(previous_digest: str, position: int, content: str) -> str:
    """Give the digest of an entry at its place."""
    return hashlib.sha256(f"{previous_digest}\0{position}\0{content}".encode()).hexdigest()
