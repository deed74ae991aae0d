"""Reads a customer's chain and has it checked: from the record, what is still on its way, and the two collections."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from libs.mongo.deadline import reading
from libs.mongo.shapes import RECORDS
from libs.mongo.values import Saved
from services.preference import errors
from services.preference.chain.checking import Check, Entry, Fault, Finding, check
from services.preference.chain.digests import NOTE_CONTENT, RECORD_CONTENT, beginning_of, content_digest
from services.preference.chain.documents import SALT, note_from_document
from services.preference.chain.heads import ErasedChains
from services.preference.chain.values import ChainHead, ChainNote
from services.preference.operations import PreferenceBook
from services.preference.store import CHAIN_NOTES, CONSENT_RECORDS
from services.preference.values import Preferences

MOST_CHECKED = 10_000
MOST_NOTES = 500
CONTENT = {CONSENT_RECORDS: RECORD_CONTENT, CHAIN_NOTES: NOTE_CONTENT}


@dataclass(frozen=True, slots=True)
class ChainReport:
    """How a chain was found."""

    check: Check
    checked_count: int
    erased_count: int
    unchained_count: int
    is_complete: bool
    notes: tuple[ChainNote, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """The entries of one call, by position, as documents with the names of their collections."""

    documents: list[tuple[str, Mapping[str, Any]]]
    is_end: bool


@dataclass(frozen=True, slots=True)
class ConsentChains:
    """What can be asked about chains. Nothing is changed."""

    book: PreferenceBook
    erased: ErasedChains

    async def head(self, customer_id: str) -> ChainHead:
        """Give where a chain ends, as committed now. Raises CUSTOMER_NOT_FOUND."""
        return (await self._saved_and_head(customer_id))[1]

    async def verify(self, customer_id: str, *, kept: ChainHead | None, after: ChainHead | None) -> ChainReport:
        """Compute every digest again, of at most 10,000 entries. Raises CUSTOMER_NOT_FOUND."""
        saved, until = await self._saved_and_head(customer_id)
        start = after or ChainHead(0, beginning_of(customer_id))
        if start.position > until.position:
            raise errors.chain_head_invalid("after")
        piece = await self._piece(saved, start, until)
        entries = [entry_of(name, document) for name, document in piece.documents]
        found = check(entries, after=start, until=until, kept=kept, is_end=piece.is_end)
        if found.finding is None:
            finding = (
                await self._against_earlier(saved, kept, start)
                or await self._behind_the_end(saved, until, piece)
                or await self._pretended(customer_id, piece)
            )
            found = Check(finding, found.head)
        notes = [note_from_document(document) for name, document in piece.documents if name == CHAIN_NOTES]
        return ChainReport(
            check=found,
            checked_count=len(entries),
            erased_count=sum(entry.computed is None for entry in entries),
            unchained_count=await self._unchained(customer_id),
            is_complete=piece.is_end,
            notes=tuple(notes[:MOST_NOTES]),
        )

    async def _saved_and_head(self, customer_id: str) -> tuple[Saved[Preferences], ChainHead]:
        saved = await self.book.records.get_exact(customer_id)
        if saved.erased:
            return saved, await self.erased.find(customer_id)
        if not saved.exists:
            await self.book.get(customer_id)  # somebody who said nothing has an empty chain, and nobody has none
        return saved, saved.state.chain

    async def _piece(self, saved: Saved[Preferences], after: ChainHead, until: ChainHead) -> _Piece:
        """Give the next entries; of what was on its way when the record was read, no matter whether it has arrived."""
        between = {"$gt": after.position, "$lte": until.position}
        found: dict[str, tuple[str, Mapping[str, Any]]] = {
            member.id: (member.collection, member.document)
            for member in saved.pending_members
            if member.collection in CONTENT
            and member.document.get("chain_id") == saved.customer_id
            and after.position < member.document["position"] <= until.position
        }
        for name in CONTENT:
            with reading():
                cursor = self.book.database[name].find({"chain_id": saved.customer_id, "position": between})
                stored = await cursor.sort("position", 1).limit(MOST_CHECKED + 1).to_list(MOST_CHECKED + 1)
            found |= {document["_id"]: (name, document) for document in stored}
        in_order = sorted(found.values(), key=lambda one: (one[1]["position"], one[1]["_id"]))
        return _Piece(in_order[:MOST_CHECKED], is_end=len(in_order) <= MOST_CHECKED)

    async def _against_earlier(
        self, saved: Saved[Preferences], kept: ChainHead | None, start: ChainHead
    ) -> Finding | None:
        """Compare a head that was kept with what is there now, where the check begins behind it."""
        if kept is None or not 0 < kept.position <= start.position:
            return None
        there = (await self._piece(saved, ChainHead(kept.position - 1), kept)).documents
        if not there:
            return Finding(Fault.REMOVED, kept.position)
        forked = next((document for _, document in there if document.get("digest") != kept.digest), None)
        return Finding(Fault.FORKED, kept.position, forked["_id"]) if forked else None

    async def _behind_the_end(self, saved: Saved[Preferences], until: ChainHead, piece: _Piece) -> Finding | None:
        """Find an entry behind the end that the record names, which nobody noted."""
        if not piece.is_end:
            return None
        for name in CONTENT:
            behind = {"chain_id": saved.customer_id, "position": {"$gt": until.position}}
            with reading():
                found = await self.book.database[name].find_one(behind)
            if found is None:
                continue
            _, now = await self._saved_and_head(saved.customer_id)
            if found["position"] > now.position:
                return Finding(Fault.INSERTED, found["position"], found["_id"])
        return None

    async def _pretended(self, customer_id: str, piece: _Piece) -> Finding | None:
        """Find what no digest covers: an entry without content whose customer was not forgotten, or of a stranger.

        An entry belongs to somebody else than its chain only after a merge was undone, and both remember that.
        """
        emptied = [document for _, document in piece.documents if not document.get(SALT)]
        foreign = [document for _, document in piece.documents if document["customer_id"] != customer_id]
        owners = sorted({str(document["customer_id"]) for document in (*emptied, *foreign)})
        if not owners:
            return None
        with reading():
            match = {"_id": {"$in": owners[:MOST_NOTES]}}
            found = await self.book.database[RECORDS].find(match, {"erased": 1, "released": 1}).to_list(MOST_NOTES)
        forgotten = {record["_id"] for record in found if record.get("erased")}
        parted = {record["_id"] for record in found if record.get("released")}
        faulty = [document for document in emptied if document["customer_id"] not in forgotten]
        faulty += [document for document in foreign if document["customer_id"] not in parted]
        first = min(faulty, key=lambda document: document["position"], default=None)
        return Finding(Fault.EDITED, first["position"], first["_id"]) if first else None

    async def _unchained(self, customer_id: str) -> int:
        with reading():
            match = {"customer_id": customer_id, "chain_id": None}
            return int(await self.book.database[CONSENT_RECORDS].count_documents(match, limit=MOST_CHECKED))


def entry_of(collection: str, document: Mapping[str, Any]) -> Entry:
    """Give an entry as it lies there, with the digest of what it says now."""
    salt = document.get(SALT)
    computed = content_digest(bytes(salt), document["_id"], document, CONTENT[collection]) if salt else None
    return Entry(
        entry_id=document["_id"],
        position=document["position"],
        content_digest=str(document.get("content_digest")),
        previous_digest=str(document.get("previous_digest")),
        digest=str(document.get("digest")),
        computed=computed,
    )
