"""A data protection officer has the proofs of consent checked, over the wire, after somebody was at the database."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from libs.ids import new_id
from libs.mongo.connection import Database
from omnithread.labels import Labels, carry
from omnithread.preference.v1 import consent_service_pb2 as pb
from omnithread.preference.v1 import preference_internal_service_pb2 as internal_pb
from omnithread.preference.v1.preference_pb2 import ConsentChainHead
from tests.services.calls import refusal, until
from tests.services.preference.desk import NO, YES, Desk, consent


async def verify(desk: Desk, customer_id: str, **fields: Any) -> pb.VerifyConsentChainResponse:
    return await desk.consents.VerifyConsentChain(pb.VerifyConsentChainRequest(customer_id=customer_id, **fields))


async def head_of(desk: Desk, customer_id: str) -> ConsentChainHead:
    return (await desk.consents.GetConsentChainHead(pb.GetConsentChainHeadRequest(customer_id=customer_id))).head


async def somebody(desk: Desk, stored: Database, *states: Any) -> str:
    """A customer who said this, one after the other, and whose proofs have all arrived in their list."""
    customer_id = await desk.new_customer()
    for number, state in enumerate(states or (YES, NO, YES, NO)):
        await desk.app.SetConsent(consent(customer_id, state=state, wording=f"May we, for the {number}th time?"))
    await arrived(stored, customer_id, len(states) or 4)
    return customer_id


async def arrived(stored: Database, customer_id: str, count: int) -> None:
    async def all_there() -> bool:
        return bool(await stored["consent_records"].count_documents({"chain_id": customer_id}) == count)

    await until(all_there)


async def test_every_yes_and_no_has_its_place_in_the_chain_from_the_answer_on(desk: Desk) -> None:
    customer_id = await desk.new_customer()
    empty = await verify(desk, customer_id)
    assert (empty.ok, empty.complete, empty.checked_count, empty.head.position) == (True, True, 0, 0)
    for state in (YES, NO, YES):
        await desk.app.SetConsent(consent(customer_id, state=state))
        assert (await verify(desk, customer_id)).ok
    records = await desk.records(customer_id)
    assert [record.position for record in records] == [1, 2, 3]
    assert [record.previous_digest for record in records[1:]] == [record.digest for record in records[:-1]]
    report, head = await verify(desk, customer_id), await head_of(desk, customer_id)
    assert (report.checked_count, report.head, head.digest) == (3, head, records[-1].digest)


async def test_many_channels_at_once_add_to_one_chain(desk: Desk) -> None:
    customer_id = await desk.new_customer()
    said = [
        channel.SetConsent(consent(customer_id, purpose=f"purpose_{number % 3}", state=state))
        for number in range(5)
        for channel in (desk.app, desk.call_centre)
        for state in (YES, NO)
    ]
    await asyncio.gather(*said)
    assert [record.position for record in await desk.records(customer_id)] == list(range(1, 21))
    report = await verify(desk, customer_id)
    assert (report.ok, report.checked_count) == (True, 20)


CONSENTS = "consent_records"


async def edit(stored: Database, at: dict[str, Any]) -> None:
    await stored[CONSENTS].update_one(at | {"position": 2}, {"$set": {"wording": "Yes to everything"}})


async def remove(stored: Database, at: dict[str, Any]) -> None:
    await stored[CONSENTS].delete_one(at | {"position": 2})


async def reorder(stored: Database, at: dict[str, Any]) -> None:
    for place, to in ((2, 99), (3, 2), (99, 3)):
        await stored[CONSENTS].update_one(at | {"position": place}, {"$set": {"position": to}})


async def insert(stored: Database, at: dict[str, Any]) -> None:
    document = await stored[CONSENTS].find_one(at | {"position": 2})
    assert document is not None
    await stored[CONSENTS].insert_one({**document, "_id": new_id("con")})


async def add_at_the_end(stored: Database, at: dict[str, Any]) -> None:
    document = await stored[CONSENTS].find_one(at | {"position": 4})
    assert document is not None
    await stored[CONSENTS].insert_one({**document, "_id": new_id("con"), "position": 5})


async def truncate(stored: Database, at: dict[str, Any]) -> None:
    await stored[CONSENTS].delete_many(at | {"position": {"$gte": 3}})


async def pretend_an_erasure(stored: Database, at: dict[str, Any]) -> None:
    pretended = {"$unset": {"salt": 1}, "$set": {"wording": "Yes to everything", "erased": "ers_1"}}
    await stored[CONSENTS].update_one(at | {"position": 2}, pretended)


async def give_to_a_stranger(stored: Database, at: dict[str, Any]) -> None:
    await stored[CONSENTS].update_one(at | {"position": 2}, {"$set": {"customer_id": "cus_stranger"}})


@pytest.mark.parametrize(
    ("tamper", "fault", "position"),
    [
        (edit, pb.CHAIN_FAULT_EDITED, 2),
        (remove, pb.CHAIN_FAULT_REMOVED, 2),
        (reorder, pb.CHAIN_FAULT_REORDERED, 2),
        (insert, pb.CHAIN_FAULT_INSERTED, 2),
        (add_at_the_end, pb.CHAIN_FAULT_INSERTED, 5),
        (truncate, pb.CHAIN_FAULT_TRUNCATED, 3),
        (pretend_an_erasure, pb.CHAIN_FAULT_EDITED, 2),
        (give_to_a_stranger, pb.CHAIN_FAULT_EDITED, 2),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_what_somebody_did_in_the_database_is_found_and_named(
    desk: Desk, stored: Database, tamper: Any, fault: pb.ChainFault.ValueType, position: int
) -> None:
    customer_id = await somebody(desk, stored)
    assert (await verify(desk, customer_id)).ok
    await tamper(stored, {"chain_id": customer_id})
    found = await verify(desk, customer_id)
    assert (found.ok, found.fault, found.fault_position) == (False, fault, position)


async def test_a_head_that_was_kept_elsewhere_tells_of_a_record_that_was_put_back(desk: Desk, stored: Database) -> None:
    customer_id = await somebody(desk, stored, YES)
    backup = await stored["records"].find_one({"_id": customer_id})
    assert backup is not None
    await desk.app.SetConsent(consent(customer_id, state=NO))
    await arrived(stored, customer_id, 2)
    kept = await head_of(desk, customer_id)
    assert (await verify(desk, customer_id, kept_head=kept)).ok

    await stored["consent_records"].delete_one({"chain_id": customer_id, "position": 2})
    await stored["records"].replace_one({"_id": customer_id}, backup | {"outbox": []})
    assert (await verify(desk, customer_id)).ok
    found = await verify(desk, customer_id, kept_head=kept)
    assert (found.ok, found.fault, found.fault_position) == (False, pb.CHAIN_FAULT_TRUNCATED, 2)
    forked = ConsentChainHead(customer_id=customer_id, position=1, digest="0" * 64)
    found = await verify(desk, customer_id, kept_head=forked)
    assert (found.ok, found.fault, found.fault_position) == (False, pb.CHAIN_FAULT_FORKED, 1)


async def test_a_kept_head_is_compared_also_where_the_check_begins_behind_it(desk: Desk, stored: Database) -> None:
    customer_id = await somebody(desk, stored)
    after = await head_of(desk, customer_id)
    second = (await desk.records(customer_id))[1]
    kept = ConsentChainHead(customer_id=customer_id, position=2, digest=second.digest)
    assert (await verify(desk, customer_id, kept_head=kept, after=after)).ok
    forked = ConsentChainHead(customer_id=customer_id, position=2, digest="0" * 64)
    found = await verify(desk, customer_id, kept_head=forked, after=after)
    assert (found.fault, found.fault_position, found.complete) == (pb.CHAIN_FAULT_FORKED, 2, False)


async def test_a_kept_head_of_somebody_else_is_refused(desk: Desk) -> None:
    anna, bob = await desk.new_customer(), await desk.new_customer()
    refused = await refusal(verify(desk, anna, kept_head=await head_of(desk, bob)))
    assert (refused.reason, [one.field for one in refused.fields]) == ("CHAIN_HEAD_INVALID", ["kept_head"])
    behind = ConsentChainHead(customer_id=anna, position=7, digest="0" * 64)
    assert (await refusal(verify(desk, anna, after=behind))).reason == "CHAIN_HEAD_INVALID"
    assert (await refusal(verify(desk, "cus_nobody"))).reason == "CUSTOMER_NOT_FOUND"


async def test_a_record_from_before_there_were_chains_is_counted_and_is_no_fault(desk: Desk, stored: Database) -> None:
    customer_id = await somebody(desk, stored, YES, NO)
    older = await stored["consent_records"].find_one({"chain_id": customer_id, "position": 1})
    assert older is not None
    names = ("chain_id", "position", "salt", "content_digest", "previous_digest", "digest")
    await stored["consent_records"].insert_one(
        {name: value for name, value in older.items() if name not in names} | {"_id": new_id("con")}
    )
    report = await verify(desk, customer_id)
    assert (report.ok, report.checked_count, report.unchained_count) == (True, 2, 1)
    assert [record.position for record in await desk.records(customer_id)] == [0, 1, 2]


async def test_the_chains_of_two_who_become_one_go_on_and_are_their_own_again(desk: Desk, stored: Database) -> None:
    guest, known = await somebody(desk, stored, NO, NO), await somebody(desk, stored, YES)
    guests_head, merge_id = await head_of(desk, guest), new_id("mrg")
    await desk.absorb(merge_id, guest, known)
    report = await verify(desk, known)
    assert (report.ok, report.checked_count) == (True, 2)
    (absorbed,) = report.absorbed_chains
    assert (absorbed.head, absorbed.merge_id, absorbed.position, absorbed.released) == (guests_head, merge_id, 2, False)
    assert (await verify(desk, guest, kept_head=absorbed.head)).ok

    merge_time = datetime.now(UTC)
    with carry(Labels(session_id="ses_guest")):
        since = await desk.app.SetConsent(consent(known, purpose="price_alert"))
    await desk.release(merge_id, guest, known, "ses_guest", merge_time=merge_time)
    for customer_id in (guest, known):
        await desk.app.SetConsent(consent(customer_id, purpose="club", state=NO))
    hers, his = await verify(desk, known), await verify(desk, guest, kept_head=guests_head)
    assert (hers.ok, his.ok) == (True, True)
    assert [(one.position, one.released) for one in hers.absorbed_chains] == [(2, False), (4, True)]
    assert (hers.checked_count, his.checked_count) == (5, 3)
    moved = next(one for one in await desk.records(guest) if one.record_id == since.record_id)
    assert (moved.customer_id, moved.chain_customer_id, moved.position) == (guest, known, 3)


async def test_the_chain_of_a_customer_who_was_forgotten_can_be_checked_and_says_nothing(
    desk: Desk, stored: Database
) -> None:
    customer_id = await somebody(desk, stored, YES, NO)
    address = f"{new_id('anna')}@example.com"
    await desk.app.SetConsent(consent(customer_id, contact_point=address))
    head = await head_of(desk, customer_id)
    for _ in range(2):
        await desk.internal.EraseArea(internal_pb.EraseAreaRequest(erasure_id="ers_1", customer_id=customer_id))
    report = await verify(desk, customer_id, kept_head=head)
    assert (report.ok, report.complete, report.checked_count, report.erased_count) == (True, True, 3, 3)
    assert await head_of(desk, customer_id) == head
    left = [document async for document in stored["consent_records"].find({"chain_id": customer_id})]
    assert not any("salt" in document or address in str(document) for document in left)

    await stored["consent_records"].delete_one({"chain_id": customer_id, "position": 3})
    found = await verify(desk, customer_id)
    assert (found.fault, found.fault_position) == (pb.CHAIN_FAULT_TRUNCATED, 3)


async def test_the_export_of_a_customer_has_the_places_in_the_chain(desk: Desk, stored: Database) -> None:
    customer_id = await somebody(desk, stored, YES)
    answer = await desk.internal.ExportArea(internal_pb.ExportAreaRequest(customer_id=customer_id))
    (proof,) = [one for one in answer.documents if one.collection == "consent_records"]
    assert (await head_of(desk, customer_id)).digest in str(proof)
