"""Reads what there is of the customers after a load, through the same doors as the channels."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import omnithread
from omnithread.cart.v1.cart_service_pb2 import AuditCartRequest, GetCartRequest
from omnithread.cart.v1.order_service_pb2 import ListOrdersRequest
from omnithread.context.v1.context_pb2 import Touchpoint, TouchpointKind
from omnithread.context.v1.context_service_pb2 import (
    GetCustomerContextRequest,
    GetJourneyRequest,
    ListJourneysRequest,
)
from omnithread.messaging.v1.messaging_service_pb2 import (
    GetConversationRequest,
    ListConversationsRequest,
    ListMessagesRequest,
)
from omnithread.preference.v1.preference_pb2 import ConsentState
from omnithread.preference.v1.preference_service_pb2 import GetPreferencesRequest, ListConsentRecordsRequest
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest
from tests.faults.load.told import Told
from tests.faults.load.verifying import Seen, Step, journey_faults

PAGE = 100
MOST_PAGES = 1000
LOOK_AGAIN_SECONDS = 0.5
AT_ONCE = 3
"""So many customers are looked at at once: a part that has just come back is not to be asked for everybody's."""
AGREE_SECONDS = 15.0
KIND_PREFIX = "TOUCHPOINT_KIND_"
STATE_PREFIX = "CONSENT_STATE_"
TOLD_BY = {"CART_CHANGED": "added ", "MESSAGE": "queued "}
"""Of these kinds only touchpoints whose summary begins so are of the load's own deeds; the rest get another kind."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The channels through which is looked; the first asks for what all see alike."""

    channels: Mapping[str, omnithread.Omnithread]

    @property
    def one(self) -> omnithread.Omnithread:
        """The first of them."""
        return next(iter(self.channels.values()))

    async def living(self, told: Iterable[Told]) -> dict[str, str]:
        """Say who stands for each customer today."""
        ids = sorted({one.customer_id for one in told if one.customer_id})
        asked = (self.one.profile.GetProfile(GetProfileRequest(customer_id=one)) for one in ids)
        return {one: (await answer).profile.customer_id for one, answer in zip(ids, asked, strict=True)}

    async def all_of(self, customer_ids: Iterable[str]) -> dict[str, Seen]:
        """Look at each of them."""
        ids = sorted(set(customer_ids))
        slots = asyncio.Semaphore(AT_ONCE)

        async def look(customer_id: str) -> Seen:
            async with slots:
                return await self.seen(customer_id)

        return dict(zip(ids, await asyncio.gather(*(look(one) for one in ids)), strict=True))

    async def seen(self, customer_id: str) -> Seen:
        """Give all that is compared."""
        account = await self._account(customer_id)
        return Seen(
            **account, steps=tuple(await self.steps(customer_id)), by_channel=await self._by_channel(customer_id)
        )

    async def steps(self, customer_id: str) -> list[Step]:
        """Give the touchpoints of all journeys, the oldest journey first. Nothing is brought up to date by it."""
        journeys = [
            one
            async for one in _pages(
                lambda token: self.one.context.ListJourneys(
                    ListJourneysRequest(customer_id=customer_id, page_size=PAGE, page_token=token)
                ),
                lambda answer: answer.journeys,
            )
        ]
        found: list[Step] = []
        for journey in reversed(journeys):  # they are listed with the newest first
            name = journey.journey_id
            found += [
                _step(one)
                async for one in _pages(
                    lambda token, name=name: self.one.context.GetJourney(  # type: ignore[misc]
                        GetJourneyRequest(customer_id=customer_id, journey_id=name, page_size=PAGE, page_token=token)
                    ),
                    lambda answer: answer.touchpoints,
                )
            ]
        return found

    async def until_journeys_are_complete(
        self, told: Sequence[Told], *, since: float, limit_seconds: float
    ) -> tuple[float, list[str]]:
        """Look until every journey has what it must have; give the seconds since then, and what is wrong at the end."""
        living = await self.living(told)
        waiting = sorted(set(living.values()))
        faults: list[str] = []
        while True:
            faults, still = [], []
            for customer_id in waiting:
                mine = [one for one in told if living.get(one.customer_id) == customer_id]
                seen = Seen(**await self._account(customer_id), steps=tuple(await self.steps(customer_id)))
                if wrong := journey_faults(mine, seen):
                    still.append(customer_id)
                    faults += [f"{customer_id}: {fault}" for fault in wrong]
            waiting = still
            passed = time.monotonic() - since
            if not waiting or passed > limit_seconds:
                return passed, faults
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _account(self, customer_id: str) -> dict[str, Any]:
        """Give what the four services have."""
        channel = self.one
        orders = [
            one
            async for one in _pages(
                lambda token: channel.orders.ListOrders(
                    ListOrdersRequest(customer_id=customer_id, page_size=PAGE, page_token=token)
                ),
                lambda answer: answer.orders,
            )
        ]
        cart = (await channel.cart.GetCart(GetCartRequest(customer_id=customer_id))).cart
        pieces: Counter[str] = Counter()
        for lines in (cart.lines, cart.saved_lines, cart.set_aside_lines, *(order.lines for order in orders)):
            for line in lines:
                pieces[line.sku] += line.quantity
        preferences = (
            await channel.preference.GetPreferences(GetPreferencesRequest(customer_id=customer_id))
        ).preferences
        audit = await channel.cart.AuditCart(AuditCartRequest(customer_id=customer_id))
        return {
            "pieces": pieces,
            "orders": [order.order_id for order in orders],
            "records": [one.record_id for one in await self._records(customer_id)],
            "standing": {
                one.purpose: ConsentState.Name(one.state).removeprefix(STATE_PREFIX) for one in preferences.consents
            },
            "entries": await self._entries(customer_id),
            "messages": await self._messages(customer_id),
            "adds_up": audit.adds_up,
        }

    async def _records(self, customer_id: str) -> list[Any]:
        return [
            one
            async for one in _pages(
                lambda token: self.one.preference.ListConsentRecords(
                    ListConsentRecordsRequest(customer_id=customer_id, page_size=PAGE, page_token=token)
                ),
                lambda answer: answer.records,
            )
        ]

    async def _messages(self, customer_id: str) -> list[str]:
        return [
            one.message_id
            async for one in _pages(
                lambda token: self.one.messaging.ListMessages(
                    ListMessagesRequest(customer_id=customer_id, page_size=PAGE, page_token=token)
                ),
                lambda answer: answer.messages,
            )
        ]

    async def _entries(self, customer_id: str) -> list[str]:
        conversations = [
            one.conversation_id
            async for one in _pages(
                lambda token: self.one.messaging.ListConversations(
                    ListConversationsRequest(customer_id=customer_id, page_size=PAGE, page_token=token)
                ),
                lambda answer: answer.conversations,
            )
        ]
        found: list[str] = []
        for name in conversations:
            found += [
                one.entry_id
                async for one in _pages(
                    lambda token, name=name: self.one.messaging.GetConversation(  # type: ignore[misc]
                        GetConversationRequest(
                            customer_id=customer_id, conversation_id=name, page_size=PAGE, page_token=token
                        )
                    ),
                    lambda answer: answer.entries,
                )
            ]
        return found

    async def _by_channel(self, customer_id: str) -> dict[str, bytes]:
        """Give the context as each channel sees it; again while something still changes between two looks."""
        deadline = time.monotonic() + AGREE_SECONDS
        while True:
            answers = await asyncio.gather(
                *(
                    channel.context.GetCustomerContext(GetCustomerContextRequest(customer_id=customer_id))
                    for channel in self.channels.values()
                )
            )
            found = {
                name: answer.context.SerializeToString(deterministic=True)
                for name, answer in zip(self.channels, answers, strict=True)
            }
            whole = not any(answer.problems for answer in answers)
            if (whole and len(set(found.values())) == 1) or time.monotonic() > deadline:
                return found
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def _pages(
    ask: Callable[[str], Awaitable[Any]], rows: Callable[[Any], Iterable[Any]]
) -> AsyncIterator[Any]:  # the answers of six lists have no common type
    token = ""
    for _ in range(MOST_PAGES):
        answer = await ask(token)
        for row in rows(answer):
            yield row
        if not (token := answer.next_page_token):
            return
    raise AssertionError(f"a list with more than {MOST_PAGES} pages")


def _step(touchpoint: Touchpoint) -> Step:
    kind = TouchpointKind.Name(touchpoint.kind).removeprefix(KIND_PREFIX)
    subject = touchpoint.subject
    if kind == "CONVERSATION":
        subject = next((one.value for one in touchpoint.attributes if one.key == "entry_id"), "")
    if not touchpoint.summary.startswith(TOLD_BY.get(kind, "")):
        kind += "_OTHERWISE"
    time_of = touchpoint.occur_time
    return Step(
        touchpoint_id=touchpoint.touchpoint_id,
        kind=kind,
        subject=subject,
        session_id=touchpoint.session_id,
        time=time_of.seconds + time_of.nanos / 1e9,
        journey_id=touchpoint.journey_id,
    )
