"""I can stop anywhere and go on anywhere: app, desktop, telephone, store.

Nothing is lost, and I never say a thing twice.
"""

import asyncio

import omnithread
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_PRODUCT_VIEWED, TOUCHPOINT_KIND_SESSION_STARTED
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from omnithread.profile.v1.profile_service_pb2 import IDENTIFY_OUTCOME_MERGED
from tests.journeys.people import add, context_of, journey_of, log_in, somebody
from tests.running_suite import Channels


async def test_what_a_guest_put_into_the_cart_is_hers_in_the_answer_to_the_login(channels: Channels) -> None:
    anna = somebody()
    known = await log_in(channels.store, anna)
    await add(channels.store, known.customer_id, "scarf")

    guest = await channels.shop.start_session([omnithread.cookie(anna.cookie)])
    assert guest.customer_id != known.customer_id
    with guest.carry():
        await add(channels.shop, guest.customer_id, "purse")
        hers = await channels.shop.start_session(
            [omnithread.cookie(anna.cookie), omnithread.email(anna.email, verified=True)]
        )

    assert hers.started.outcome == IDENTIFY_OUTCOME_MERGED
    assert hers.customer_id == known.customer_id
    assert hers.labels.session_id == guest.labels.session_id
    assert {line.sku: line.quantity for line in hers.context.cart.cart.lines} == {"scarf": 1, "purse": 1}
    assert list(hers.started.problems) == []


async def test_what_a_guest_asked_and_looked_at_is_not_asked_again_after_the_login(channels: Channels) -> None:
    anna = somebody()
    known = await log_in(channels.store, anna)
    guest = await channels.shop.start_session([omnithread.cookie(anna.cookie)])
    with guest.carry():
        await channels.shop.context.RecordTouchpoint(
            RecordTouchpointRequest(customer_id=guest.customer_id, kind=TOUCHPOINT_KIND_PRODUCT_VIEWED, subject="purse")
        )
        await channels.shop.messaging.PostMessage(
            PostMessageRequest(
                customer_id=guest.customer_id, topic="general", author=AUTHOR_CUSTOMER, text="Is it leather?"
            )
        )
        await channels.shop.start_session([omnithread.cookie(anna.cookie), omnithread.email(anna.email, verified=True)])

    context = await context_of(channels.agent, known.customer_id)
    (conversation,) = context.messaging.open_conversations
    assert [entry.text for entry in conversation.recent_entries] == ["Is it leather?"]
    steps = await journey_of(channels.agent, known.customer_id)
    assert "purse" in [step.subject for step in steps if step.kind == TOUCHPOINT_KIND_PRODUCT_VIEWED]


async def test_the_old_id_of_a_guest_leads_to_the_customer_that_the_guest_became(channels: Channels) -> None:
    anna = somebody()
    known = await log_in(channels.store, anna)
    guest = await channels.shop.start_session([omnithread.cookie(anna.cookie)])
    await add(channels.shop, guest.customer_id, "purse")
    await channels.shop.start_session([omnithread.cookie(anna.cookie), omnithread.email(anna.email, verified=True)])

    cart = await add(channels.shop, guest.customer_id, "scarf")  # a page that was open since before the login
    assert cart.customer_id == known.customer_id
    context = await context_of(channels.app, guest.customer_id)
    assert context.customer_id == known.customer_id
    assert {line.sku for line in context.cart.cart.lines} == {"purse", "scarf"}


async def test_four_channels_that_meet_a_new_customer_at_the_same_moment_know_one_customer(channels: Channels) -> None:
    anna = somebody()
    sessions = await asyncio.gather(*(log_in(channel, anna) for channel in channels.four))
    assert len({session.customer_id for session in sessions}) == 1
    assert len({session.labels.journey_id for session in sessions}) == 1


async def test_a_visit_on_every_channel_is_one_journey_and_each_visit_is_a_session_of_its_own(
    channels: Channels,
) -> None:
    anna = somebody()
    sessions = [await log_in(channel, anna) for channel in channels.four]
    assert len({session.labels.session_id for session in sessions}) == len(sessions)
    steps = await journey_of(channels.store, sessions[0].customer_id)
    began = [step for step in steps if step.kind == TOUCHPOINT_KIND_SESSION_STARTED]
    assert [step.channel.id for step in began] == ["web-shop", "mobile-app", "call-centre", "store-042"]
    assert {step.journey_id for step in began} == {sessions[0].labels.journey_id}
    assert [step.session_id for step in began] == [session.labels.session_id for session in sessions]
