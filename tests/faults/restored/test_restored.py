"""One service's database is restored to an earlier state: its readers notice the epoch, and drop no news after it.

A restore turns event numbers back, so what happens after it has numbers that readers have seen before. With the new
epoch (`python -m services.<name> new-epoch`, docs/operating.md) they begin anew, and what they had is not doubled.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

import omnithread
from deploy.local.child import start_child
from deploy.local.state import ROOT
from deploy.local.suite import Suite
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from omnithread.profile.v1.profile_pb2 import Profile
from omnithread.profile.v1.profile_service_pb2 import UpdateProfileRequest
from tests.faults.load.seeing import Sight
from tests.faults.restored.backup import put_back, take
from tests.faults.results import note
from tests.faults.seeds import chance, rounds, seed
from tests.journeys.people import add, consent, log_in, somebody
from tests.running_suite import Channels, until

pytestmark = pytest.mark.timeout(900)

CUSTOMERS = 3
LOST_EACH = 3
"""So many news of each customer are in no backup: the numbers that come again."""


async def _cart(channel: omnithread.Omnithread, customer_id: str) -> None:
    await add(channel, customer_id, "bag")


async def _preference(channel: omnithread.Omnithread, customer_id: str) -> None:
    await consent(channel, customer_id, DELIVERY_KIND_EMAIL)


async def _messaging(channel: omnithread.Omnithread, customer_id: str) -> None:
    await channel.messaging.PostMessage(
        PostMessageRequest(customer_id=customer_id, topic="order_help", author=AUTHOR_CUSTOMER, text="Where is it?")
    )


async def _profile(channel: omnithread.Omnithread, customer_id: str) -> None:
    name = f"Anna {omnithread.new_request_id()[:8]}"
    await channel.profile.UpdateProfile(
        UpdateProfileRequest(
            profile=Profile(customer_id=customer_id, given_name=name), update_mask=FieldMask(paths=["given_name"])
        )
    )


News = Callable[[omnithread.Omnithread, str], Awaitable[None]]
NEWS: Mapping[str, tuple[News, str]] = MappingProxyType(
    {
        "cart": (_cart, "CART_CHANGED"),
        "preference": (_preference, "PREFERENCES_CHANGED"),
        "messaging": (_messaging, "CONVERSATION"),
        "profile": (_profile, "PROFILE_UPDATED"),
    }
)
"""What makes one touchpoint through a service, and of which kind."""


def some_services() -> list[str]:
    """Give the services of this run: all four in a full one, else those that the seed chooses."""
    return chance("restored").sample(sorted(NEWS), rounds(len(NEWS)))


@pytest.mark.parametrize("name", some_services())
async def test_after_a_restore_no_news_is_dropped_and_none_is_doubled(
    suite: Suite, channels: Channels, name: str
) -> None:
    tell, kind = NEWS[name]
    sight = Sight({"call-centre": channels.agent})
    people = [(await log_in(channels.shop, somebody())).customer_id for _ in range(CUSTOMERS)]
    service, database = suite.services[name], suite.plan.database(name)

    async def counts() -> list[int]:
        return [
            Counter(step.kind for step in await sight.steps(customer_id))[kind] - at_first[customer_id]
            for customer_id in people
        ]

    at_first = dict.fromkeys(people, 0)
    await _tell_all(tell, channels, people)
    seen = await until(counts, lambda found: min(found) >= 1)
    at_first = dict(zip(people, [count - 1 for count in seen], strict=True))  # a login may be one of the kind too

    await service.stop()
    backup = await asyncio.to_thread(take, suite.backends.mongo_uri, database)
    await _start(service.start, channels)
    for _ in range(LOST_EACH):
        await _tell_all(tell, channels, people)
    await until(counts, lambda found: found == [1 + LOST_EACH] * CUSTOMERS)

    await service.stop()
    await asyncio.to_thread(put_back, suite.backends.mongo_uri, database, backup)
    child = await start_child(
        [sys.executable, "-m", f"services.{name}", "new-epoch"],
        name=f"{name} new-epoch",
        log=suite.plan.state_dir / "new-epoch.log",
        environment=service.environment,
        cwd=ROOT,
    )
    assert await child.wait() == 0, child.failure("ended")
    await _start(service.start, channels)
    await _tell_all(tell, channels, people)
    expected = [2 + LOST_EACH] * CUSTOMERS
    found = await until(counts, lambda found: all(one >= due for one, due in zip(found, expected, strict=True)))
    note(
        "restored",
        seed=seed(),
        done=CUSTOMERS,
        wanted=f"{name} set back by {LOST_EACH} events of each customer: the news after it come, none is doubled",
        found=f"{name} set back: of {sum(expected)} touchpoints {sum(found)} are there",
        ok=found == expected,
    )


async def _tell_all(tell: News, channels: Channels, people: list[str]) -> None:
    for customer_id in people:
        await tell(channels.shop, customer_id)


async def _start(start: Callable[[], Awaitable[object]], channels: Channels) -> None:
    await start()
    await channels.reach_everything()
