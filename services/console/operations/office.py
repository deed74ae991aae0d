"""Asks messaging for what operations looks at: providers, dead letters, subscriptions; or why it does not say."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import grpc

import omnithread
from omnithread.messaging.v1.delivery_pb2 import DeadLetter, Provider
from omnithread.messaging.v1.delivery_service_pb2 import (
    GetDeadLetterRequest,
    ListDeadLettersRequest,
    ListProvidersRequest,
    ReplayDeadLetterRequest,
)
from omnithread.messaging.v1.subscription_pb2 import Subscription
from omnithread.messaging.v1.subscription_service_pb2 import ListSubscriptionsRequest
from services.console.web.failures import refusal_of

DEAD_LETTERS = 20
ANSWER_SECONDS = 3.0
AWAY = 503

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Told(Generic[Thing]):
    """Things, or why they are not known."""

    things: Sequence[Thing]
    problem: str = ""
    more: str = ""
    """Where the next page begins; empty at the end."""


@dataclass(frozen=True, slots=True)
class Office:
    """What messaging says."""

    providers: Told[Provider]
    dead_letters: Told[DeadLetter]
    subscriptions: Told[Subscription]


async def look(suite: omnithread.Omnithread, *, page_token: str = "") -> Office:
    """Ask for all three at once; within 3 s."""
    providers, dead_letters, subscriptions = await asyncio.gather(
        _told(_providers(suite)), _told(_dead_letters(suite, page_token)), _told(_subscriptions(suite))
    )
    return Office(providers=providers, dead_letters=dead_letters, subscriptions=subscriptions)


async def dead_letter(suite: omnithread.Omnithread, customer_id: str, message_id: str) -> DeadLetter:
    """Give one."""
    asked = GetDeadLetterRequest(customer_id=customer_id, message_id=message_id)
    return (await suite.delivery.GetDeadLetter(asked)).dead_letter


async def replay(suite: omnithread.Omnithread, customer_id: str, message_id: str, *, request_id: str) -> None:
    """Queue the same words again, once however often it is asked."""
    await suite.delivery.ReplayDeadLetter(
        ReplayDeadLetterRequest(customer_id=customer_id, message_id=message_id, request_id=request_id)
    )


async def _providers(suite: omnithread.Omnithread) -> Told[Provider]:
    return Told((await suite.delivery.ListProviders(ListProvidersRequest(), timeout=ANSWER_SECONDS)).providers)


async def _dead_letters(suite: omnithread.Omnithread, page_token: str) -> Told[DeadLetter]:
    asked = ListDeadLettersRequest(page_size=DEAD_LETTERS, page_token=page_token)
    answer = await suite.delivery.ListDeadLetters(asked, timeout=ANSWER_SECONDS)
    return Told(answer.dead_letters, more=answer.next_page_token)


async def _subscriptions(suite: omnithread.Omnithread) -> Told[Subscription]:
    answer = await suite.subscriptions.ListSubscriptions(ListSubscriptionsRequest(), timeout=ANSWER_SECONDS)
    return Told(answer.subscriptions)


async def _told(asked: Awaitable[Told[Thing]]) -> Told[Thing]:
    try:
        return await asked
    except grpc.RpcError as error:
        failure, _ = refusal_of(error)
        said = "not answering" if failure.status == AWAY else "refuses to say"
        return Told((), problem=f"{said} ({failure.reason})")
