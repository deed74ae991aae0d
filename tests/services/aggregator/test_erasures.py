"""Whoever asks for it gets everything that is stored about them, and is forgotten everywhere."""

import asyncio
from typing import Any

from grpc import StatusCode

import omnithread
from libs.ids import new_id
from libs.mongo.connection import Client
from libs.service import Service
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest
from omnithread.context.v1.privacy_service_pb2 import (
    ERASURE_STATE_DONE,
    ERASURE_STATE_RUNNING,
    EraseCustomerRequest,
    Erasure,
    ExportCustomerRequest,
    GetErasureRequest,
)
from omnithread.preference.v1.preference_service_pb2 import GetPreferencesRequest
from omnithread.profile.v1.identity_service_pb2 import UnmergeCustomersRequest
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest
from services.cart.service import SERVICE as CART
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.services.aggregator.company import Company, company_at, item, login, start_stoppable, visitor
from tests.services.aggregator.holdings import NOBODYS, SECRET, SERVICES, export, live_fully, mentions
from tests.services.calls import refusal, stamped, until
from tests.services.running import Services

FAST: dict[str, Any] = {"erasure_sweep_seconds": 0.2}


def erase(customer_id: str, **fields: Any) -> EraseCustomerRequest:
    return EraseCustomerRequest(customer_id=customer_id, reason="requested-by-customer", **fields)


async def forget(company: Company, customer_id: str) -> Erasure:
    """Ask for it, and wait until it is done."""
    erasure = (await company.call_centre.privacy.EraseCustomer(erase(customer_id))).erasure

    async def done() -> Erasure | None:
        asked = GetErasureRequest(erasure_id=erasure.erasure_id)
        found = (await company.call_centre.privacy.GetErasure(asked)).erasure
        return found if found.state == ERASURE_STATE_DONE else None

    found = await until(done)
    assert found is not None
    return found


async def start_all(services: Services, *wanted: Service[Any]) -> None:
    for service in wanted:
        await services.start(service)


def secret() -> str:
    return f"{SECRET}{new_id('x')[2:]}"


async def test_an_export_has_every_document_that_names_the_customer_or_one_who_was_merged_into_them(
    company: Company, mongo_client: Client
) -> None:
    guest, anna = visitor(), login()
    guest_id = await live_fully(company, guest)
    customer_id = await live_fully(company, anna)
    await company.web.start_session([guest, anna])
    await company.whole_context(customer_id)
    exported: dict[str, Any] = {}
    for asked in (customer_id, guest_id):
        exported = await export(company.web, asked)
        stored = await mentions(mongo_client, company.services, [customer_id, guest_id])
        for area in SERVICES:
            mine = {(name, key) for name, key in stored[area] if name not in NOBODYS}
            assert mine <= exported[area].keys()
    assert SECRET in str(exported["messaging"])


async def test_a_person_who_is_forgotten_is_nowhere_any_more(company: Company, mongo_client: Client) -> None:
    word, guest, anna = secret(), visitor(), login()
    guest_id = await live_fully(company, guest, secret=word)
    customer_id = await live_fully(company, anna, secret=word)
    await company.web.start_session([guest, anna])
    words = [word, anna.value, guest.value]
    assert set(await mentions(mongo_client, company.services, words)) == set(SERVICES)
    erasure = await forget(company, guest_id)
    assert (erasure.customer_id, list(erasure.pending_areas)) == (customer_id, [])
    assert await mentions(mongo_client, company.services, words) == {}


