"""Row `frozen`: one of two replicas says nothing any more, and its connections stay; everybody goes on with the other.

Nobody is told that it froze: grpc's pings find out, of services among each other within 4 s, of channels, which ping as
seldom as the public port wants it, within 25 s. Until then every second call waits for the frozen one.
"""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import grpc
import pytest

import omnithread
from deploy.local.suite import Suite
from libs.ids import new_id
from libs.timestamps import to_timestamp
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, GetCartRequest
from omnithread.context.v1.context_pb2 import SECTION_CART
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest
from tests.faults.dead_dependencies.steadily import Call, Called, call_steadily, until_all_are_answered
from tests.faults.freezing import frozen
from tests.faults.results import note
from tests.faults.seeds import seed, share
from tests.journeys.people import log_in, somebody
from tests.running_suite import running_suite
from tests.services.aggregator.company import item

pytestmark = pytest.mark.timeout(1200)

FROZEN_SECONDS = 120.0
LEAST_SECONDS = 40.0
CALLS_A_SECOND = 3.0
"""Of each kind: changes of one cart in a row, hardly ever two at once."""
CALL_SECONDS = 2.0
CHANNELS_SECONDS = 25.0
SERVICES_SECONDS = 4.0
SLACK_SECONDS = 1.0
MOST_SECONDS = 90.0
WRITE, READ, CONTEXT = "write", "read", "context"


@pytest.fixture
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    async with running_suite(tmp_path_factory.mktemp("pair"), {}, replicas=2) as running:
        yield running


@asynccontextmanager
async def second_frozen(suite: Suite, service: str) -> AsyncIterator[None]:
    pid = suite.replicas[service][1].pid
    assert pid is not None
    async with frozen(pid):
        yield


class Buying:
    """One customer's cart: what was sent, and what was answered."""

    def __init__(self, channel: omnithread.Omnithread, customer_id: str) -> None:
        self.channel = channel
        self.customer_id = customer_id
        self.sent = self.acknowledged = self.without_cart = 0

    async def write(self) -> None:
        request: AddItemRequest = item(self.customer_id)
        request.request_id = new_id("req")
        request.issue_time.CopyFrom(to_timestamp(datetime.now(UTC)))
        self.sent += 1
        await self.channel.cart.AddItem(request, timeout=CALL_SECONDS)
        self.acknowledged += 1

    async def read(self) -> int:
        request = GetCartRequest(customer_id=self.customer_id)
        answer = await self.channel.cart.GetCart(request, timeout=CALL_SECONDS)
        return sum(line.quantity for line in answer.cart.lines)

    async def context(self) -> None:
        request = GetCustomerContextRequest(customer_id=self.customer_id)
        answer = await self.channel.context.GetCustomerContext(request, timeout=CALL_SECONDS)
        if SECTION_CART in [problem.section for problem in answer.problems]:
            self.without_cart += 1
            raise _NamedError


class _NamedError(grpc.aio.AioRpcError):
    """A context whose cart is named as missing."""

    def __init__(self) -> None:
        super().__init__(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), "no cart", None)


def last_trouble(found: Sequence[Called], *what: str) -> float:
    """Say when the last call ended that was not answered well; seconds since it froze."""
    ends = [call.began + call.took_seconds for call in found if call.what in what and not call.was_answered]
    return max(ends, default=0.0)


async def test_with_one_of_two_replicas_frozen_channels_and_services_go_on_with_the_other(pair: Suite) -> None:
    async with pair.connect("web-shop") as channel:
        buying = Buying(channel, (await log_in(channel, somebody())).customer_id)
        calls: dict[str, Call] = {WRITE: buying.write, READ: buying.read, CONTEXT: buying.context}
        await until_all_are_answered(calls, limit_seconds=MOST_SECONDS)
        async with second_frozen(pair, "cart"):
            seconds = max(LEAST_SECONDS, FROZEN_SECONDS * share())
            found = await call_steadily(calls, seconds, calls_a_second=CALLS_A_SECOND)
        back = await until_all_are_answered(calls, limit_seconds=MOST_SECONDS)
        bought = await buying.read()

    by_channels, by_services = last_trouble(found, WRITE, READ), last_trouble(found, CONTEXT)
    ends = max(call.began for call in found)
    answered = Counter(call.what for call in found if call.was_answered)
    later = [call for call in found if call.began > CHANNELS_SECONDS + SLACK_SECONDS]
    said = Counter(f"{call.what}: {call.said}" for call in later if not call.was_answered)
    kept = buying.acknowledged <= bought <= buying.sent
    note(
        "frozen",
        seed=seed(),
        done=len(found),
        wanted="channels go on within 25 s, services within 4 s, half of the calls meanwhile; nothing lost or doubled",
        found=f"{len(found)} calls, answered {dict(answered)}; the last one in trouble after {by_channels:.1f} s "
        f"(channels) and {by_services:.1f} s (services) of {ends:.0f} s, and of {len(later)} calls that began later "
        f"than 26 s {said.total()} {dict(said.most_common(3))}; {buying.acknowledged} pieces acknowledged of "
        f"{buying.sent} sent, {bought} in the cart; all well {max(back.values()):.1f} s after the thaw",
        ok=kept and said.total() < len(later) / 2 and min(answered.values()) > len(found) / len(calls) / 3,
        in_time=by_channels <= CHANNELS_SECONDS + CALL_SECONDS + SLACK_SECONDS
        and by_services <= SERVICES_SECONDS + CALL_SECONDS + SLACK_SECONDS,
    )
