"""Sends broken requests to a method, and notes whatever ought not to have come of one."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from grpc import StatusCode

from tests.hostile.cases import Case
from tests.hostile.contract import Rpc
from tests.hostile.furnished import Furnished, honest_messages
from tests.hostile.honest import CANARY
from tests.hostile.house import House
from tests.hostile.sending import BUSY, Outcome

MOST_TIMES = 4
"""How often a request is sent of which a change was seen although it was refused, or that found a service away."""

BUSY_SECONDS = 0.5
"""Then a request that a busy machine turned away is sent again."""


@dataclass(slots=True)
class Findings:
    """What came of many requests."""

    sent: int = 0
    accepted: int = 0
    faults: list[str] = field(default_factory=list)
    """Each with the request that led to it; empty is what is wanted."""


async def tried(house: House, rpc: Rpc, furnished: Furnished, broken: Iterable[Case]) -> Findings:
    """Send each, and after each look at the customer's record and read the customer."""
    findings = Findings()
    for case in broken:
        outcome, faults = await looked_at(house, rpc, furnished, case)
        findings.sent += 1
        findings.accepted += outcome.accepted
        faults += unreadable(await house.read(rpc.service, furnished.customer_id))
        findings.faults += [f"{rpc.name}, {case}: {fault}" for fault in faults]
    return findings


async def looked_at(house: House, rpc: Rpc, furnished: Furnished, case: Case) -> tuple[Outcome, list[str]]:
    """Send a request, and say what is wrong with its answer and with what has become of the customer's record."""
    outcome, changed = await _sent(house, rpc, furnished, case)
    faults = [outcome.fault] if outcome.fault else []
    if outcome.was_turned_away and (rpc.channels or rpc.callers):
        faults.append(f"it was not even looked at: {outcome.reason}")
    if CANARY.encode() in outcome.said.lower():
        faults.append(f"the answer says what was told: {outcome.said[:300]!r}")
    if changed and not outcome.accepted:
        faults.append(f"refused with {outcome.reason}, and the record has changed")
    return outcome, faults


async def _sent(house: House, rpc: Rpc, furnished: Furnished, case: Case) -> tuple[Outcome, bool]:
    """Send it, and say whether the customer's record has changed by it.

    What happened before goes on beside (a merge, a visit that is counted): what comes each time is believed.
    """
    outcome, changed = Outcome(StatusCode.OK), False
    for _ in range(MOST_TIMES):
        before = await house.record(rpc.service, furnished.customer_id)
        outcome = await house.send(rpc, *messages_of(rpc, furnished, case))
        changed = await house.record(rpc.service, furnished.customer_id) != before
        if outcome.reason in BUSY:
            await asyncio.sleep(BUSY_SECONDS)
        elif outcome.accepted or not (changed or outcome.code is StatusCode.UNAVAILABLE):
            break
    return outcome, changed


def messages_of(rpc: Rpc, furnished: Furnished, case: Case) -> tuple[bytes, ...]:
    """Give what is sent: of a stream, a row behind an honest start."""
    if not rpc.streams_requests or case.place.startswith("start"):
        return (case.raw,)
    return (honest_messages(rpc, furnished.honest)[0], case.raw)


def unreadable(read: Outcome) -> list[str]:
    """Say what is wrong with the customer's next read."""
    return [] if read.code is StatusCode.OK else [f"the next read of the customer: {read.code.name} {read.reason}"]
