"""Every query and every call to another service carries at most the time that its caller has left.

All services run in this process; a witness looks at each command of MongoDB's driver and at each outgoing call, with
the call in hand that is being answered.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
from pymongo import monitoring

from deploy.local.keys import ensure_keys
from libs.rpc import deadlines, outbound
from libs.rpc.call import call_or_none
from omnithread import Omnithread
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest, GetJourneyRequest
from omnithread.preference.v1.preference_service_pb2 import GetPreferencesRequest
from tests.faults.results import note
from tests.faults.seeds import rounds, seed
from tests.libs.rpc.opened_door import opened_door, refused
from tests.services.aggregator.company import FOUR, Company, company_at, item, login, start_of_session
from tests.services.running import Services

pytestmark = pytest.mark.timeout(600)

DEADLINE_SECONDS = 8.0
"""Less than the 10 s that a command may take where nothing says less."""
SLACK_SECONDS = 0.05
UNTIMED = frozenset({"hello", "ping", "endSessions", "killCursors", "abortTransaction"})
STORIES = 20
CALL = "a call"


@dataclass(slots=True)
class Witness(monitoring.CommandListener):
    """Notes what carried how much time, of what was done for a call with a deadline."""

    commands: int = 0
    calls: int = 0
    over: list[str] = field(default_factory=list)

    def look(self, what: str, seconds: float | None) -> None:
        call = call_or_none()
        if call is None or call.deadline is None:
            return
        if what == CALL:
            self.calls += 1
        else:
            self.commands += 1
        remaining = call.deadline - time.monotonic()
        if seconds is None or seconds > max(0.0, remaining) + SLACK_SECONDS:
            self.over.append(f"{what} for {call.method}: {seconds} s of {remaining:.3f} s")

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name not in UNTIMED:
            told = event.command.get("maxTimeMS")
            self.look(event.command_name, None if told is None else told / 1000)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> Witness:
    witness, really = Witness(), deadlines.call_timeout

    def watched(default_seconds: float) -> float:
        given = really(default_seconds)
        witness.look(CALL, given)
        return given

    monkeypatch.setattr(outbound, "call_timeout", watched)
    monitoring.register(witness)  # for connections that are opened from now on
    return witness


@pytest.fixture
async def company(
    witness: Witness, mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path
) -> AsyncIterator[Company]:
    del witness  # it has to be there before
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=tmp_path
    ) as services:
        for service in FOUR:
            await services.start(service)
        yield await company_at(services, most_answer_seconds=60)


async def story(channel: Omnithread) -> None:
    session = await channel.context.StartSession(start_of_session(login()), timeout=DEADLINE_SECONDS)
    customer_id = session.customer_id
    await channel.cart.AddItem(item(customer_id), timeout=DEADLINE_SECONDS)
    await channel.preference.GetPreferences(GetPreferencesRequest(customer_id=customer_id), timeout=DEADLINE_SECONDS)
    await channel.context.GetCustomerContext(
        GetCustomerContextRequest(customer_id=customer_id), timeout=DEADLINE_SECONDS
    )
    await channel.context.GetJourney(GetJourneyRequest(customer_id=customer_id), timeout=DEADLINE_SECONDS)


async def test_no_query_and_no_call_may_take_longer_than_the_caller_waits(company: Company, witness: Witness) -> None:
    for _ in range(rounds(STORIES)):
        await story(company.web)
    note(
        "deadlines",
        seed=seed(),
        done=witness.commands + witness.calls,
        wanted="0 commands and calls beyond the remaining deadline",
        found=f"{len(witness.over)} of {witness.commands} commands and {witness.calls} calls {witness.over[:3]}",
        ok=witness.commands > 0 and witness.calls > 0 and not witness.over,
    )


async def test_who_stops_waiting_is_worked_for_no_longer(tmp_path: Path) -> None:
    ended: list[float] = []

    async def work(_request: GetCartRequest) -> GetCartResponse:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append(time.monotonic())
            raise
        return GetCartResponse()

    async with opened_door(ensure_keys(tmp_path)) as door:
        door.will(work)
        began = time.monotonic()
        calls = rounds(200)
        refusals = await asyncio.gather(*(refused(door.ask(timeout_seconds=0.5)) for _ in range(calls)))
        async with asyncio.timeout(20):
            while len(ended) < calls:
                await asyncio.sleep(0.01)
    assert {refusal.code for refusal in refusals} == {grpc.StatusCode.DEADLINE_EXCEEDED}
    latest = max(ended) - began
    note(
        "deadlines",
        seed=seed(),
        done=calls,
        wanted="work ends within 2 s of a deadline of 0.5 s",
        found=f"all of it ended after {latest:.2f} s",
        ok=len(ended) == calls,
        in_time=latest < 2.5,
    )
