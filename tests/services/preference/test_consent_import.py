"""Consents taken over from another system, with their proof."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import omnithread
from libs.ids import new_id
from libs.timestamps import to_timestamp
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_SYSTEM
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.preference.v1 import consent_import_service_pb2 as pb
from omnithread.preference.v1.preference_service_pb2 import ListConsentRecordsRequest
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.services.preference.desk import NO, YES, Desk, consent, desk_at
from tests.services.running import Services

COUNTS, KEPT = pb.CONSENT_ROW_STATE_COUNTS, pb.CONSENT_ROW_STATE_KEPT
REFUSED = pb.CONSENT_ROW_STATE_REFUSED


class Importer:
    """Sends rows, and gives what came of each."""

    def __init__(self, connection: omnithread.Omnithread, desk: Desk) -> None:
        self._connection = connection
        self.desk = desk

    async def __call__(
        self, *rows: pb.ConsentRow, import_id: str = "", dry_run: bool = False
    ) -> list[pb.ConsentRowResult]:
        start = pb.ConsentImportStart(import_id=import_id or new_id("crm"), dry_run=dry_run)
        call: Any = self._connection.consent_import.ImportConsents(timeout=120)
        await call.write(pb.ImportConsentsRequest(start=start))
        for one in rows:
            await call.write(pb.ImportConsentsRequest(row=one))
        await call.done_writing()
        results = [result async for answer in call for result in answer.results]
        assert [result.number for result in results] == [one.number for one in rows]
        return results


@pytest.fixture(scope="module")
async def importer(
    mongo_uri: str, kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Importer]:
    state: Path = tmp_path_factory.mktemp("consents")
    prefix = new_id("t").replace("_", "")[:20]
    async with Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=prefix, state=state) as services:
        await services.start(PROFILE)
        desk = desk_at(services, await services.start(PREFERENCE))
        yield Importer(services.connect("call-centre"), desk)


def row(number: int, customer_id: str, **fields: Any) -> pb.ConsentRow:
    """A yes to the newsletter by e-mail, of two years ago, where nothing else is said."""
    said: dict[str, Any] = {
        "purpose": "newsletter",
        "delivery_kind": DELIVERY_KIND_EMAIL,
        "state": YES,
        "wording": "May we write to you?",
        "wording_version": "2024-1",
        "source": "crm",
        "occur_time": ago(730),
    }
    return pb.ConsentRow(number=number, customer_id=customer_id, **(said | fields))


def ago(days: float) -> Any:
    return to_timestamp(datetime.now(UTC) - timedelta(days=days))


def states(results: list[pb.ConsentRowResult]) -> list[int]:
    return [one.state for one in results]


async def test_consents_are_kept_with_their_proof_and_time(importer: Importer) -> None:
    customer_id = await importer.desk.new_customer()
    rows = [row(1, customer_id), row(2, customer_id, state=NO, purpose="offers", occur_time=ago(400))]
    results = await importer(*rows)
    assert states(results) == [COUNTS, COUNTS]
    consents = {one.purpose: one for one in (await importer.desk.preferences(customer_id)).consents}
    assert (consents["newsletter"].state, consents["offers"].state) == (YES, NO)
    assert consents["newsletter"].update_time == to_timestamp(
        datetime.fromtimestamp(rows[0].occur_time.ToMilliseconds() / 1000, tz=UTC)
    )
    kept = await importer.desk.app.ListConsentRecords(ListConsentRecordsRequest(customer_id=customer_id))
    assert {one.record_id for one in kept.records} == {one.record_id for one in results}
    [proof] = [one for one in kept.records if one.purpose == "newsletter"]
    assert (proof.wording, proof.wording_version, proof.source) == ("May we write to you?", "2024-1", "crm")
    assert proof.channel.id == "call-centre"
    events = await importer.desk.events(customer_id)
    assert {event.header.channel.kind for event in events} == {CHANNEL_KIND_SYSTEM}


async def test_what_the_customer_said_here_later_is_not_taken_back(importer: Importer) -> None:
    customer_id = await importer.desk.new_customer()
    await importer.desk.app.SetConsent(consent(customer_id, purpose="newsletter", state=NO))
    await importer.desk.app.SetConsent(consent(customer_id, purpose="offers", state=YES))
    results = await importer(row(1, customer_id), row(2, customer_id, purpose="offers", state=NO))
    assert states(results) == [KEPT, KEPT]
    consents = {one.purpose: one.state for one in (await importer.desk.preferences(customer_id)).consents}
    assert consents == {"newsletter": NO, "offers": YES}
    kept = await importer.desk.app.ListConsentRecords(ListConsentRecordsRequest(customer_id=customer_id))
    assert len(kept.records) == 4


async def test_the_same_import_again_changes_nothing_and_keeps_one_proof(importer: Importer) -> None:
    customer_id = await importer.desk.new_customer()
    rows = [row(number, customer_id, occur_time=ago(1000 - number)) for number in range(1, 41)]
    first = await importer(*rows[:15], import_id=(name := new_id("crm")))
    everything = await importer(*rows, import_id=name)
    assert [one.record_id for one in everything[:15]] == [one.record_id for one in first]
    before = await importer.desk.preferences(customer_id)
    again = await importer(*rows, import_id=name)  # more rows than a record remembers of internal requests
    assert [one.record_id for one in again] == [one.record_id for one in everything]
    assert await importer.desk.preferences(customer_id) == before
    kept = await importer.desk.app.ListConsentRecords(ListConsentRecordsRequest(customer_id=customer_id, page_size=100))
    assert len(kept.records) == 40


async def test_a_dry_run_writes_nothing(importer: Importer) -> None:
    customer_id, other = await importer.desk.new_customer(), await importer.desk.new_customer()
    await importer.desk.app.SetConsent(consent(customer_id, purpose="newsletter", state=NO))
    before = await importer.desk.preferences(customer_id)
    rows = [row(1, customer_id), row(2, other), row(3, "cus_nobody")]
    assert states(await importer(*rows, dry_run=True)) == [KEPT, COUNTS, REFUSED]
    assert await importer.desk.preferences(customer_id) == before
    assert (await importer.desk.preferences(other)).version == 0
    assert states(await importer(*rows)) == [KEPT, COUNTS, REFUSED]


async def test_a_faulty_row_is_refused_with_its_field_and_the_rest_goes_on(importer: Importer) -> None:
    customer_id = await importer.desk.new_customer()
    results = await importer(
        row(1, customer_id, source=""),
        row(2, customer_id, contact_point="no address"),
        row(3, customer_id, occur_time=ago(-1)),
        row(4, "cus_nobody"),
        row(5, customer_id),
    )
    assert [(one.state, one.reason, one.field) for one in results] == [
        (REFUSED, "INVALID_FIELD", "source"),
        (REFUSED, "CONTACT_POINT_INVALID", "contact_point"),
        (REFUSED, "INVALID_FIELD", "occur_time"),
        (REFUSED, "CUSTOMER_NOT_FOUND", ""),
        (COUNTS, "", ""),
    ]
