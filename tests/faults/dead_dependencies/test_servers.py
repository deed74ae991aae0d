"""MongoDB or Kafka is dead, or frozen, while channels read and write.

Without MongoDB nothing is guessed: each call is refused for that reason before its caller has given up, tried again a
few times at most, and answered again soon after it is back. Without Kafka nobody waits: all calls go on.
"""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.local.server import Server
from deploy.local.suite import Suite
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest
from omnithread.context.v1.context_pb2 import SECTION_CART, Section, SectionProblemReason
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest, GetCustomerContextResponse
from omnithread.preference.v1.preference_service_pb2 import GetPreferencesRequest
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest
from tests.faults.dead_dependencies.away import dead, frozen
from tests.faults.dead_dependencies.steadily import Call, arrived, call_steadily, until_all_are_answered
from tests.faults.kills.back import until_something_is_published
from tests.faults.results import note
from tests.faults.seeds import seed, share
from tests.journeys.people import add, log_in, somebody
from tests.running_suite import Channels, until

pytestmark = pytest.mark.timeout(900)

AWAY_SECONDS = 60.0
CALL_SECONDS = 2.0
PATIENT_SECONDS = 20.0
"""Where everything is to be answered: what takes long is told as such."""
CALLS_A_SECOND = 4.0
"""Of each kind."""
LATE_SECONDS = 0.2
"""How much later than its caller's deadline an answer may be seen."""
RECOVERED_IN_SECONDS = 3.0
MOST_RECOVERY_SECONDS = 90.0
MOST_ATTEMPTS = 1.1
AT_ONCE = 20
"""Tries again that two budgets let through before they count: that of the client package, and the aggregator's."""
USUAL_SECONDS = 1.0
REFUSALS = ("UNAVAILABLE", "DEADLINE_EXCEEDED")
GET_CART = "/omnithread.cart.v1.CartService/GetCart"

Away = Callable[[Server[Any]], AbstractAsyncContextManager[None]]  # addresses of several types
BOTH = pytest.mark.parametrize("away", [dead, frozen], ids=["dead", "frozen"])


def reads(channels: Channels, of: str, *, seconds: float) -> dict[str, Call]:
    """What each service is asked of a customer."""
    store = channels.store
    return {
        "profile": lambda: store.profile.GetProfile(GetProfileRequest(customer_id=of), timeout=seconds),
        "cart": lambda: store.cart.GetCart(GetCartRequest(customer_id=of), timeout=seconds),
        "preference": lambda: store.preference.GetPreferences(GetPreferencesRequest(customer_id=of), timeout=seconds),
    }


@BOTH
async def test_without_mongodb_calls_are_refused_for_that_reason_in_time_and_answered_again_soon(
    suite: Suite, channels: Channels, away: Away
) -> None:
    if suite.mongo is None:
        pytest.skip("the database is not ours to take away")
    customer_id, unnamed = (await log_in(channels.shop, somebody())).customer_id, 0

    async def context() -> None:
        nonlocal unnamed
        answer = await _context(channels, customer_id, seconds=CALL_SECONDS)
        unnamed += SECTION_CART not in [problem.section for problem in answer.problems]

    calls: dict[str, Call] = {**reads(channels, customer_id, seconds=CALL_SECONDS), "context": context}
    await until_all_are_answered(calls, limit_seconds=MOST_RECOVERY_SECONDS)
    before = await arrived(suite.plan, "cart", GET_CART)
    async with away(suite.mongo):
        unnamed = 0
        found = await call_steadily(calls, max(4.0, AWAY_SECONDS * share()), calls_a_second=CALLS_A_SECOND)
        tries, guessed = await arrived(suite.plan, "cart", GET_CART) - before, unnamed
    back = await until_all_are_answered(calls, limit_seconds=MOST_RECOVERY_SECONDS)

    refused = [call for call in found if not call.was_answered]
    wrong = Counter(f"{call.what}: {call.said}" for call in refused if not call.said.startswith(REFUSALS))
    late = max(call.took_seconds for call in found) - CALL_SECONDS
    asked = sum(call.what in {"cart", "context"} for call in found)  # behind every context there is one of them
    slowest = max(back, key=lambda what: back[what])
    note(
        "dependencies",
        seed=seed(),
        done=len(found),
        wanted="without MongoDB: refused as UNAVAILABLE or DEADLINE_EXCEEDED within the caller's time, or the section "
        "named, at most 1.1 attempts a call beside the budget, answered again in 3 s",
        found=f"mongodb {away.__name__}: {len(refused)} of {len(found)} refused, {wrong.total()} for another reason "
        f"{dict(wrong.most_common(3))}, {guessed} contexts that name nothing, "
        f"{tries / asked:.2f} attempts a call, the latest {max(0.0, late):.2f} s after its deadline, "
        f"all answered after {back[slowest]:.1f} s ({slowest})",
        ok=bool(refused) and not wrong and not guessed and tries <= MOST_ATTEMPTS * asked + AT_ONCE,
        in_time=late <= LATE_SECONDS and back[slowest] <= RECOVERED_IN_SECONDS,
    )


