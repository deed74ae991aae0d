"""Runs a share of the matrix or of the damaged requests of one service, and tells what ought not to have been."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from grpc import StatusCode

from tests.hostile.cases import Case, cases
from tests.hostile.contract import AREAS, Rpc, rpcs
from tests.hostile.furnished import Furnished, furnish, honest_messages
from tests.hostile.house import House
from tests.hostile.mutations import StillFails, mutated, shrunk
from tests.hostile.trial import Findings, looked_at, tried, unreadable

READ_EVERY = 20
"""How many refused damaged requests go by between two reads of the customer; one follows each that was accepted."""
FRESH_EVERY = 5_000
"""After so many damaged requests another customer is asked about: MongoDB reads the newest entries of an audit log of
tens of thousands from its index, where the embedded server sorts them all."""
MOST_SHRUNK = 20
"""So many faults are told with the least request that leads to them: each takes dozens of calls to find."""
LEAVES_NOTHING = frozenset({"EraseArea", "EraseCustomer", "AbsorbCustomer", "MergeCustomers", "ReleaseCustomer"})
"""After these, whoever a damaged request happened to name may be gone."""


@dataclass(slots=True)
class Run:
    """What came of a run over a service."""

    sent: int = 0
    accepted: int = 0
    faults: list[str] = field(default_factory=list)


async def matrix(house: House, service: str, *, share: float, chance: random.Random, most_methods: int = 1000) -> Run:
    """Send a share of the cases of every method, or of so many, at least one of each."""
    run = Run()
    furnished = await furnish(house, service)
    methods = rpcs(service)
    for rpc in methods if len(methods) <= most_methods else chance.sample(methods, most_methods):
        if house_is_spoilt(rpc):
            furnished = await furnish(house, service)
        every = list(cases(rpc, furnished.honest))
        chosen = chance.sample(every, max(1, round(len(every) * share)))
        _add(run, await tried(house, rpc, furnished, chosen))
        if house_is_spoilt(rpc):
            furnished = await furnish(house, service)
    run.faults += house.leaks_and_complaints()
    return run


def house_is_spoilt(rpc: Rpc) -> bool:
    """Whether a method may leave its customer unreadable by right."""
    return rpc.path.rpartition("/")[2] in LEAVES_NOTHING


async def damaged(house: House, service: str, *, count: int, chance: random.Random) -> Run:
    """Send so many damaged requests, each to the method that the honest one was for."""
    run = Run()
    methods = rpcs(service)
    furnished = await furnish(house, service)
    corpus = {rpc: honest_messages(rpc, furnished.honest)[-1] for rpc in methods}
    others = list(corpus.values())
    for number in range(count):
        if number and number % FRESH_EVERY == 0:
            furnished = await furnish(house, service)
        rpc = methods[number % len(methods)]
        case = Case("", "damaged", mutated(corpus[rpc], others, chance))
        outcome, faults = await looked_at(house, rpc, furnished, case)
        run.sent += 1
        run.accepted += outcome.accepted
        if outcome.accepted or number % READ_EVERY == 0:
            read = await house.read(service, furnished.customer_id)
            if read.code is StatusCode.NOT_FOUND and house_is_spoilt(rpc):
                furnished = await furnish(house, service)
            else:
                faults += unreadable(read)
        if faults:
            told_whole = len(run.faults) >= MOST_SHRUNK
            least = case.raw if told_whole else await shrunk(case.raw, _fails_at(house, rpc, furnished))
            run.faults.append(f"{rpc.name}: {faults[0]}; least request: {least.hex()}")
    run.faults += house.leaks_and_complaints()
    return run


def _fails_at(house: House, rpc: Rpc, furnished: Furnished) -> StillFails:
    async def fails(raw: bytes) -> bool:
        _, faults = await looked_at(house, rpc, furnished, Case("", "smaller", raw))
        return bool(faults)

    return fails


def _add(run: Run, findings: Findings) -> None:
    run.sent += findings.sent
    run.accepted += findings.accepted
    run.faults += findings.faults


def told(faults: Sequence[str]) -> str:
    """Give the first of many, for people."""
    return "\n".join([*faults[:20], f"... {len(faults) - 20} more"] if len(faults) > 20 else faults)


async def of_the_forgotten(house: House, service: str) -> Run:
    """Ask every method honestly about somebody who was forgotten everywhere."""
    run, furnished = Run(), await furnish(house, service)
    for area in AREAS:
        erase = next(rpc for rpc in rpcs(area) if rpc.path.endswith("/EraseArea"))
        if not erase.callers:  # the aggregator's own: it asks itself, and not over the wire
            continue
        request = furnished.honest.request(erase.path, erase.request)
        outcome = await house.send(erase, request.SerializeToString())
        run.faults += [f"{erase.name}: {outcome.code}"] if not outcome.accepted else []
    for rpc in rpcs(service):
        outcome = await house.send(rpc, *honest_messages(rpc, furnished.honest))
        run.sent += 1
        run.accepted += outcome.accepted
        run.faults += [f"{rpc.name}: {outcome.fault}"] if outcome.fault else []
    run.faults += house.leaks_and_complaints()
    return run
