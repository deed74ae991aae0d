"""Whoever I meet, shop assistant, agent, web page, knows what I need them to know, and the same as the others."""

import asyncio

import omnithread
from omnithread.context.v1.context_pb2 import (
    SECTION_CART,
    SECTION_JOURNEY,
    SECTION_MESSAGING,
    SECTION_OFFERS,
    SECTION_PREFERENCES,
    SECTION_PROFILE,
    CustomerContext,
)
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from tests.journeys.people import add, context_of, log_in, somebody
from tests.running_suite import Channels, until


async def test_four_channels_read_the_same_bytes(channels: Channels) -> None:
    anna = (await log_in(channels.shop, somebody())).customer_id
    await add(channels.app, anna, "purse")
    await channels.app.messaging.PostMessage(
        PostMessageRequest(customer_id=anna, topic="order", author=AUTHOR_CUSTOMER, text="When will it come?")
    )

    async def all_four() -> list[CustomerContext]:
        return list(await asyncio.gather(*(context_of(channel, anna) for channel in channels.four)))

    # While a timer of ours still adds to the journey, whoever asks later sees more, and has another etag.
    seen = await until(all_four, lambda contexts: len({context.etag for context in contexts}) == 1)
    assert len({context.SerializeToString() for context in seen}) == 1
    assert [version.section for version in seen[0].versions] == [
        SECTION_PROFILE,
        SECTION_CART,
        SECTION_PREFERENCES,
        SECTION_MESSAGING,
        SECTION_JOURNEY,
        SECTION_OFFERS,
    ]


async def test_what_one_channel_was_told_the_next_read_of_any_other_shows(channels: Channels) -> None:
    anna = (await log_in(channels.shop, somebody())).customer_id
    for number, (tells, reads) in enumerate(zip(channels.four, reversed(channels.four), strict=True)):
        await add(tells, anna, f"sku-{number}")
        context = await context_of(reads, anna)
        assert [line.sku for line in context.cart.cart.lines] == [f"sku-{one}" for one in range(number + 1)]


async def test_a_customer_is_found_by_card_mail_telephone_and_device(channels: Channels) -> None:
    person = somebody()
    anna = (await log_in(channels.store, person)).customer_id
    await channels.app.start_session([omnithread.device(person.device), omnithread.email(person.email, verified=True)])
    for identifier in (
        omnithread.loyalty_card(person.card, verified=True),
        omnithread.email(person.email, verified=True),
        omnithread.phone(person.phone, verified=True),
        omnithread.device(person.device),
    ):
        answer = await channels.agent.context.GetCustomerContext(GetCustomerContextRequest(identifier=identifier))
        assert answer.context.customer_id == anna


async def test_a_channel_gets_only_the_sections_that_it_asks_for(channels: Channels) -> None:
    anna = (await log_in(channels.shop, somebody())).customer_id
    answer = await channels.store.context.GetCustomerContext(
        GetCustomerContextRequest(customer_id=anna, sections=[SECTION_CART])
    )
    assert answer.context.HasField("cart")
    assert not answer.context.HasField("profile")
    assert not answer.problems