@BOTH
async def test_without_kafka_nobody_waits_and_what_happened_is_published_soon_after_it_is_back(
    suite: Suite, channels: Channels, away: Away
) -> None:
    if suite.kafka is None:
        pytest.skip("the broker is not ours to take away")
    customer_id = (await log_in(channels.shop, somebody())).customer_id
    missing: Counter[str] = Counter()

    async def context() -> None:
        for problem in (await _context(channels, customer_id, seconds=PATIENT_SECONDS)).problems:
            section, reason = Section.Name(problem.section), SectionProblemReason.Name(problem.reason)
            missing[f"{section.removeprefix('SECTION_')} {reason.removeprefix('SECTION_PROBLEM_REASON_')}"] += 1

    async def write() -> None:
        await add(channels.shop, customer_id, "purse")

    calls: dict[str, Call] = {
        **reads(channels, customer_id, seconds=PATIENT_SECONDS),
        "context": context,
        "write": write,
    }
    await until_all_are_answered(calls, limit_seconds=MOST_RECOVERY_SECONDS)
    await until(lambda: _context(channels, customer_id, seconds=PATIENT_SECONDS), lambda answer: not answer.problems)
    missing.clear()
    async with away(suite.kafka):
        found = await call_steadily(calls, max(4.0, AWAY_SECONDS * share()), calls_a_second=CALLS_A_SECOND)
    back, date = time.monotonic(), datetime.now(UTC)
    await write()
    await until_something_is_published(suite, date)
    published = time.monotonic() - back

    refused = Counter(f"{call.what}: {call.said}" for call in found if not call.was_answered)
    bare = sum(count for what, count in missing.items() if not what.endswith(" BEHIND"))
    times = sorted(call.took_seconds for call in found)
    late = times[min(len(times) - 1, int(len(times) * 0.99))]
    note(
        "dependencies",
        seed=seed(),
        done=len(found),
        wanted="without Kafka: every call answered, no section missing, p99 of a second; published again in 3 s",
        found=f"kafka {away.__name__}: {refused.total()} refused {dict(refused.most_common(3))}, {bare} sections "
        f"missing {dict(missing)}, p99 {late * 1000:.0f} ms, published again after {published:.1f} s",
        ok=all("DEADLINE" in what for what in refused),
        in_time=not refused and not bare and late <= USUAL_SECONDS and published <= RECOVERED_IN_SECONDS,
    )


async def _context(channels: Channels, customer_id: str, *, seconds: float) -> GetCustomerContextResponse:
    request = GetCustomerContextRequest(customer_id=customer_id)
    return await channels.store.context.GetCustomerContext(request, timeout=seconds)
