"""Chain entries as documents: the fields that bind one to its place, and those of a note."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.preference.chain.values import ChainHead, ChainLink, ChainNote

Fields = dict[str, Any]
"""What MongoDB keeps: names to values of any kind."""
LINK_FIELDS = ("chain_id", "position", "content_digest", "previous_digest", "digest")
"""What stays of an entry when its customer is forgotten: digests and places, which say nothing about anybody."""
SALT = "salt"


def link_to_fields(link: ChainLink | None) -> Fields:
    """Write what binds an entry; nothing for one without a place."""
    if link is None:
        return {}
    return {**{name: getattr(link, name) for name in LINK_FIELDS}, SALT: link.salt}


def link_from_document(document: Mapping[str, Any]) -> ChainLink | None:
    """Read it back; None for an entry from before there were chains."""
    if "chain_id" not in document:
        return None
    return ChainLink(**{name: document[name] for name in LINK_FIELDS}, salt=bytes(document.get(SALT, b"")))


def note_id_of(chain_id: str, position: int) -> str:
    """Name the note at a place: no two are at one."""
    return f"{chain_id}:{position}"


def note_to_fields(note: ChainNote, time: datetime) -> Fields:
    """Write what a note says, without what binds it."""
    return {
        "sort_time": time,
        "merge_id": note.merge_id,
        "other_chain_id": note.other_chain_id,
        "other_position": note.other.position,
        "other_digest": note.other.digest,
        "released": note.released,
    }


def note_from_document(document: Mapping[str, Any]) -> ChainNote:
    """Read a note."""
    return ChainNote(
        merge_id=document["merge_id"],
        other_chain_id=document["other_chain_id"],
        other=ChainHead(document["other_position"], document["other_digest"]),
        released=document["released"],
        link=link_from_document(document),
    )
