"""What a customer does, on whatever channel, is one trace down to its last consequence, all of it told as theirs.

The story is lived on four channels; what is looked at is the file of exported spans, and no call.
"""

import asyncio
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

import omnithread
from deploy.local.suite import Suite
from libs.ids import new_id
from libs.timestamps import to_timestamp
from omnithread.cart.v1.cart_service_pb2 import CheckoutRequest, PickupChoice, SetItemQuantityRequest
from omnithread.cart.v1.handover_service_pb2 import CreateHandoverRequest
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.context.v1 import context_pb2
from omnithread.context.v1.context_pb2 import Touchpoint, TouchpointKind
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest, StartSessionRequest
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from omnithread.profile.v1.profile_pb2 import Profile
from omnithread.profile.v1.profile_service_pb2 import UpdateProfileRequest
from services.console.spans.values import Span
from tests.journeys.people import REMINDER, Person, add, consent, journey_of, somebody, speak_to
from tests.journeys.quiet_life import until_sent
from tests.journeys.test_what_the_pages_show import block
from tests.journeys.traced import CHANNELS, Traces, exported, file_of, orphans, traced_channels, way_to
from tests.running_suite import Channels, until

ROOT = Path(__file__).resolve().parents[2]
WEEKS = (28, 21, 14, 7)
LABELS = ("journey.id", "session.id", "channel.id", "customer.id")
OPEN = {"PRODUCT_VIEWED", "STORE_VISITED", "CALL_ANSWERED", "SEARCHED", "SESSION_STARTED", "PROBLEM"}
"""What the aggregator is told itself or finds out, so that no other service announces it."""
WANTED = {
    "SESSION_STARTED",
    "PRODUCT_VIEWED",
    "IDENTIFIED",
    "PROFILE_UPDATED",
    "PREFERENCES_CHANGED",
    "CART_CHANGED",
    "CART_ABANDONED",
    "MESSAGE",
    "CONVERSATION",
    "CART_HANDED_OVER",
    "ORDER_PLACED",
    "PROBLEM",
}


@dataclass(frozen=True)
class Story:
    """What one customer did, and all spans that were exported of it."""

    journey_id: str
    touchpoints: list[Touchpoint]
    file: Path
    traces: Traces

    def of(self, kind: str) -> list[tuple[Touchpoint, list[Span]]]:
        """Give the touchpoints of a kind, each with the trace that its traceparent names."""
        found = [one for one in self.touchpoints if kind_of(one) == kind]
        return [(one, self.traces[one.traceparent.split("-")[1]]) for one in found]


def kind_of(touchpoint: Touchpoint) -> str:
    return TouchpointKind.Name(touchpoint.kind).removeprefix("TOUCHPOINT_KIND_")


async def weeks_before(channels: Channels, person: Person) -> str:
    """The customer came by once a week, on four channels; gives the journey that they are on."""
    ways = (channels.shop, channels.app, channels.agent, channels.store)
    kinds = (
        context_pb2.TOUCHPOINT_KIND_PRODUCT_VIEWED,
        context_pb2.TOUCHPOINT_KIND_SEARCHED,
        context_pb2.TOUCHPOINT_KIND_CALL_ANSWERED,
        context_pb2.TOUCHPOINT_KIND_STORE_VISITED,
    )
    journey_id = ""
    for channel, kind, days in zip(ways, kinds, WEEKS, strict=True):
        then = datetime.now(UTC) - timedelta(days=days)
        who = [omnithread.email(person.email, verified=True)]
        started = await channel.context.StartSession(
            StartSessionRequest(identifiers=who, request_id=new_id("req"), issue_time=to_timestamp(then))
        )
        journey_id = started.journey_id
        labels = omnithread.Labels(journey_id=journey_id, session_id=started.session_id)
        with omnithread.carry(labels):
            await channel.context.RecordTouchpoint(
                RecordTouchpointRequest(
                    customer_id=started.customer_id,
                    kind=kind,
                    subject="boots",
                    occur_time=to_timestamp(then + timedelta(minutes=2)),
                )
            )
    return journey_id


async def today(channels: Channels, person: Person) -> str:
    """They choose on the web, are reminded, ask, and take the cart to the store, where they pay."""
    shop = channels.shop
    visit = await shop.start_session([omnithread.email(person.email, verified=True), omnithread.cookie(person.cookie)])
    customer_id = visit.customer_id
    with visit.carry():
        await consent(shop, customer_id, DELIVERY_KIND_EMAIL)
        await speak_to(shop, customer_id, language="en", ways=[DELIVERY_KIND_EMAIL])
        profile = Profile(customer_id=customer_id, given_name="Anna")
        mask = FieldMask(paths=["given_name"])
        await shop.profile.UpdateProfile(UpdateProfileRequest(profile=profile, update_mask=mask))
        await add(shop, customer_id, "boots")
        await until_sent(channels, customer_id, REMINDER)
        question = PostMessageRequest(customer_id=customer_id, topic="boots", author=AUTHOR_CUSTOMER, text="In blue?")
        await shop.messaging.PostMessage(question)
        carried = await shop.handovers.CreateHandover(CreateHandoverRequest(customer_id=customer_id, with_code=True))
    in_store = await channels.store.start_session(handover_code=carried.code)
    with in_store.carry():
        with pytest.raises(grpc.RpcError):  # a slip at the till, for the engineer's eye
            await channels.store.cart.SetItemQuantity(
                SetItemQuantityRequest(customer_id=customer_id, sku="not-there", quantity=2)
            )
        await channels.store.cart.Checkout(
            CheckoutRequest(customer_id=customer_id, pickup=PickupChoice(store_id="store-042"))
        )
    return customer_id


