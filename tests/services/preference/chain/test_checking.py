"""Nobody changes a proof of consent unseen: whatever is done to a chain behind our back is found, and named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.channel import Channel
from libs.mongo.values import Decision
from omnithread.common.v1 import delivery_pb2
from services.preference.chain.checking import Check, Fault, Finding, check
from services.preference.chain.digests import RECORD_CONTENT, beginning_of, content_digest, entry_digest
from services.preference.chain.reading import entry_of
from services.preference.chain.sealing import sealed
from services.preference.chain.values import ChainHead
from services.preference.events import ConsentSet
from services.preference.privacy import proof_without_person
from services.preference.records import record_to_document
from services.preference.store import CONSENT_RECORDS
from services.preference.values import GRANTED, REVOKED, ConsentKey, ConsentRecord, Preferences

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
Document = dict[str, Any]
RECORDS = st.builds(
    ConsentRecord,
    record_id=st.just(""),
    key=st.builds(
        ConsentKey,
        purpose=st.sampled_from(["newsletter", "cart_reminder"]),
        delivery_kind=st.just(delivery_pb2.DELIVERY_KIND_EMAIL),
        contact_point=st.sampled_from(["", "anna@example.com"]),
    ),
    state=st.sampled_from([GRANTED, REVOKED]),
    wording=st.text(max_size=20),
    wording_version=st.just("1"),
    source=st.just("page"),
    channel=st.just(Channel("web-shop", 1)),
    actor_id=st.just(""),
    occur_time=st.integers(0, 10**9).map(lambda us: NOON + timedelta(microseconds=us)),
    traceparent=st.just(""),
)


def noted(records: list[ConsentRecord], chain_id: str = "cus_anna") -> tuple[list[Document], ChainHead]:
    """The records as they lie in MongoDB, and where the customer's record says that their chain ends."""
    state, documents = Preferences(), list[Document]()
    for number, record in enumerate(records, start=1):
        told = ConsentSet(record.occur_time, replace(record, record_id=f"con_{number}"))
        change = sealed(Decision(state, (told,)), chain_id=chain_id, seed=bytes([number]) * 32)
        (event,) = change.events
        assert isinstance(event, ConsentSet)
        stored: Document = record_to_document(event.record)
        time = event.record.occur_time
        stored |= {"_id": event.record.record_id, "customer_id": chain_id}
        stored |= {"sort_time": time.replace(microsecond=time.microsecond // 1000 * 1000)}
        documents.append(stored)
        state = change.state
    return documents, state.chain


def looked_at(documents: list[Document], until: ChainHead, kept: ChainHead | None = None) -> Check:
    in_order = sorted(documents, key=lambda document: (document["position"], document["_id"]))
    entries = [entry_of(CONSENT_RECORDS, document) for document in in_order]
    return check(entries, after=ChainHead(0, beginning_of("cus_anna")), until=until, kept=kept)


def made_anew(document: Document, previous: str) -> None:
    """What somebody does who knows how digests are made: the entry fits to what is before it."""
    document["content_digest"] = content_digest(document["salt"], document["_id"], document, RECORD_CONTENT)
    document["previous_digest"] = previous
    document["digest"] = entry_digest(previous, document["position"], document["content_digest"])


CHAINS = st.lists(RECORDS, min_size=1, max_size=8)
LONGER = st.lists(RECORDS, min_size=2, max_size=8)


@given(CHAINS, st.data())
def test_a_chain_that_nobody_touched_is_as_it_was_noted_also_where_content_was_erased(
    records: list[ConsentRecord], data: st.DataObject
) -> None:
    documents, head = noted(records)
    assert looked_at(documents, head, kept=head).finding is None
    erased = data.draw(st.sets(st.integers(0, len(documents) - 1)))
    left = [
        proof_without_person(one) | {"_id": one["_id"]} if at in erased else one for at, one in enumerate(documents)
    ]
    assert looked_at(left, head, kept=head) == Check(None, head)
    assert all("salt" not in left[at] and not left[at]["contact_point"] for at in erased)


EDITS: dict[str, Callable[[Document], object]] = {
    "wording": lambda document: document["wording"] + "!",
    "state": lambda document: GRANTED + REVOKED - document["state"],
    "contact_point": lambda _document: "mallory@example.com",
    "sort_time": lambda document: document["sort_time"] - timedelta(days=1),
    "actor_id": lambda _document: "ben",
    "channel": lambda _document: {"id": "store-042", "kind": 3},
    "content_digest": lambda _document: "0" * 64,
    "digest": lambda _document: "0" * 64,
}


@given(CHAINS, st.sampled_from(sorted(EDITS)), st.data())
def test_an_edited_entry_is_found(records: list[ConsentRecord], field: str, data: st.DataObject) -> None:
    documents, head = noted(records)
    edited = data.draw(st.sampled_from(documents))
    edited[field] = EDITS[field](edited)
    assert looked_at(documents, head).finding == Finding(Fault.EDITED, edited["position"], edited["_id"])


@given(CHAINS, st.data())
def test_an_edited_entry_with_all_its_digests_made_anew_is_found(
    records: list[ConsentRecord], data: st.DataObject
) -> None:
    documents, head = noted(records)
    at = data.draw(st.integers(0, len(documents) - 1))
    documents[at]["wording"] += "!"
    made_anew(documents[at], documents[at]["previous_digest"])
    fault = Fault.FORKED if at == len(documents) - 1 else Fault.EDITED
    assert looked_at(documents, head).finding == Finding(fault, at + 1, documents[at]["_id"])


@given(CHAINS, st.data())
def test_a_removed_entry_is_found(records: list[ConsentRecord], data: st.DataObject) -> None:
    documents, head = noted(records)
    at = data.draw(st.integers(0, len(documents) - 1))
    fault = Fault.TRUNCATED if at == len(documents) - 1 else Fault.REMOVED
    del documents[at]
    assert looked_at(documents, head).finding == Finding(fault, at + 1)


@given(LONGER, st.data())
def test_a_removed_entry_into_whose_place_the_others_moved_is_found(
    records: list[ConsentRecord], data: st.DataObject
) -> None:
    documents, head = noted(records)
    at = data.draw(st.integers(0, len(documents) - 2))
    del documents[at]
    for document in documents[at:]:
        document["position"] -= 1
    finding = looked_at(documents, head).finding
    assert finding == Finding(Fault.REMOVED, at + 1, documents[at]["_id"])


@given(LONGER, st.data())
def test_two_entries_that_changed_places_are_found(records: list[ConsentRecord], data: st.DataObject) -> None:
    documents, head = noted(records)
    one, other = sorted(data.draw(st.permutations(range(len(documents))))[:2])
    documents[one]["position"], documents[other]["position"] = other + 1, one + 1
    finding = looked_at(documents, head).finding
    assert finding == Finding(Fault.REORDERED, one + 1, documents[other]["_id"])


@given(LONGER, st.data())
def test_two_entries_that_changed_all_that_they_say_are_found(
    records: list[ConsentRecord], data: st.DataObject
) -> None:
    documents, head = noted(records)
    one, other = sorted(data.draw(st.permutations(range(len(documents))))[:2])
    for name in ("_id", "sort_time", "salt", "content_digest", *RECORD_CONTENT):
        documents[one][name], documents[other][name] = documents[other][name], documents[one][name]
    finding = looked_at(documents, head).finding
    assert finding == Finding(Fault.REORDERED, one + 1, documents[one]["_id"])


@given(CHAINS, st.data())
def test_an_entry_that_was_put_in_is_found(records: list[ConsentRecord], data: st.DataObject) -> None:
    documents, head = noted(records)
    at = data.draw(st.integers(1, len(documents)))
    put_in = {**documents[at - 1], "_id": "con_mallory", "wording": "yes to all"}
    made_anew(put_in, documents[at - 1]["previous_digest"])
    finding = looked_at([*documents, put_in], head).finding
    assert finding is not None
    assert (finding.fault, finding.position) == (Fault.INSERTED, at)


@given(CHAINS, st.data())
def test_a_chain_that_was_written_anew_is_found_by_the_head_that_was_kept_elsewhere(
    records: list[ConsentRecord], data: st.DataObject
) -> None:
    documents, head = noted(records)
    at = data.draw(st.integers(0, len(documents) - 1))
    documents[at]["wording"] += "!"
    previous = documents[at]["previous_digest"]
    for document in documents[at:]:
        made_anew(document, previous)
        previous = document["digest"]
    forged = ChainHead(len(documents), previous)
    assert looked_at(documents, forged).finding is None
    last = documents[-1]
    assert looked_at(documents, forged, kept=head).finding == Finding(Fault.FORKED, last["position"], last["_id"])
    assert looked_at(documents, head).finding == Finding(Fault.FORKED, last["position"], last["_id"])


@given(LONGER)
def test_a_chain_that_was_cut_off_is_found_by_the_head_that_was_kept_elsewhere(records: list[ConsentRecord]) -> None:
    documents, head = noted(records)
    gone = documents.pop()
    cut_off = ChainHead(gone["position"] - 1, gone["previous_digest"])
    assert looked_at(documents, cut_off).finding is None
    assert looked_at(documents, cut_off, kept=head).finding == Finding(Fault.TRUNCATED, gone["position"])


def test_an_entry_fits_into_no_other_customers_chain() -> None:
    documents, head = noted([_record()], chain_id="cus_bob")
    assert looked_at(documents, head).finding == Finding(Fault.FORKED, 1, "con_1")


def test_the_same_words_have_another_digest_each_time() -> None:
    documents, _ = noted([_record(), _record()])
    assert documents[0]["content_digest"] != documents[1]["content_digest"]


@pytest.mark.parametrize("count", [0, 1])
def test_a_long_chain_is_looked_at_piece_by_piece(count: int) -> None:
    documents, head = noted([_record()] * 4)
    entries = [entry_of(CONSENT_RECORDS, document) for document in documents]
    first = check(entries[:2], after=ChainHead(0, beginning_of("cus_anna")), until=head, is_end=False)
    assert first.finding is None
    rest = check(entries[2 + count :], after=first.head, until=head)
    assert rest.finding == (Finding(Fault.REMOVED, 3) if count else None)


def _record() -> ConsentRecord:
    return ConsentRecord(
        record_id="",
        key=ConsentKey("newsletter", delivery_pb2.DELIVERY_KIND_EMAIL, "anna@example.com"),
        state=GRANTED,
        wording="May we?",
        wording_version="1",
        source="page",
        channel=Channel("web-shop", 1),
        actor_id="",
        occur_time=NOON,
        traceparent="",
    )
