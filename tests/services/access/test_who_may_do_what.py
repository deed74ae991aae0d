"""Every method of every service, called by every kind of caller, over real servers: each gets what the contract says.

The requests are empty. Whoever is let in is answered, or told what is wrong with the request; whoever is not is refused
before anybody has looked at it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor

from libs.rpc.access import Rule, rules, server_of
from libs.service import Service
from services.aggregator.service import SERVICE as AGGREGATOR
from services.cart.service import SERVICE as CART
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.protos.contract import SERVICES_OF_THE_SUITE
from tests.services.access.asking import fault, told
from tests.services.access.callers import Attempt, Callers
from tests.services.running import Services

FIVE: Mapping[str, Service] = {  # type: ignore[type-arg]  # each has settings of its own
    one.name: one for one in (PROFILE, CART, PREFERENCE, MESSAGING, AGGREGATOR)
}
AT_ONCE = 16
METHODS: tuple[tuple[MethodDescriptor, Rule], ...] = tuple(rules(SERVICES_OF_THE_SUITE))


@pytest.fixture(scope="module")
async def services(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Services]:
    prefix, state = new_prefix(), tmp_path_factory.mktemp("matrix")
    async with Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=prefix, state=state) as services:
        yield services


def methods_of(server: str) -> list[tuple[MethodDescriptor, Rule]]:
    """Those that one of the five serves: its own, and what all of them serve."""
    return [one for one in METHODS if server_of(one[0].containing_service) in {server, "common"}]


@pytest.mark.parametrize("server", list(FIVE))
async def test_each_caller_gets_at_each_method_what_the_contract_says(services: Services, server: str) -> None:
    running = await services.start(FIVE[server])
    callers, turns, faults, count = Callers(services.state), asyncio.Semaphore(AT_ONCE), [], 0
    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.port}") as channel:

        async def attempt(method: MethodDescriptor, one: Attempt) -> None:
            async with turns:
                found = await told(channel, method, one.token)
            if wrong := fault(one, found):
                faults.append(f"{one.caller} at {method.full_name} {wrong}")

        tries = [(method, one) for method, rule in methods_of(server) for one in callers.attempts(rule)]
        await asyncio.gather(*(attempt(method, one) for method, one in tries))
        count = len(tries)
    assert faults == []
    assert count >= 18 * len(methods_of(server))


def test_every_method_of_the_suite_is_asked_in_a_server_of_its_own() -> None:
    asked = {method.full_name for server in FIVE for method, _ in methods_of(server)}
    assert asked == {method.full_name for method, _ in METHODS}
