"""A company with its channels: all five services in this process, and what people do there."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from google.type.money_pb2 import Money

import omnithread
from libs.ids import new_id
from libs.process import migrate
from libs.service import Service, Settings
from libs.serving import Running, serving
from libs.timestamps import to_timestamp
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest
from omnithread.context.v1 import context_service_pb2 as pb
from omnithread.context.v1.context_pb2 import CustomerContext, SectionProblem, Touchpoint
from omnithread.profile.v1.profile_pb2 import IDENTIFIER_KIND_COOKIE, IDENTIFIER_KIND_EMAIL, Identifier, Profile
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest
from services.aggregator.service import SERVICE as AGGREGATOR
from services.cart.service import SERVICE as CART
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.services.running import LOOPBACK, Services

FOUR: tuple[Service[Any], ...] = (PROFILE, CART, PREFERENCE, MESSAGING)  # of four kinds of settings


UNHURRIED_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Company:
    """One installation as its channels meet it."""

    services: Services
    aggregator: Running
    web: omnithread.Omnithread
    store: omnithread.Omnithread
    """Its calls are made by Anna, who works there."""
    call_centre: omnithread.Omnithread

    async def context(self, customer_id: str, **fields: Any) -> pb.GetCustomerContextResponse:
        """What the web shop is told."""
        return await self.web.context.GetCustomerContext(
            pb.GetCustomerContextRequest(customer_id=customer_id, **fields), timeout=40
        )

    async def whole_context(self, customer_id: str) -> CustomerContext:
        """What the web shop is told where nothing is amiss."""
        answer = await self.context(customer_id)
        assert list(answer.problems) == []
        return answer.context

    async def counted(self, customer_id: str, *, visits: int) -> None:
        """Wait until profile has counted these visits: a moment after a visit began the profile is a newer one."""
        async with asyncio.timeout(60):
            while sum(use.visit_count for use in (await self._profile(customer_id)).facts.channels) != visits:
                await asyncio.sleep(0.02)

    async def _profile(self, customer_id: str) -> Profile:
        return (await self.web.profile.GetProfile(GetProfileRequest(customer_id=customer_id))).profile


async def company_at(services: Services, **settings: Any) -> Company:
    """Open the company: the aggregator starts beside the services that run already.

    It takes its time where nothing else is said: on a busy machine, too, an answer is whole where nobody is away.
    """
    return company_with(
        services, await services.start(AGGREGATOR, **{"most_answer_seconds": UNHURRIED_SECONDS} | settings)
    )


def company_with(services: Services, aggregator: Running) -> Company:
    """The company whose channels all call this one replica of the aggregator."""
    return Company(
        services=services,
        aggregator=aggregator,
        web=services.connect("web-shop"),
        store=services.connect("store-042", actor="anna"),
        call_centre=services.connect("call-centre", actor="ben"),
    )


async def start_stoppable(services: Services, service: Service[Settings], **settings: object) -> AsyncExitStack:
    """Start a service that the test stops by closing what it gets; the others are told its address."""
    given = services.settings(service, **settings)
    await migrate(service, given)
    stack = AsyncExitStack()
    running = await stack.enter_async_context(serving(service, given))
    services.addresses[service.name] = f"{LOOPBACK}:{running.port}"
    return stack


def visitor() -> Identifier:
    """A browser that nobody has seen before."""
    return Identifier(kind=IDENTIFIER_KIND_COOKIE, value=new_id("visitor"))


def login() -> Identifier:
    """Somebody's proven e-mail address."""
    return Identifier(kind=IDENTIFIER_KIND_EMAIL, value=f"{new_id('mia').replace('_', '.')}@example.com", verified=True)


def item(customer_id: str, sku: str = "boots", quantity: int = 1) -> AddItemRequest:
    return AddItemRequest(
        customer_id=customer_id,
        sku=sku,
        name=f"The {sku}",
        unit_price=Money(currency_code="EUR", units=59),
        quantity=quantity,
    )


def start_of_session(*identifiers: Identifier, session_id: str = "", days_ago: float = 0) -> pb.StartSessionRequest:
    """A request with an id and a time of its own, to be sent more than once."""
    return pb.StartSessionRequest(
        identifiers=identifiers,
        session_id=session_id,
        request_id=new_id("req"),
        issue_time=to_timestamp(datetime.now(UTC) - timedelta(days=days_ago)),
    )


def summaries(touchpoints: list[Touchpoint]) -> list[str]:
    return [touchpoint.summary for touchpoint in touchpoints]


def named(problems: list[SectionProblem]) -> list[tuple[int, int]]:
    return [(problem.section, problem.reason) for problem in problems]
