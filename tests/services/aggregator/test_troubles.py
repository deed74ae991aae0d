"""What failed on a customer's way is a touchpoint for the engineer, bounded, and nobody waits for it."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from libs.channel import Channel
from libs.journey_rules import BUILT_IN
from libs.mongo.connection import Database
from libs.timestamps import from_timestamp, to_timestamp
from omnithread.cart.v1.cart_internal_service_pb2 import ListRejectionsRequest, ListRejectionsResponse, Rejection
from omnithread.cart.v1.cart_service_pb2 import CheckoutRequest, PickupChoice
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_WEB
from omnithread.context.v1 import context_pb2 as context
from omnithread.context.v1 import context_service_pb2 as pb
from services.aggregator.context import Problem
from services.aggregator.journey_spans import spans
from services.aggregator.operations import Journeys
from services.aggregator.troubles.model import note_trouble
from services.aggregator.troubles.operations import Troubles
from services.aggregator.troubles.rejections import LOOKED, RefusedAtCart
from services.aggregator.troubles.sections import MissingSections
from services.aggregator.troubles.values import MOST_PER_HOUR, Trouble
from services.aggregator.values import Thread
from tests.services.aggregator.company import Company, visitor
from tests.services.aggregator.conftest import Watch
from tests.services.aggregator.samples import NOON, WEB
from tests.services.aggregator.test_operations import stamp
from tests.services.calls import refusal, until

REFUSED = Trouble(
    key="cart:1",
    area="cart",
    method="Checkout",
    reason="CART_LOCKED",
    channel=Channel("web-shop", CHANNEL_KIND_WEB),
    time=NOON,
    session_id="ses_somebody_elses",
    traceparent=WEB.traceparent,
)
CART_IS_SILENT = Problem(context.SECTION_CART, context.SECTION_PROBLEM_REASON_UNAVAILABLE)


def noted(thread: Thread, trouble: Trouble) -> Thread | None:
    change = note_trouble(thread, trouble, of_customer_id="cus_1", journey_id="jrn_1", rules=BUILT_IN)
    return change.state if change else None


def test_a_refused_checkout_is_told_with_its_reason_and_its_trace_and_prolongs_no_journey() -> None:
    thread = noted(Thread(), REFUSED)
    assert thread is not None
    (told,) = thread.recent_touchpoints
    assert (told.kind, told.subject, told.by_customer) == (context.TOUCHPOINT_KIND_PROBLEM, "CART_LOCKED", False)
    assert told.attributes == (("area", "cart"), ("method", "Checkout"), ("reason", "CART_LOCKED"))
    assert (told.summary, told.traceparent, told.session_id) == ("cart Checkout: CART_LOCKED", WEB.traceparent, "")
    assert told.of_customer_id == "cus_1"  # who has it back where a merge is undone
    assert spans(thread.timeline)[0].last_act_time is None


def test_a_customer_whose_checkout_fails_again_and_again_has_ten_problems_an_hour() -> None:
    thread = Thread()
    for number in range(30):
        again = replace(REFUSED, key=f"cart:{number}", time=NOON + timedelta(minutes=number))
        thread = noted(thread, again) or thread
    assert len(thread.recent_touchpoints) == MOST_PER_HOUR
    assert noted(thread, replace(REFUSED, key="cart:99", time=NOON + timedelta(hours=2))) is not None


async def test_a_missing_section_is_noted_once_in_five_minutes(journeys: Journeys, watch: Watch) -> None:
    await journeys.start_session("cus_1", "", stamp("request-1"))
    missing = MissingSections(troubles=Troubles(journeys), clock=watch)
    behind = Problem(context.SECTION_JOURNEY, context.SECTION_PROBLEM_REASON_BEHIND, 3)
    for _ in range(3):
        missing.note("cus_1", [CART_IS_SILENT, behind], WEB)
    missing.note("cus_nobody", [CART_IS_SILENT], WEB)
    watch.pass_by(minutes=6)
    missing.note("cus_1", [CART_IS_SILENT], WEB)

    async def are_noted() -> bool:
        told = (await journeys.get("cus_1")).state.recent_touchpoints
        return [one.summary for one in told].count("cart cart: UNAVAILABLE") == 2

    writing = asyncio.create_task(missing.run())
    assert await until(are_noted)
    writing.cancel()
    assert not (await journeys.records.get_exact("cus_nobody")).exists


class CartThatRefused:
    """Tells of refusals, as cart does."""

    def __init__(self, *times: datetime) -> None:
        self._told = [
            Rejection(
                rejection_id=f"refused-{number}",
                customer_id="cus_1",
                method="Checkout",
                reason="CART_LOCKED",
                reject_time=to_timestamp(time),
            )
            for number, time in enumerate(times)
        ]

    async def ListRejections(  # noqa: N802  the contract names it
        self, request: ListRejectionsRequest, **_: object
    ) -> ListRejectionsResponse:
        since = from_timestamp(request.since)
        return ListRejectionsResponse(rejections=[r for r in self._told if from_timestamp(r.reject_time) >= since])


async def test_a_refusal_is_noted_also_where_the_one_who_found_it_stops_before(
    journeys: Journeys, database: Database, watch: Watch
) -> None:
    await journeys.start_session("cus_1", "", stamp("request-1"))
    cart: Any = CartThatRefused(NOON - timedelta(minutes=30), NOON)  # a stub's class is known to type checkers only

    class Stopped(Exception):
        """The process was killed."""

    class StopsAtOnce(Troubles):
        async def note(self, customer_id: str, trouble: Trouble) -> bool:
            raise Stopped(customer_id, trouble.key)

    def sweeping(troubles: Troubles) -> RefusedAtCart:
        return RefusedAtCart(troubles=troubles, cart=cart, database=database, clock=watch, pause_seconds=1)

    with pytest.raises(Stopped):
        await sweeping(StopsAtOnce(journeys)).sweep()
    other = sweeping(Troubles(journeys))
    for _ in range(3):
        await other.sweep()
    told = (await journeys.get("cus_1")).state.recent_touchpoints
    assert [one.kind for one in told].count(context.TOUCHPOINT_KIND_PROBLEM) == 2
    looked = await database[LOOKED].find_one({"_id": "cart"})
    assert looked is not None
    assert looked["time"] == NOON


async def test_what_cart_refused_is_in_the_journey_a_moment_later(company: Company) -> None:
    session = await company.web.start_session([visitor()])
    with session.carry():
        empty = CheckoutRequest(customer_id=session.customer_id, pickup=PickupChoice(store_id="042"))
        assert (await refusal(company.web.cart.Checkout(empty))).reason == "CART_EMPTY"

    async def told() -> list[context.Touchpoint]:
        asked = pb.GetJourneyRequest(customer_id=session.customer_id)
        steps = (await company.web.context.GetJourney(asked)).touchpoints
        return [step for step in steps if step.kind == context.TOUCHPOINT_KIND_PROBLEM]

    (problem,) = await until(told)
    assert (problem.subject, problem.channel.id, problem.by_customer) == ("CART_EMPTY", "web-shop", False)
    assert problem.session_id == session.started.session_id
