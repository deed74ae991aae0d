"""One service with its two ports: every method, by each port, with each certificate, and with each one's token.

A service that passes on the call of a channel shows its own certificate and the channel's token.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor

from deploy.local.authority import ensure_authority
from deploy.local.keys import mint_channel_token, mint_service_token
from libs.clock import system_clock
from libs.rpc.access import SERVICES, Rule, rules, server_of
from libs.rpc.certificates import Certificates, channel_credentials
from services.profile.service import SERVICE as PROFILE
from tests.protos.contract import SERVICES_OF_THE_SUITE
from tests.services.access.asking import fault, told
from tests.services.access.callers import LET_IN, NOT_ALLOWED, Attempt
from tests.services.running import Services

AT_ONCE = 16
METHODS: tuple[tuple[MethodDescriptor, Rule], ...] = tuple(
    one for one in rules(SERVICES_OF_THE_SUITE) if server_of(one[0].containing_service) in {"profile", "common"}
)


@dataclass(frozen=True, slots=True)
class Ports:
    """The ways in."""

    public: grpc.aio.Channel
    internal: dict[str, grpc.aio.Channel]
    """By the service whose certificate is shown."""
    channel_token: str
    service_tokens: dict[str, str]


@pytest.fixture
async def ports(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Ports]:
    prefix, state = new_prefix(), tmp_path_factory.mktemp("ports")
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(
            Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=prefix, state=state, encrypted=True)
        )
        running = await services.start(PROFILE)
        authority = ensure_authority(state / "tls", SERVICES, now=system_clock())

        async def opened(port: int, credentials: grpc.ChannelCredentials) -> grpc.aio.Channel:
            named = (("grpc.default_authority", "profile"),)
            channel = grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials, options=named)
            return await stack.enter_async_context(channel)

        yield Ports(
            public=await opened(running.port, grpc.ssl_channel_credentials(authority.file.read_bytes())),
            internal={
                name: await opened(
                    running.internal_port, channel_credentials(Certificates(authority.files_of(name)).get())
                )
                for name in sorted(SERVICES)
            },
            channel_token=mint_channel_token(state, "web-shop"),
            service_tokens={name: mint_service_token(state, name) for name in sorted(SERVICES)},
        )


async def faults(tries: list[tuple[grpc.aio.Channel, MethodDescriptor, Attempt]]) -> list[str]:
    turns, found = asyncio.Semaphore(AT_ONCE), []

    async def attempt(channel: grpc.aio.Channel, method: MethodDescriptor, one: Attempt) -> None:
        async with turns:
            answer = await told(channel, method, one.token)
        if wrong := fault(one, answer):
            found.append(f"{one.caller} at {method.full_name} {wrong}")

    await asyncio.gather(*(attempt(*one) for one in tries))
    return found


async def test_by_the_internal_port_come_those_whom_a_method_names_for_themselves_or_for_a_channel(
    ports: Ports,
) -> None:
    tries = []
    for method, rule in METHODS:
        for name, channel in ports.internal.items():
            itself = LET_IN if name in rule.callers else NOT_ALLOWED
            passed_on = LET_IN if name in rule.callers and rule.channels else NOT_ALLOWED
            tries.append((channel, method, Attempt(name, ports.service_tokens[name], itself)))
            tries.append((channel, method, Attempt(f"a channel through {name}", ports.channel_token, passed_on)))
    assert await faults(tries) == []
    assert len(tries) == 2 * len(SERVICES) * len(METHODS)


async def test_by_the_public_port_come_channels_and_find_the_public_methods(ports: Ports) -> None:
    public = [(method, rule) for method, rule in METHODS if "InternalService" not in method.full_name]
    tries = []
    for method, rule in public:
        allowed = LET_IN if rule.channels else NOT_ALLOWED
        tries.append((ports.public, method, Attempt("a channel", ports.channel_token, allowed)))
        tries += [
            (ports.public, method, Attempt(f"the token of {name}", token, NOT_ALLOWED))
            for name, token in ports.service_tokens.items()
        ]
    assert await faults(tries) == []


async def test_the_public_port_has_no_internal_method_also_when_it_was_called_by_the_other_port(ports: Ports) -> None:
    internal = [method for method, _ in METHODS if "InternalService" in method.full_name]
    assert internal
    for method in internal:
        await told(ports.internal["aggregator"], method, ports.service_tokens["aggregator"])
        code, _, _ = await told(ports.public, method, ports.channel_token)
        assert code is grpc.StatusCode.UNIMPLEMENTED, method.full_name
