"""My data is mine: I get all of it when I ask, it is gone when I say so, and when I come back I am somebody new."""

from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict

import omnithread
from omnithread.cart.v1.cart_service_pb2 import CheckoutRequest, PickupChoice
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.context.v1.privacy_service_pb2 import (
    ERASURE_STATE_DONE,
    EraseCustomerRequest,
    Erasure,
    ExportCustomerRequest,
    GetErasureRequest,
)
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest
from tests.journeys.people import Person, add, cart_of, consent, context_of, log_in, somebody
from tests.running_suite import Channels, until

Export = dict[str, dict[str, list[dict[str, Any]]]]


async def a_life(channels: Channels, person: Person) -> str:
    """Looks around as a guest, logs in, says yes to reminders, asks, and buys in the store."""
    guest = await channels.shop.start_session([omnithread.cookie(person.cookie)])
    await add(channels.shop, guest.customer_id, "purse")
    anna = (await log_in(channels.shop, person)).customer_id
    await channels.shop.start_session([omnithread.cookie(person.cookie), omnithread.email(person.email, verified=True)])
    await consent(channels.app, anna, DELIVERY_KIND_EMAIL)
    await channels.app.messaging.PostMessage(
        PostMessageRequest(customer_id=anna, topic="order", author=AUTHOR_CUSTOMER, text=f"It is {person.phone} here")
    )
    await context_of(channels.store, anna)
    await channels.store.cart.Checkout(
        CheckoutRequest(customer_id=anna, pickup=PickupChoice(store_id="042"), payment_reference="pay-1")
    )
    await add(channels.app, anna, "gloves")
    return anna


async def export_of(channel: omnithread.Omnithread, customer_id: str) -> Export:
    """What a channel is given: contents by area and collection."""
    exported: Export = {}
    async for page in channel.privacy.ExportCustomer(ExportCustomerRequest(customer_id=customer_id)):
        for one in page.documents:
            exported.setdefault(page.area, {}).setdefault(one.collection, []).append(MessageToDict(one.content))
    return exported


async def forgotten(channel: omnithread.Omnithread, customer_id: str) -> Erasure:
    """Ask for it, and wait for the receipt."""
    await channel.privacy.EraseCustomer(EraseCustomerRequest(customer_id=customer_id, reason="requested-by-customer"))

    async def receipt() -> Erasure:
        return (await channel.privacy.GetErasure(GetErasureRequest(customer_id=customer_id))).erasure

    return await until(receipt, lambda erasure: erasure.state == ERASURE_STATE_DONE)


async def test_i_get_everything_that_any_service_holds_about_me(channels: Channels) -> None:
    person = somebody()
    anna = await a_life(channels, person)
    exported = await export_of(channels.agent, anna)
    assert set(exported) == {"profile", "cart", "preference", "messaging", "context"}
    assert {one["family_name"] for one in exported["profile"]["records"]} == {"Berger", ""}
    for value in (person.email, person.phone, person.card, person.cookie):
        assert value in str(exported["profile"])
    assert [line["sku"] for order in exported["cart"]["orders"] for line in order["lines"]] == ["purse"]
    assert "gloves" in str(exported["cart"]["records"])
    assert exported["preference"]["consent_records"][0]["wording"] == "Ja, erinnern Sie mich an meinen Warenkorb."
    assert f"It is {person.phone} here" in str(exported["messaging"])
    assert exported["context"]["touchpoints"]


async def test_when_i_say_so_it_is_gone_everywhere_and_i_have_it_in_writing(channels: Channels) -> None:
    person = somebody()
    anna = await a_life(channels, person)
    receipt = await forgotten(channels.agent, anna)
    assert [area.area for area in receipt.areas] == ["cart", "context", "messaging", "preference", "profile"]
    assert all(area.HasField("erase_time") for area in receipt.areas)
    assert (receipt.actor_id, receipt.channel.id) == ("agent-17", "call-centre")
    for channel in channels.four:
        for asked in (
            GetProfileRequest(customer_id=anna),
            GetProfileRequest(identifier=omnithread.email(person.email, verified=True)),
        ):
            with pytest.raises(grpc.RpcError) as refused:
                await channel.profile.GetProfile(asked)
            assert omnithread.details_of(refused.value).reason == "CUSTOMER_NOT_FOUND"
    with pytest.raises(grpc.RpcError) as refused:
        await add(channels.store, anna, "scarf")
    assert omnithread.details_of(refused.value).reason == "CUSTOMER_ERASED"


async def test_when_i_come_back_i_am_somebody_new(channels: Channels) -> None:
    person = somebody()
    anna = await a_life(channels, person)
    await forgotten(channels.agent, anna)
    back = await log_in(channels.shop, person)
    assert back.customer_id != anna
    assert await cart_of(channels.shop, back.customer_id) == {}
    context = await context_of(channels.agent, back.customer_id)
    assert not context.preferences.consents
    assert not context.messaging.open_conversations
    browser = await channels.shop.start_session([omnithread.cookie(person.cookie)])
    assert browser.customer_id not in {anna, back.customer_id}