@pytest.fixture(scope="module")
async def story(suite: Suite) -> Story:
    async with traced_channels(suite) as channels:
        person = somebody()
        journey_id = await weeks_before(channels, person)
        customer_id = await today(channels, person)

        async def lived() -> list[Touchpoint]:
            return await journey_of(channels.agent, customer_id, journey_id)

        touchpoints = await until(lived, lambda all_: {kind_of(one) for one in all_} >= WANTED)
    wanted = {one.touchpoint_id for one in touchpoints}

    async def look() -> Traces:
        return exported(file_of(suite))

    def all_has_come(traces: Traces) -> bool:
        spans = [span for one in traces.values() for span in one]
        mine = {one.traceparent.split("-")[1] for one in touchpoints}
        told = {span.attributes.get("touchpoint.id") for span in spans}
        return wanted <= told and not any(orphans(traces[trace_id]) for trace_id in mine)

    traces = await until(look, all_has_come)
    return Story(journey_id, touchpoints, file_of(suite), traces)


@pytest.mark.parametrize("kind", sorted(WANTED))
async def test_every_kind_of_touchpoint_is_one_whole_trace(story: Story, kind: str) -> None:
    for touchpoint, spans in story.of(kind):
        assert orphans(spans) == []
        hearings = [one for one in spans if one.attributes.get("touchpoint.id") == touchpoint.touchpoint_id]
        assert hearings  # more than one where an event came again
        for heard in hearings:
            way = way_to(heard, spans)
            assert way[0].service == CHANNELS, "it begins with the channel's own span"
            passed = [(span.service, span.kind) for span in way]
            assert "server" in {kind_ for _, kind_ in passed}, passed
            if kind not in OPEN:
                assert passed[-1][1] == "consumer"
                assert any(one.kind == "producer" for one in spans)  # where its owner was asked, the record came later
            assert passed[-1][0] == "aggregator"
            below = [one for one in spans if one.parent_span_id == heard.span_id]
            assert any(one.attributes.get("db.system.name") == "mongodb" for one in below)


async def test_a_reminder_is_in_the_trace_of_what_was_left_in_the_cart(story: Story) -> None:
    (_, spans), *_ = story.of("MESSAGE")
    services = {span.service for span in spans}
    assert services >= {CHANNELS, "cart", "messaging", "aggregator"}  # from the cart to the reminder


async def test_every_span_tells_whose_it_is(story: Story) -> None:
    lacking: dict[str, str] = {}
    for one in story.touchpoints:
        spans = story.traces[one.traceparent.split("-")[1]]
        if any(span.name.endswith("/StartSession") for span in spans):
            continue  # looked at below: nobody knows the journey before it is found
        for span in spans:
            missing = {name for name in LABELS if not span.attributes.get(name)}
            if span.service == CHANNELS:
                missing.discard("channel.id")  # the server knows it, from the token
            way = way_to(span, spans)
            if missing and not was_asked_for(way):
                lacking[" > ".join(f"{one.service} {one.name}" for one in way)] = ", ".join(sorted(missing))
    assert not lacking, "\n".join(f"{missing}: {way}" for way, missing in sorted(lacking.items()))


async def test_of_the_start_of_a_visit_all_is_told_as_soon_as_it_is_known(story: Story) -> None:
    for touchpoint, spans in story.of("SESSION_STARTED"):
        assert [span.name for span in spans if span.service != CHANNELS and not span.attributes.get("channel.id")] == []
        [entered] = [one for one in spans if one.attributes.get("touchpoint.id") == touchpoint.touchpoint_id]
        within = [
            span
            for span in spans
            if entered in (way := way_to(span, spans))
            and all(one.service == "aggregator" and one.kind != "producer" for one in way[way.index(entered) :])
            and not any(one.kind == "consumer" for one in way)
        ]
        assert len(within) > 3  # with the questions to MongoDB, and to profile, by which the customer was found
        for span in within:
            assert [name for name in LABELS if not span.attributes.get(name)] == [], span.name
        assert entered.attributes["journey.id"] == story.journey_id


def was_asked_for(way: list[Span]) -> bool:
    """Whether an event on the way came from its owner, who was asked before Kafka brought it, so without baggage."""
    return any(one.kind == "consumer" and before.kind != "producer" for before, one in pairwise(way))


def walk(file: Path, trace_id: str) -> subprocess.CompletedProcess[str]:
    """Type what the page shows, about this file and trace."""
    _, *words, _, _ = block("docs/tracing.md", "sh", "observability.walk").split()
    command = [sys.executable, *words, str(file), trace_id]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


async def test_a_script_walks_the_weeks_from_the_last_trace_to_the_first_by_links_alone(story: Story) -> None:
    last = story.touchpoints[-1].traceparent.split("-")[1]
    for start in (last, story.touchpoints[0].traceparent.split("-")[1]):
        walked = await asyncio.to_thread(walk, story.file, start)
        assert walked.returncode == 0, walked.stdout + walked.stderr
        lines = walked.stdout.splitlines()
        assert lines[-1] == "none is missing"
        path = [line.split()[4] for line in lines[1:-1]]
        assert path == [one.traceparent.split("-")[1] for one in reversed(story.touchpoints)]
        assert {line.split()[2] for line in lines[1:-1]} >= {"web-shop", "mobile-app", "call-centre", "store-042"}