async def test_what_the_law_wants_kept_stays_without_the_person(company: Company, mongo_client: Client) -> None:
    customer_id = await live_fully(company, login())
    erasure = await forget(company, customer_id)
    carts = mongo_client[company.services.database_name("cart")]
    order = await carts["orders"].find_one({"customer_id": customer_id})
    assert order is not None
    assert order["lines"][0]["sku"] == "boots"
    assert order["lines"][0]["attributes"] == []
    preferences = mongo_client[company.services.database_name("preference")]
    proof = await preferences["consent_records"].find_one({"customer_id": customer_id})
    assert proof is not None
    assert (proof["wording"], proof["purpose"], proof["contact_point"]) == ("Yes, remind me.", "cart_reminder", "")
    kept = {
        (area.area, row.collection): row.pseudonymised_count
        for area in erasure.areas
        for row in area.collections
        if row.why_kept and row.collection not in {"records", "events", "cursors"}
    }
    assert kept == {("cart", "orders"): 1, ("preference", "consent_records"): 1, ("preference", "erased_chains"): 1}
    assert [area.area for area in erasure.areas] == sorted(SERVICES)


async def test_the_forgotten_are_nobody_to_reads_and_refused_to_commands(company: Company) -> None:
    customer_id = await live_fully(company, login())
    await forget(company, customer_id)
    web = company.web
    for read in (
        web.cart.GetCart(GetCartRequest(customer_id=customer_id)),
        web.profile.GetProfile(GetProfileRequest(customer_id=customer_id)),
        web.preference.GetPreferences(GetPreferencesRequest(customer_id=customer_id)),
        web.context.GetCustomerContext(GetCustomerContextRequest(customer_id=customer_id)),
        _all_of(web, customer_id),
    ):
        assert (await refusal(read)).reason == "CUSTOMER_NOT_FOUND"
    refused = await refusal(web.cart.AddItem(item(customer_id)))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "CUSTOMER_ERASED")


async def _all_of(web: omnithread.Omnithread, customer_id: str) -> None:
    async for _ in web.privacy.ExportCustomer(ExportCustomerRequest(customer_id=customer_id)):
        pass


async def test_the_same_person_coming_back_is_new(company: Company) -> None:
    anna = login()
    customer_id = await live_fully(company, anna)
    await forget(company, customer_id)
    back = await company.web.start_session([anna])
    assert back.customer_id != customer_id
    assert list(back.context.cart.cart.lines) == []
    assert SECRET not in str(back.context)


async def test_asked_twice_it_is_the_same_erasure(company: Company) -> None:
    customer_id = await live_fully(company, login())
    request = stamped(erase(customer_id))
    first = await company.call_centre.privacy.EraseCustomer(request)
    again = await company.call_centre.privacy.EraseCustomer(request)
    other = await company.web.privacy.EraseCustomer(erase(customer_id))
    assert [first.replayed, again.replayed, other.replayed] == [False, True, True]
    assert {answer.erasure.erasure_id for answer in (first, again, other)} == {first.erasure.erasure_id}
    assert first.erasure.actor_id == "ben"
    assert other.erasure.channel.id == "call-centre"
    request.reason = "another"
    assert (await refusal(company.call_centre.privacy.EraseCustomer(request))).reason == "REQUEST_ID_REUSED"


async def test_nobody_is_not_forgotten_and_has_no_receipt(company: Company) -> None:
    privacy = company.web.privacy
    assert (await refusal(privacy.EraseCustomer(erase("cus_nobody")))).reason == "CUSTOMER_NOT_FOUND"
    for asked in (GetErasureRequest(erasure_id="era_none"), GetErasureRequest(customer_id="cus_nobody")):
        assert (await refusal(privacy.GetErasure(asked))).reason == "ERASURE_NOT_FOUND"
    spoken = EraseCustomerRequest(customer_id="cus_nobody", reason="Anna asked")
    assert (await refusal(privacy.EraseCustomer(spoken))).reason == "INVALID_FIELD"


async def test_an_erasure_while_two_are_being_merged_leaves_nothing_of_either(
    company: Company, mongo_client: Client
) -> None:
    for _ in range(4):
        word, guest, anna = secret(), visitor(), login()
        await live_fully(company, guest, secret=word)
        customer_id = await live_fully(company, anna, secret=word)
        merged, _ = await asyncio.gather(
            company.web.start_session([guest, anna]), forget(company, customer_id), return_exceptions=True
        )
        if isinstance(merged, BaseException) or merged.customer_id != customer_id:
            # Anna was forgotten first. The guest is somebody else, who may go too.
            found = await company.web.start_session([guest])
            await forget(company, found.customer_id)
        assert await mentions(mongo_client, company.services, [word]) == {}


