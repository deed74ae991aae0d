"""A service is dead while a channel reads: the rest of the context is served, and what is missing is named."""

import pytest

import omnithread
from deploy.local.suite import Suite
from omnithread.context.v1.context_pb2 import (
    SECTION_CART,
    SECTION_MESSAGING,
    SECTION_PREFERENCES,
    SECTION_PROBLEM_REASON_DEADLINE_EXCEEDED,
    SECTION_PROBLEM_REASON_UNAVAILABLE,
    SECTION_PROFILE,
    Section,
)
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest, GetCustomerContextResponse
from tests.journeys.people import add, cart_of, context_of, log_in, somebody
from tests.running_suite import Channels, until

pytestmark = pytest.mark.timeout(180)

MISSING = {SECTION_PROBLEM_REASON_UNAVAILABLE, SECTION_PROBLEM_REASON_DEADLINE_EXCEEDED}
FIELDS = {
    SECTION_PROFILE: "profile",
    SECTION_CART: "cart",
    SECTION_PREFERENCES: "preferences",
    SECTION_MESSAGING: "messaging",
}


async def read(channel: omnithread.Omnithread, customer_id: str) -> GetCustomerContextResponse:
    return await channel.context.GetCustomerContext(GetCustomerContextRequest(customer_id=customer_id))


@pytest.mark.parametrize(
    ("service", "section"),
    [
        ("profile", SECTION_PROFILE),
        ("cart", SECTION_CART),
        ("preference", SECTION_PREFERENCES),
        ("messaging", SECTION_MESSAGING),
    ],
)
async def test_without_a_service_its_section_is_named_and_the_others_are_served(
    suite: Suite, channels: Channels, service: str, section: "Section.ValueType"
) -> None:
    anna = (await log_in(channels.shop, somebody())).customer_id
    await add(channels.shop, anna, "purse")
    # The visit is counted a moment after it began, and that is a change of the profile.
    whole = await until(lambda: context_of(channels.store, anna), lambda seen: bool(seen.profile.facts.channels))
    await suite.kill(service)
    try:
        answers = [await read(channel, anna) for channel in channels.four]
    finally:
        await suite.restart(service)
        await channels.reach_everything()
    for answer in answers:
        named = {problem.section: problem.reason for problem in answer.problems}
        assert named[section] in MISSING
        there = {field.name for field, _ in answer.context.ListFields()}
        assert FIELDS[section] not in there
        assert {"journey", *FIELDS.values()} - {FIELDS[section]} <= there
        assert section not in [version.section for version in answer.context.versions]
    again = await context_of(channels.store, anna)
    assert (again.cart, again.profile) == (whole.cart, whole.profile)


async def test_without_the_aggregator_every_service_still_answers_for_itself(suite: Suite, channels: Channels) -> None:
    anna = (await log_in(channels.shop, somebody())).customer_id
    await suite.kill("aggregator")
    try:
        await add(channels.shop, anna, "purse")
        assert await cart_of(channels.store, anna) == {"purse": 1}
    finally:
        await suite.restart("aggregator")
        await channels.reach_everything()
    context = await context_of(channels.store, anna)
    assert [line.sku for line in context.cart.cart.lines] == ["purse"]
