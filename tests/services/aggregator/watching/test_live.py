"""Whoever looks at a customer sees at once what happens elsewhere."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

from omnithread.context.v1 import context_pb2 as context
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest
from omnithread.context.v1.watch_service_pb2 import CustomerContextUpdate
from omnithread.live import Live
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from omnithread.preference.v1.preference_pb2 import Preferences
from omnithread.preference.v1.preference_service_pb2 import UpdatePreferencesRequest
from omnithread.profile.v1.profile_pb2 import Profile
from omnithread.profile.v1.profile_service_pb2 import UpdateProfileRequest
from tests.services.aggregator.company import Company, item, login, visitor
from tests.services.aggregator.watching.eyes import Eyes, skus, watching


async def new_customer(company: Company) -> str:
    """Somebody whose visit has been counted, so that nothing happens by itself."""
    customer_id = (await company.web.start_session([visitor()])).customer_id
    await company.counted(customer_id, visits=1)
    return customer_id


def renamed(customer_id: str, name: str) -> UpdateProfileRequest:
    profile = Profile(customer_id=customer_id, given_name=name)
    return UpdateProfileRequest(profile=profile, update_mask={"paths": ["given_name"]})  # type: ignore[arg-type]


def in_language(customer_id: str, language: str) -> UpdatePreferencesRequest:
    wish = Preferences(customer_id=customer_id, language=language)
    return UpdatePreferencesRequest(preferences=wish, update_mask={"paths": ["language"]})  # type: ignore[arg-type]


def said(customer_id: str, text: str) -> PostMessageRequest:
    return PostMessageRequest(customer_id=customer_id, topic="order", author=AUTHOR_CUSTOMER, text=text)


def viewed(customer_id: str, sku: str) -> RecordTouchpointRequest:
    kind = context.TOUCHPOINT_KIND_PRODUCT_VIEWED
    return RecordTouchpointRequest(customer_id=customer_id, kind=kind, subject=sku)


def entries(update: CustomerContextUpdate) -> list[str]:
    return [e.text for one in update.context.messaging.open_conversations for e in one.recent_entries]


def views(update: CustomerContextUpdate) -> list[str]:
    return [view.sku for view in update.context.journey.viewed_products]


async def test_what_happens_in_any_of_the_five_services_is_seen_on_another_channel(company: Company) -> None:
    customer_id = await new_customer(company)
    async with watching(company.store, customer_id) as eyes:
        first = await eyes.sees(lambda update: update.snapshot)
        assert (skus(first), entries(first), views(first)) == ([], [], [])
        await company.web.cart.AddItem(item(customer_id))
        await eyes.sees(lambda update: skus(update) == ["boots"] and update.cart_price.total.units == 59)
        await company.web.profile.UpdateProfile(renamed(customer_id, "Mia"))
        await eyes.sees(lambda update: update.context.profile.given_name == "Mia")
        await company.web.preference.UpdatePreferences(in_language(customer_id, "de"))
        await eyes.sees(lambda update: update.context.preferences.language == "de")
        await company.web.messaging.PostMessage(said(customer_id, "Are they warm?"))
        await eyes.sees(lambda update: entries(update) == ["Are they warm?"])
        await company.web.context.RecordTouchpoint(viewed(customer_id, "hat"))
        last = await eyes.sees(lambda update: views(update) == ["hat"])
        assert not any(update.snapshot for update in eyes.updates[1:])
        assert (last.context, list(last.problems)) == (await company.whole_context(customer_id), [])


async def test_a_watcher_may_ask_for_what_changed_only(company: Company) -> None:
    customer_id, wanted = await new_customer(company), [context.SECTION_CART, context.SECTION_PREFERENCES]
    async with watching(company.store, customer_id, sections=wanted, changed_sections_only=True) as eyes:
        first = await eyes.sees(lambda update: update.snapshot)
        assert [*first.changed_sections] == wanted
        await company.web.cart.AddItem(item(customer_id))
        last = await eyes.sees(lambda update: skus(update) == ["boots"])
        assert [*last.changed_sections] == [context.SECTION_CART]
        assert not last.context.HasField("preferences")
        whole = (await company.context(customer_id, sections=wanted)).context
        assert (last.context.etag, [*last.context.versions]) == (whole.etag, [*whole.versions])


async def test_who_comes_back_with_a_token_has_missed_nothing_and_is_told_nothing_twice(company: Company) -> None:
    customer_id = await new_customer(company)
    wanted: dict[str, Any] = {"sections": [context.SECTION_CART]}
    async with watching(company.store, customer_id, **wanted) as eyes:
        await eyes.sees(lambda update: update.snapshot)
        token = eyes.token
    async with watching(company.store, customer_id, resume_token=token, **wanted) as eyes:
        await eyes.until(lambda eyes: eyes.heartbeats == 1)
        assert (eyes.updates, eyes.token) == ([], token)
    await company.web.cart.AddItem(item(customer_id))
    async with watching(company.store, customer_id, resume_token=token, **wanted) as eyes:
        update = await eyes.sees(lambda update: skus(update) == ["boots"])
        assert (update.snapshot, [*update.changed_sections]) == (False, [context.SECTION_CART])
    async with watching(company.store, customer_id, resume_token=token) as eyes:  # all sections
        assert (await eyes.sees(lambda update: skus(update) == ["boots"])).snapshot
    async with watching(company.store, customer_id, resume_token=token[:-3]) as eyes:
        assert (await eyes.ended()).reason == "PAGE_TOKEN_INVALID"


async def test_however_often_the_stream_breaks_what_is_known_is_what_is_there(company: Company) -> None:
    chance, customer_id = random.Random(5), await new_customer(company)
    acts: list[Callable[[int], Awaitable[object]]] = [
        lambda number: company.web.cart.AddItem(item(customer_id, f"sku-{number}")),
        lambda number: company.web.preference.UpdatePreferences(in_language(customer_id, ("de", "fr")[number % 2])),
        lambda number: company.store.profile.UpdateProfile(renamed(customer_id, f"Mia the {number}.")),
        lambda number: company.web.messaging.PostMessage(said(customer_id, f"Hello {number}")),
    ]
    known, token = Live(changed_sections_only=False), ""

    def take_in(eyes: Eyes) -> str:
        for update in eyes.updates:
            known.take_in(update)
        return eyes.token or token

    for number in range(12):
        fields: dict[str, Any] = {"changed_sections_only": True, "resume_token": token}
        async with watching(company.store, customer_id, **fields) as eyes:
            for act in chance.choices(acts, k=chance.randrange(4)):
                await act(number)
            if chance.random() < 0.5:
                await eyes.until(lambda eyes: eyes.updates or eyes.heartbeats)
        token = take_in(eyes)
        if chance.random() < 0.5:
            await chance.choice(acts)(number)
    now = await company.whole_context(customer_id)
    async with watching(company.store, customer_id, changed_sections_only=True, resume_token=token) as eyes:
        await eyes.until(lambda eyes: eyes.heartbeats or (eyes.updates and eyes.last.context.etag == now.etag))
    take_in(eyes)
    newest = known.newest()
    assert newest is not None
    assert newest.context == now


async def test_a_customer_is_named_by_what_they_show(company: Company) -> None:
    who = login()
    customer_id = (await company.web.start_session([who])).customer_id
    async with watching(company.store, identifier=who, sections=[context.SECTION_CART]) as eyes:
        assert (await eyes.sees(lambda update: update.snapshot)).context.customer_id == customer_id
    async with watching(company.store, identifier=login()) as eyes:
        assert (await eyes.ended()).reason == "CUSTOMER_NOT_FOUND"
    async with watching(company.store, customer_id, heartbeat_seconds=1) as eyes:
        assert [fault.field for fault in (await eyes.ended()).fields] == ["heartbeat_seconds"]