async def test_who_was_merged_by_mistake_keeps_what_is_theirs_when_the_other_one_is_forgotten(
    company: Company, mongo_client: Client
) -> None:
    word, guest, anna = secret(), visitor(), login()
    guest_id = (await company.web.start_session([guest])).customer_id
    await company.web.cart.AddItem(item(guest_id, "scarf"))
    anna_id = await live_fully(company, anna, secret=word)
    merged = await company.web.start_session([guest, anna])
    assert merged.customer_id == anna_id
    await company.whole_context(anna_id)
    merge_id = merged.context.profile.merges[0].merge_id
    await company.call_centre.identity.UnmergeCustomers(
        UnmergeCustomersRequest(customer_id=anna_id, merge_id=merge_id, reason="two people")
    )
    erasure = await forget(company, anna_id)
    assert erasure.customer_id == anna_id
    assert await mentions(mongo_client, company.services, [word, anna.value]) == {}
    theirs = (await company.web.cart.GetCart(GetCartRequest(customer_id=guest_id))).cart
    assert [line.sku for line in theirs.lines] == ["scarf"]
    assert (await company.web.start_session([guest])).customer_id == guest_id


async def test_while_a_service_is_away_the_receipt_says_so_and_it_is_done_when_it_is_back(
    own_services: Services, mongo_client: Client
) -> None:
    await start_all(own_services, PROFILE, PREFERENCE, MESSAGING)
    async with await start_stoppable(own_services, CART):
        company = await company_at(own_services, **FAST)
        word, anna = secret(), login()
        customer_id = await live_fully(company, anna, secret=word)
    asked = await company.web.privacy.EraseCustomer(erase(customer_id))
    assert asked.erasure.state == ERASURE_STATE_RUNNING

    async def all_but_cart() -> Erasure | None:
        """The receipt, when whoever answers has done it."""
        by_id = GetErasureRequest(erasure_id=asked.erasure.erasure_id)
        found = (await company.web.privacy.GetErasure(by_id)).erasure
        return found if len(found.areas) == len(SERVICES) - 1 else None

    running = await until(all_but_cart)
    assert running is not None
    assert (running.state, list(running.pending_areas)) == (ERASURE_STATE_RUNNING, ["cart"])
    assert set(await mentions(mongo_client, own_services, [word, anna.value])) == {"cart"}
    back = company.web.start_session([anna], sections=[])
    assert (await back).customer_id != customer_id
    async with await start_stoppable(own_services, CART, listen=own_services.addresses["cart"]):
        erasure = await forget(company, customer_id)
        assert erasure.erasure_id == asked.erasure.erasure_id
        assert await mentions(mongo_client, own_services, [word]) == {}


async def test_profile_may_be_away_where_the_customer_is_known(own_services: Services) -> None:
    async with await start_stoppable(own_services, PROFILE):
        await start_all(own_services, CART, PREFERENCE, MESSAGING)
        company = await company_at(own_services, **FAST)
        customer_id = await live_fully(company, login(), secret=secret())
    asked = await company.web.privacy.EraseCustomer(erase(customer_id))
    assert asked.erasure.state == ERASURE_STATE_RUNNING
    assert sorted(asked.erasure.pending_areas) == sorted(SERVICES)
    unknown = await refusal(company.web.privacy.EraseCustomer(erase("cus_unknown")))
    assert unknown.code is StatusCode.UNAVAILABLE
    async with await start_stoppable(own_services, PROFILE, listen=own_services.addresses["profile"]):
        assert (await forget(company, customer_id)).customer_id == customer_id
