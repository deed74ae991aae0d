"""What tests of one-time codes begin with: somebody who asks for a code, and a code that is always the same."""

import asyncio

import pytest

from libs.errors import OmnithreadError
from libs.mongo.values import Saved
from services.profile.model import Identifier, Profile
from services.profile.service import verifying_of
from services.profile.verifying import Started, Verified, Verifying
from tests.services.profile.people import card, cookie, email
from tests.services.profile.replicas import Replicas

ANNAS = email("anna@example.com")
RIGHT, WRONG = "271828", "314159"


def desk_of(replicas: Replicas, number: int) -> Verifying:
    return verifying_of(replicas[number], database=replicas.database, clock=replicas.clock, new_code=lambda: RIGHT)


async def started(replicas: Replicas, desk: Verifying, customer_id: str, identifier: Identifier = ANNAS) -> Started:
    return await desk.start(customer_id, identifier, language="de", stamp=replicas.stamp())


async def tried(replicas: Replicas, desk: Verifying, customer_id: str, start: Started, code: str = RIGHT) -> Verified:
    stamp = replicas.stamp(body=code.encode())
    return await desk.verify(customer_id, start.verification_id, code, stamp=stamp)


async def a_guest(replicas: Replicas, name: str = "laptop") -> str:
    return (await replicas.identify(cookie(name))).saved.customer_id


async def anna(replicas: Replicas) -> Saved[Profile]:
    return (await replicas.identify(ANNAS, card("4711"))).saved


async def reason_of(call: "asyncio.Future[object] | object") -> tuple[str, dict[str, str]]:
    with pytest.raises(OmnithreadError) as refused:
        await call  # type: ignore[misc]  # any awaitable
    return refused.value.reason, dict(refused.value.metadata)
