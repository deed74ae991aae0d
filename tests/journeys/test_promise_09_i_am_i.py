"""I am I, and nobody else: where the company took two of us for one, it finds out, and each has their own again.

Cart, messages, consents and journey; what I said in my visits meanwhile is mine, and a no counts for both of us.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import omnithread
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_SMS
from omnithread.context.v1.context_pb2 import CustomerContext, Touchpoint
from omnithread.context.v1.context_service_pb2 import ExplainMergeRequest
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_GRANTED, CONSENT_STATE_REVOKED, ConsentState
from omnithread.profile.v1.identity_service_pb2 import MergeCustomersRequest, UnmergeCustomersRequest
from tests.journeys.people import Person, add, consent, context_of, journey_of, log_in, somebody
from tests.running_suite import Channels

YES, NO = CONSENT_STATE_GRANTED, CONSENT_STATE_REVOKED


@dataclass(frozen=True, slots=True)
class Known:
    """A customer of the company, as they came first."""

    person: Person
    customer_id: str
    conversation: str


async def come(channels: Channels, sku: str) -> Known:
    """Somebody logs in, puts something into the cart, says yes to reminders, and asks something."""
    person = somebody()
    visit = await log_in(channels.shop, person)
    with visit.carry():
        await add(channels.shop, visit.customer_id, sku)
        await consent(channels.shop, visit.customer_id, DELIVERY_KIND_EMAIL)
        await ask(channels.shop, visit.customer_id, f"Where is my {sku}?")
    return Known(person, visit.customer_id, f"Where is my {sku}?")


async def ask(channel: omnithread.Omnithread, customer_id: str, text: str) -> None:
    await channel.messaging.PostMessage(
        PostMessageRequest(customer_id=customer_id, topic="order", author=AUTHOR_CUSTOMER, text=text)
    )


async def taken_for_one(channels: Channels, one: Known, other: Known) -> str:
    """An agent makes one customer of two, and gives the merge's id."""
    answer = await channels.agent.identity.MergeCustomers(
        MergeCustomersRequest(
            customer_id=one.customer_id, other_customer_id=other.customer_id, reason="same name and street"
        )
    )
    assert answer.profile.customer_id == one.customer_id
    return answer.merge.merge_id


async def told_apart(channels: Channels, customer_id: str, merge_id: str) -> None:
    """The agent takes it back."""
    await channels.agent.identity.UnmergeCustomers(
        UnmergeCustomersRequest(customer_id=customer_id, merge_id=merge_id, reason="mother and daughter")
    )


def cart(context: CustomerContext) -> set[str]:
    return {line.sku for line in context.cart.cart.lines}


def words(context: CustomerContext) -> list[str]:
    return [entry.text for one in context.messaging.open_conversations for entry in one.recent_entries]


def consents(context: CustomerContext) -> "dict[tuple[str, int], ConsentState.ValueType]":
    return {(one.purpose, one.delivery_kind): one.state for one in context.preferences.consents}


def about(steps: Sequence[Touchpoint]) -> set[str]:
    return {step.subject for step in steps if step.summary.startswith("added")}


async def test_two_who_were_taken_for_one_each_have_their_own_again(channels: Channels) -> None:
    anna, bea = await come(channels, "purse"), await come(channels, "boots")
    merge_id = await taken_for_one(channels, anna, bea)
    both = await context_of(channels.agent, bea.customer_id)
    assert (both.customer_id, cart(both)) == (anna.customer_id, {"purse", "boots"})

    visit = await log_in(channels.app, bea.person)  # she is greeted as the other one, and finds out
    assert visit.customer_id == anna.customer_id
    with visit.carry():
        await add(channels.app, visit.customer_id, "laces")
        await ask(channels.app, visit.customer_id, "And who is Anna?")
        await consent(channels.app, visit.customer_id, DELIVERY_KIND_SMS)
        await consent(channels.app, visit.customer_id, DELIVERY_KIND_EMAIL, state=NO)
    hers = await log_in(channels.store, anna.person)
    with hers.carry():
        await add(channels.store, hers.customer_id, "scarf")
    await told_apart(channels, anna.customer_id, merge_id)

    for channel in channels.four:
        a, b = await context_of(channel, anna.customer_id), await context_of(channel, bea.customer_id)
        assert (a.customer_id, b.customer_id) == (anna.customer_id, bea.customer_id)
        assert (cart(a), cart(b)) == ({"purse", "scarf"}, {"boots", "laces"})
        assert (words(a), words(b)) == ([anna.conversation], [bea.conversation, "And who is Anna?"])
        assert consents(a) == {("cart_reminder", DELIVERY_KIND_EMAIL): NO}
        assert consents(b) == {("cart_reminder", DELIVERY_KIND_EMAIL): NO, ("cart_reminder", DELIVERY_KIND_SMS): YES}
    assert about(await journey_of(channels.agent, anna.customer_id)) == {"purse", "scarf"}
    assert about(await journey_of(channels.agent, bea.customer_id)) == {"boots", "laces"}
    for known in (anna, bea):
        assert (await log_in(channels.shop, known.person)).customer_id == known.customer_id


async def test_what_was_made_of_two_customers_can_be_asked_thing_by_thing_also_after_it_was_undone(
    channels: Channels,
) -> None:
    anna, bea = await come(channels, "purse"), await come(channels, "boots")
    merge_id = await taken_for_one(channels, anna, bea)
    await context_of(channels.agent, anna.customer_id)
    asked = ExplainMergeRequest(customer_id=anna.customer_id, merge_id=merge_id)
    told = await channels.agent.context.ExplainMerge(asked)
    kinds = {area.area: {thing.kind for thing in area.things} for area in told.areas}
    assert list(told.missing_areas) == []
    assert kinds["cart"] >= {"cart_line"}
    assert (kinds["preference"], kinds["messaging"]) == ({"consent"}, {"conversation"})
    assert (told.merge.actor_id != "", told.merge.reason) == (True, "same name and street")

    await told_apart(channels, anna.customer_id, merge_id)
    await context_of(channels.agent, anna.customer_id)
    afterwards = await channels.agent.context.ExplainMerge(asked)
    assert afterwards.merge.unmerge_reason == "mother and daughter"
    assert list(afterwards.merge.unmerge_pending_areas) == []
    assert [area.area for area in afterwards.areas] == [area.area for area in told.areas]
