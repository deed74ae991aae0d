"""A house whose services find each other through relays, with a witness of all that they ask for."""

import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from aiokafka import AIOKafkaProducer
from pymongo import monitoring

from deploy.local.keys import mint_channel_token, mint_service_token
from deploy.local.plan import SERVICES
from deploy.local.ports import free_port
from libs.rpc import outbound
from libs.rpc.call import call_or_none
from tests.faults.deadlines.witness import Witness
from tests.faults.retries.calling import ONCE
from tests.faults.retries.house import House, open_house
from tests.hostile.contract import all_rpcs
from tests.hostile.house import ACTOR, CHANNEL, LeakySpans
from tests.hostile.house import House as Furnishable
from tests.hostile.sending import Sender
from tests.own_logging import logging_of_its_own
from tests.proxies.grpc_relay import IN_HAND, STREAMS_ANSWERS, GrpcRelay
from tests.services.running import LOOPBACK, TOKEN_SECONDS

STREAMS = STREAMS_ANSWERS | {rpc.path for rpc in all_rpcs() if rpc.streams_answers}


@dataclass(frozen=True, slots=True)
class Seen:
    """The house, and what looks at it."""

    house: House
    witness: Witness
    furnishable: Furnishable
    """The same one, as those know it who make honest requests."""


@asynccontextmanager
async def open_seen(*, mongo_uri: str, kafka_bootstrap: str, prefix: str, state: Path) -> AsyncIterator[Seen]:
    """Start everything; the witness is there first, since drivers take listeners along as they begin."""
    witness = Witness()
    async with AsyncExitStack() as stack:
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        stack.enter_context(logging_of_its_own())
        _listen_to_kafka(patched, witness)
        _mark_calls_in_hand(patched)
        monitoring.register(witness)  # for clients that are made from now on
        ports = {name: free_port() for name in SERVICES}
        at = {}
        for name, port in ports.items():
            relay = GrpcRelay(f"{LOOPBACK}:{port}", arrived=witness.arrived, streams=STREAMS)
            at[f"{name}_address"] = (await stack.enter_async_context(relay)).address
        beside = {name: {"listen": f"{LOOPBACK}:{port}", **at} for name, port in ports.items()}
        house = await stack.enter_async_context(
            open_house(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=prefix, state=state, beside=beside)
        )
        yield Seen(house, witness, await _furnishable(house, state, stack))


def _listen_to_kafka(patched: pytest.MonkeyPatch, witness: Witness) -> None:
    really = AIOKafkaProducer.send

    async def send(producer: AIOKafkaProducer, topic: str, *args: object, **named: object) -> object:
        witness.sends(topic)
        return await really(producer, topic, *args, **named)

    patched.setattr(AIOKafkaProducer, "send", send)


def _mark_calls_in_hand(patched: pytest.MonkeyPatch) -> None:
    really = outbound.headers

    def headers(token: str, given: outbound.Metadata | None) -> tuple[tuple[str, str | bytes], ...]:
        in_hand = () if call_or_none() is None else ((IN_HAND, "1"),)
        return (*really(token, given), *in_hand)

    patched.setattr(outbound, "headers", headers)


async def _furnishable(house: House, state: Path, stack: AsyncExitStack) -> Furnishable:
    senders = {}
    services = {one: mint_service_token(state, one, lifetime_seconds=TOKEN_SECONDS) for one in (*SERVICES, "door")}
    for name, running in house.running.items():
        channel = grpc.aio.insecure_channel(f"{LOOPBACK}:{running.port}", options=ONCE)
        stack.push_async_callback(channel.close)
        senders[name] = Sender(
            channel=channel,
            channel_token=mint_channel_token(state, CHANNEL, actor=ACTOR, lifetime_seconds=TOKEN_SECONDS),
            mail_token=mint_channel_token(state, "mail-gateway", lifetime_seconds=TOKEN_SECONDS),
            service_tokens=services,
        )
    return Furnishable(
        senders=senders, databases={}, running=house.running, logs=io.StringIO(), spans=LeakySpans(), state=state
    )
