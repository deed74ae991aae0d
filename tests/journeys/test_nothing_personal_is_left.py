"""The test of the promises about privacy: what a person told is searched for in every place of a full run.

Unmistakable values are told on every way that the suite has. They are in the databases, as they must be, and not in
topics, logs and spans; after the person was forgotten they are nowhere.
"""

import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest

import omnithread
from deploy.local.plan import Plan, fresh_prefix
from deploy.local.suite import Suite
from deploy.sample.load import put_templates
from libs.rpc.scopes import EVERY
from omnithread.cart.v1.handover_service_pb2 import CreateHandoverRequest
from omnithread.context.v1.journey_service_pb2 import GetJourneyReportRequest, SearchJourneysRequest
from omnithread.context.v1.privacy_service_pb2 import (
    ERASURE_STATE_DONE,
    EraseCustomerRequest,
    Erasure,
    ExportCustomerRequest,
    GetErasureRequest,
)
from tests.journeys.everywhere import SpansRecorder, found, spans_recorder
from tests.journeys.people import REMINDER, context_of
from tests.journeys.quiet_life import NEVER_TAKEN, SECRETS, be_refused, buy, live, offer_by_hobby, until_sent
from tests.running_suite import STORY_SETTINGS, Channels, channels_of, until

SETTINGS = {**STORY_SETTINGS, "erasure_sweep_seconds": "0.2", "erasure_again_seconds": "1"}


@dataclass(frozen=True, slots=True)
class Watched:
    """A run of its own, and all that it exports."""

    suite: Suite
    channels: Channels
    spans: SpansRecorder

    async def found(self, *words: str) -> dict[str, set[str]]:
        """Where any of the words is, or of what the person told."""
        return await found(self.suite, self.spans, words or SECRETS)


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    with spans_recorder() as spans:
        plan = Plan(state_dir=tmp_path, prefix=fresh_prefix("quiet"), settings=SETTINGS, traces_endpoint=spans.address)
        async with Suite(plan) as suite:
            async with suite.connect("web-shop", scopes=EVERY) as client:
                await put_templates(client)
            async with channels_of(suite) as channels:
                yield Watched(suite, channels, spans)


async def take_along(watched: Watched, customer_id: str) -> list[str]:
    """Carry the cart to another channel, and open the link in the mail; gives the tokens."""
    channels = watched.channels
    carried = await channels.shop.handovers.CreateHandover(
        CreateHandoverRequest(
            customer_id=customer_id, with_code=True, with_picture=True, link_template="https://app.example/#{token}"
        )
    )
    (mail, *_) = watched.suite.mailbox.mails(recipient="quiet.person@example.com")
    text = mail.get_body(("plain",))
    assert text is not None
    (linked,) = re.findall(r"https://shop\.example\.com/cart#(\S+)", text.get_content())
    for token in (carried.token, linked):
        await channels.app.start_session([], handover_token=token)
    await channels.agent.start_session(handover_code=carried.code)
    with pytest.raises(grpc.RpcError):
        await channels.app.start_session([], handover_token=f"{carried.token}x")
    return [carried.token, linked]


async def be_looked_at(agent: omnithread.Omnithread, customer_id: str) -> None:
    """An agent opens the customer's page, found by their address, and looks for their journey among all."""
    async with aclosing(agent.watch_context(omnithread.email("quiet.person@example.com", verified=True))) as screen:
        assert (await anext(screen)).context.customer_id == customer_id

    async def listed() -> set[str]:
        answer = await agent.journeys.SearchJourneys(SearchJourneysRequest(page_size=100))
        return {one.journey.customer_id for one in answer.journeys}

    await until(listed, lambda customer_ids: customer_id in customer_ids)
    today = datetime.now(UTC).date().isoformat()
    await agent.journeys.GetJourneyReport(GetJourneyReportRequest(from_day=today, to_day=today))


async def test_what_a_person_told_is_only_where_it_must_be_and_nowhere_after_they_were_forgotten(
    watched: Watched,
) -> None:
    channels = watched.channels
    await offer_by_hobby(channels.agent)
    anna = await live(channels)
    await be_refused(channels, anna)
    await until_sent(channels, anna, REMINDER)
    tokens = await take_along(watched, anna)
    await be_looked_at(channels.agent, anna)
    await buy(channels, anna)
    await context_of(channels.agent, anna)
    # Who knows where to look finds the customer's id in every kind of place.
    await until(lambda: watched.found(anna), lambda places: set(places) == {"databases", "topics", "logs", "spans"})
    before = await watched.found()
    assert set(before) == {"databases"}
    assert await watched.found(*tokens) == {}
    assert "cart.audience_facts" in before["databases"]
    assert {place.partition(".")[0] for place in before["databases"]} >= {
        "profile",
        "cart",
        "preference",
        "messaging",
        "aggregator",
    }

    exported = ""
    async for page in channels.agent.privacy.ExportCustomer(ExportCustomerRequest(customer_id=anna)):
        exported += str(page.documents)
    told = [secret for secret in SECRETS if secret not in NEVER_TAKEN]
    assert [secret for secret in told if secret.lower() not in exported.lower()] == []

    asked = await channels.agent.privacy.EraseCustomer(
        EraseCustomerRequest(customer_id=anna, reason="requested-by-customer")
    )

    async def erasure() -> Erasure:
        by_id = GetErasureRequest(erasure_id=asked.erasure.erasure_id)
        return (await channels.agent.privacy.GetErasure(by_id)).erasure

    await until(erasure, lambda one: one.state == ERASURE_STATE_DONE)
    assert await until(watched.found, lambda places: places == {}) == {}
