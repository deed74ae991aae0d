"""Customers taken over from another system: row by row, again and again, and on trial."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.ids import new_id
from libs.timestamps import to_timestamp
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_SYSTEM
from omnithread.profile.v1 import customer_import_service_pb2 as pb
from omnithread.profile.v1 import profile_service_pb2 as profile_pb
from omnithread.profile.v1.profile_internal_service_pb2 import EraseAreaRequest
from omnithread.profile.v1.profile_pb2 import Identifier, Trait
from tests.services.profile.reception import Reception, card, cookie, email, identify, refusal, text, update
from tests.services.running import Services

LAST_YEAR = datetime.now(UTC) - timedelta(days=365)


def past(name: str, value: str, *, days: float = 0) -> Trait:
    """A trait as another system knew it."""
    return Trait(name=name, string_value=value, update_time=to_timestamp(LAST_YEAR + timedelta(days=days)))


def row(number: int, *identifiers: Identifier, traits: Sequence[Trait] = (), **names: str) -> pb.CustomerRow:
    return pb.CustomerRow(number=number, identifiers=identifiers, traits=traits, **names)


class Importer:
    """Sends rows, and gives what came of each."""

    def __init__(self, services: Services) -> None:
        self._connection = services.connect("call-centre")

    async def __call__(
        self, *rows: pb.CustomerRow, import_id: str = "", dry_run: bool = False
    ) -> list[pb.ImportRowResult]:
        start = pb.ImportStart(import_id=import_id or new_id("crm"), source="crm-2025", dry_run=dry_run)
        call: Any = self._connection.customer_import.ImportCustomers(timeout=120)
        await call.write(pb.ImportCustomersRequest(start=start))
        for one in rows:
            await call.write(pb.ImportCustomersRequest(row=one))
        await call.done_writing()
        answers = [answer async for answer in call]
        results = [result for answer in answers for result in answer.results]
        assert [result.number for result in results] == [one.number for one in rows]
        assert not answers or answers[-1].answered_count == len(rows)
        return results


@pytest.fixture
async def importer(services: Services, reception: Reception) -> Importer:
    return Importer(services)


def said(results: list[pb.ImportRowResult]) -> list[tuple[int, int]]:
    return [(one.state, one.outcome) for one in results]


DONE, REFUSED = pb.IMPORT_ROW_STATE_DONE, pb.IMPORT_ROW_STATE_REFUSED
CREATED, FOUND = profile_pb.IDENTIFY_OUTCOME_CREATED, profile_pb.IDENTIFY_OUTCOME_FOUND
LINKED, MERGED = profile_pb.IDENTIFY_OUTCOME_LINKED, profile_pb.IDENTIFY_OUTCOME_MERGED


async def test_rows_find_create_link_and_merge_as_channels_do(importer: Importer, reception: Reception) -> None:
    address, number, visitor, proven = email(), card(), cookie(), email()
    held = (await reception.web.Identify(identify(address))).profile.customer_id
    guest = (await reception.web.Identify(identify(visitor))).profile.customer_id
    results = await importer(
        row(1, address),
        row(2, address, number),
        row(3, proven, traits=[past("size", "41")], given_name="Anna"),
        row(4, visitor, address),
    )
    assert said(results) == [(DONE, FOUND), (DONE, LINKED), (DONE, CREATED), (DONE, MERGED)]
    assert [results[0].customer_id, results[1].customer_id, results[3].customer_id] == [held] * 3
    created = await reception.profile(results[2].customer_id)
    assert (created.given_name, created.traits[0].string_value) == ("Anna", "41")
    assert (created.traits[0].source, created.traits[0].channel.id) == ("crm-2025", "call-centre")
    assert created.traits[0].update_time == to_timestamp(LAST_YEAR)
    assert (await reception.profile(guest)).customer_id == held


async def test_the_same_import_again_changes_nothing_and_says_the_same(
    importer: Importer, reception: Reception
) -> None:
    rows = [row(number, email(), traits=[past("size", "41")], given_name="Anna") for number in range(1, 31)]
    rows.append(row(31, cookie(), email("nobody@example.com", verified=False)))
    first = await importer(*rows[:20], import_id=(name := new_id("crm")))
    resumed = await importer(*rows, import_id=name)
    assert resumed[:20] == first
    before = [await reception.profile(one.customer_id) for one in resumed]
    assert await importer(*rows, import_id=name) == resumed
    assert [await reception.profile(one.customer_id) for one in resumed] == before
    other = await importer(*rows)
    assert {one.outcome for one in other} == {FOUND}
    assert [one.customer_id for one in other] == [one.customer_id for one in resumed]


async def test_a_dry_run_writes_nothing_and_says_what_would_be(importer: Importer, reception: Reception) -> None:
    address, visitor, unknown = email(), cookie(), email()
    held = (await reception.web.Identify(identify(address))).profile
    await reception.web.Identify(identify(visitor))
    rows = [row(1, address), row(2, address, card()), row(3, unknown), row(4, visitor, address)]
    foreseen = await importer(*rows, dry_run=True, import_id=(name := new_id("crm")))
    assert said(foreseen) == [(DONE, FOUND), (DONE, LINKED), (DONE, CREATED), (DONE, MERGED)]
    assert [one.customer_id for one in foreseen] == [held.customer_id, held.customer_id, "", held.customer_id]
    assert await reception.profile(held.customer_id) == held
    nobody = reception.web.GetProfile(profile_pb.GetProfileRequest(identifier=unknown))
    assert (await refusal(nobody)).reason == "CUSTOMER_NOT_FOUND"
    assert said(await importer(*rows, import_id=name)) == said(foreseen)


async def test_what_was_said_later_stays_whatever_is_imported(importer: Importer, reception: Reception) -> None:
    address = email()
    customer_id = (await reception.web.Identify(identify(address, traits=[text("size", "42")]))).profile.customer_id
    await reception.web.UpdateProfile(update(customer_id, "given_name", given_name="Anna"))
    await importer(
        row(1, address, traits=[past("size", "41"), past("colour", "red")], given_name="A.", family_name="Meier"),
        row(2, address, traits=[past("colour", "blue", days=-1)]),
        row(3, address, traits=[past("colour", "green", days=1)]),
    )
    profile = await reception.profile(customer_id)
    assert {trait.name: trait.string_value for trait in profile.traits} == {"size": "42", "colour": "green"}
    assert (profile.given_name, profile.family_name) == ("Anna", "Meier")


async def test_a_faulty_row_is_refused_with_its_field_and_the_rest_goes_on(
    importer: Importer, reception: Reception
) -> None:
    good, tomorrow = email(), to_timestamp(datetime.now(UTC) + timedelta(days=1))
    results = await importer(
        row(1, email("no address")),
        row(2),
        row(3, good, traits=[text("size", "41")]),
        row(4, good, traits=[Trait(name="size", string_value="41", update_time=tomorrow)]),
        row(5, good, traits=[Trait(name="$where", string_value="1", update_time=tomorrow)]),
        row(6, good),
    )
    assert [(one.state, one.reason, one.field) for one in results] == [
        (REFUSED, "IDENTIFIER_INVALID", "identifiers[0].value"),
        (REFUSED, "INVALID_FIELD", "identifiers"),
        (REFUSED, "INVALID_FIELD", "traits[0].update_time"),
        (REFUSED, "INVALID_FIELD", "traits[0].update_time"),
        (REFUSED, "INVALID_FIELD", "traits[0].name"),
        (DONE, "", ""),
    ]
    assert results[5].outcome == CREATED


async def test_rows_of_one_person_become_one_customer(importer: Importer) -> None:
    address, number = email(), card()
    results = await importer(
        row(1, address), row(2, number, address), row(3, number), *(row(n, address) for n in range(4, 50))
    )
    assert len({one.customer_id for one in results}) == 1
    assert said(results)[:3] == [(DONE, CREATED), (DONE, LINKED), (DONE, FOUND)]


async def test_somebody_who_asked_to_be_forgotten_is_not_brought_back(importer: Importer, reception: Reception) -> None:
    address = email()
    customer_id = (await reception.web.Identify(identify(address))).profile.customer_id
    await reception.internal.EraseArea(EraseAreaRequest(erasure_id=new_id("era"), customer_id=customer_id))
    for dry_run in (True, False):
        results = await importer(row(1, address), row(2, card(), email(address.value.upper())), dry_run=dry_run)
        assert {(one.state, one.reason) for one in results} == {(REFUSED, "IDENTIFIER_ERASED")}


async def test_an_imported_customer_has_done_nothing_yet(importer: Importer, reception: Reception) -> None:
    """What is announced comes from the suite, not from the customer: it begins no journey and nobody is written to."""
    [result] = await importer(row(1, email()))
    events = await reception.events(result.customer_id)
    assert events[0].WhichOneof("payload") == "customer_created"
    assert {event.header.channel.kind for event in events} == {CHANNEL_KIND_SYSTEM}


async def test_a_refused_start_is_told_with_its_reason_however_much_follows(
    services: Services, importer: Importer
) -> None:
    """Also to a caller who goes on sending."""
    rows = [pb.ImportCustomersRequest(row=row(number, email())) for number in range(1, 200)]
    nameless = pb.ImportCustomersRequest(start=pb.ImportStart(source="crm"))
    store = services.connect("store-042")

    async def send(messages: list[pb.ImportCustomersRequest]) -> None:
        async for _ in store.customer_import.ImportCustomers(iter(messages), timeout=60):
            pass

    for _ in range(20):
        assert (await refusal(send([nameless, *rows]))).reason == "INVALID_FIELD"
        assert (await refusal(send(rows))).reason == "IMPORT_INVALID"
