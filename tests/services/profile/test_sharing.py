"""The tablet in the store: past so many customers it says nothing about who uses it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.ids import new_id
from omnithread.profile.v1.identity_service_pb2 import ExplainIdentityRequest
from omnithread.profile.v1.profile_pb2 import IDENTIFIER_KIND_DEVICE, Identifier
from omnithread.profile.v1.profile_service_pb2 import SET_ASIDE_REASON_SHARED
from services.profile.model import CustomerId, IdentifierKind
from services.profile.outcomes import set_aside_of
from services.profile.rules import DEFAULT_RULES, KindRules, Sharing
from services.profile.sharing import Uses, is_news, with_use
from services.profile.who import SetAsideReason
from tests.services.profile.people import NOW, cookie, device, email
from tests.services.profile.reception import Reception, identify
from tests.services.profile.reception import email as an_email
from tests.services.profile.replicas import ORIGIN, Replicas, start_replicas

THREE = Sharing(most_customers=3, within=timedelta(days=30))
RULES = replace(DEFAULT_RULES, kinds={**DEFAULT_RULES.kinds, IdentifierKind.DEVICE: KindRules(most=30, sharing=THREE)})
TABLET = device("tablet")


@pytest.fixture
async def store(mongo_uri: str, unique_prefix: str) -> AsyncIterator[Replicas]:
    """Two replicas whose rules let three customers share a device."""
    running = await start_replicas(mongo_uri, f"{unique_prefix}_profile", rules=RULES)
    yield running
    await running.client.drop_database(running.database.name)
    running.client.close()


def used(*days: tuple[str, float]) -> Uses:
    uses = Uses()
    for who, day in days:
        uses = with_use(
            uses,
            CustomerId(who),
            holder_id=CustomerId("holder"),
            standing={},
            sharing=THREE,
            now=NOW + timedelta(days=day),
        )
    return uses


def test_the_holder_and_two_more_may_share_it() -> None:
    assert used(("a", 0), ("b", 1)).shared_time is None
    assert used(("a", 0), ("b", 1), ("c", 2)).shared_time == NOW + timedelta(days=2)


def test_the_same_customer_again_counts_once() -> None:
    assert used(("a", 0), ("b", 1), ("a", 10), ("b", 20)).shared_time is None


def test_who_used_it_long_ago_counts_no_more() -> None:
    assert used(("a", 0), ("b", 1), ("c", 31.5)).shared_time is None


def test_once_shared_it_stays_so() -> None:
    uses = used(("a", 0), ("b", 1), ("c", 2))
    assert not is_news(uses, CustomerId("d"), sharing=THREE, now=NOW + timedelta(days=400))


def test_two_who_became_one_customer_count_once() -> None:
    uses = used(("a", 0), ("b", 1))
    standing = {CustomerId("a"): CustomerId("b")}
    later = with_use(uses, CustomerId("c"), holder_id=CustomerId("holder"), standing=standing, sharing=THREE, now=NOW)
    assert later.shared_time is None


def test_a_use_is_noted_again_only_now_and_then() -> None:
    uses = used(("a", 0))
    assert not is_news(uses, CustomerId("a"), sharing=THREE, now=NOW + timedelta(days=1))
    assert is_news(uses, CustomerId("a"), sharing=THREE, now=NOW + timedelta(days=4))


@settings(deadline=None)  # the machine may be busy with other things
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 3)), max_size=40))
def test_what_is_kept_of_it_is_bounded(visits: list[tuple[str, int]]) -> None:
    day = 0
    seen = []
    for who, later in visits:
        day += later
        seen.append((who, float(day)))
    assert len(used(*seen).others) <= THREE.most_customers + 1


async def come(store: Replicas, *names: str) -> list[str]:
    """Let customers log in on the tablet one after the other."""
    return [(await store.identify(TABLET, email(f"{name}@example.com"))).saved.customer_id for name in names]


async def test_a_tablet_that_too_many_use_identifies_nobody(store: Replicas) -> None:
    anna, *_ = await come(store, "anna", "ben", "carla")
    assert (await store.identify(TABLET)).saved.customer_id == anna, "a family's tablet"
    await come(store, "dora")

    told = [TABLET]
    guest = await store.identify(*told)
    another = await store.identify(*told, replica=1)
    assert len({anna, guest.saved.customer_id, another.saved.customer_id}) == 3
    assert set_aside_of(guest.facts, told) == [(TABLET, SetAsideReason.SHARED)]
    assert guest.saved.state.identifiers == ()
    assert await store[0].identification.find(TABLET, ORIGIN) is None


async def test_who_logs_in_on_a_shared_tablet_is_found_by_their_own_proof(store: Replicas) -> None:
    anna, *_ = await come(store, "anna", "ben", "carla", "dora")
    told = [TABLET, email("anna@example.com")]
    again = await store.identify(*told)
    assert again.saved.customer_id == anna
    assert set_aside_of(again.facts, told) == [(TABLET, SetAsideReason.SHARED)]


async def test_a_cookie_of_the_visit_joins_it_to_the_login_on_a_shared_tablet(store: Replicas) -> None:
    await come(store, "anna", "ben", "carla", "dora")
    visit = cookie("visit-1")
    guest = await store.identify(TABLET, visit)
    customer = await store.identify(TABLET, visit, email("anna@example.com"))
    assert guest.saved.customer_id in customer.saved.lineage


async def test_many_who_come_at_once_are_all_counted(store: Replicas) -> None:
    await come(store, "anna")
    names = ["ben", "carla", "dora", "emil", "fritz"]
    await asyncio.gather(
        *(store.identify(TABLET, email(f"{name}@example.com"), replica=number % 2) for number, name in enumerate(names))
    )
    assert await store[0].identification.find(TABLET, ORIGIN) is None


async def test_a_guest_on_a_shared_tablet_is_one_guest_when_the_call_is_sent_again(store: Replicas) -> None:
    await come(store, "anna", "ben", "carla", "dora")
    stamp = store.stamp()
    told = store.introduction(TABLET)
    once = await store[0].identify(told, stamp)
    again = await store[1].identify(told, stamp)
    assert again.replayed
    assert again.saved.customer_id == once.saved.customer_id


async def test_a_late_retry_of_a_guest_finds_them_though_the_tablet_is_shared_by_now(store: Replicas) -> None:
    stamp, told = store.stamp(), store.introduction(TABLET)
    guest = await store[0].identify(told, stamp)
    await come(store, "anna", "ben", "carla", "dora")
    again = await store[1].identify(told, stamp)
    assert again.replayed
    assert guest.saved.customer_id in again.saved.lineage


async def test_a_customer_with_many_newer_devices_does_not_make_the_tablet_new(store: Replicas) -> None:
    anna, *_ = await come(store, "anna", "ben", "carla", "dora")
    for number in range(31):
        store.clock.move(minutes=1)
        await store.identify(device(f"{new_id('dev')}{number}"), email("anna@example.com"))
    assert len((await store[0].get(anna)).state.identifiers) == 31
    assert await store[0].identification.find(TABLET, ORIGIN) is None


async def test_one_who_stays_on_their_own_tablet_costs_no_write(store: Replicas) -> None:
    await come(store, "anna", "ben")
    before = await store.contents()
    await come(store, "anna", "anna", "ben")
    assert await store.contents() == before


async def test_a_device_may_be_shared_by_all_where_the_rules_say_so(mongo_uri: str, unique_prefix: str) -> None:
    kinds = {**DEFAULT_RULES.kinds, IdentifierKind.DEVICE: KindRules(most=30)}
    store = await start_replicas(mongo_uri, f"{unique_prefix}_profile", rules=replace(DEFAULT_RULES, kinds=kinds))
    anna, *_ = await come(store, "anna", *(f"customer{number}" for number in range(8)))
    assert (await store.identify(TABLET)).saved.customer_id == anna
    await store.client.drop_database(store.database.name)
    store.client.close()


async def test_it_is_explained_that_a_shared_tablet_leads_to_nobody(reception: Reception) -> None:
    tablet = Identifier(kind=IDENTIFIER_KIND_DEVICE, value=new_id("tablet"))
    customers = [(await reception.store.Identify(identify(tablet, an_email()))).profile.customer_id for _ in range(6)]
    assert (await reception.store.Identify(identify(tablet))).set_aside[0].reason == SET_ASIDE_REASON_SHARED
    answer = await reception.identity.ExplainIdentity(ExplainIdentityRequest(customer_id=customers[0]))
    [told] = [one for one in answer.identifiers if one.identifier.kind == IDENTIFIER_KIND_DEVICE]
    assert (told.identifies, told.first_customer_id) == (False, customers[0])
    assert "leads to nobody" in told.explanation
    assert any("leads to nobody" in sentence for sentence in answer.sentences)
    address = next(one for one in answer.identifiers if one.identifier.kind != IDENTIFIER_KIND_DEVICE)
    assert address.identifies
