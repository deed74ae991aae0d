"""What the door takes out of every answer, and whom it notes: whatever the servicer behind it does."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import grpc
import pytest

from deploy.local.authority import ensure_authority
from deploy.local.keys import Keys, mint_channel_token, mint_service_token
from libs.audit.calls import CallAudit
from libs.audit.entries import Entry, Verdict
from libs.audit.notebook import Notebook
from libs.clock import Clock, system_clock
from libs.errors import failed_precondition
from libs.rpc.certificates import Certificates
from libs.rpc.client import service_channel
from libs.rpc.quotas import Allowance, Quotas
from libs.rpc.scopes import EVERY
from omnithread.cart.v1.cart_internal_service_pb2 import ReadTogetherRequest
from omnithread.common.v1.gathered_pb2 import GatheredRead
from omnithread.context.v1.context_pb2 import CustomerContext
from omnithread.context.v1.watch_service_pb2 import (
    CustomerContextUpdate,
    WatchCustomerContextRequest,
    WatchCustomerContextResponse,
)
from omnithread.context.v1.watch_service_pb2_grpc import (
    WatchServiceServicer,
    WatchServiceStub,
    add_WatchServiceServicer_to_server,
)
from omnithread.profile.v1.profile_pb2 import Profile
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest, GetProfileResponse
from omnithread.profile.v1.profile_service_pb2_grpc import (
    ProfileServiceServicer,
    ProfileServiceStub,
    add_ProfileServiceServicer_to_server,
)
from tests.libs.rpc.opened_door import OpenedDoor, bearing, opened_door, refused

ANNA = Profile(customer_id="cus_anna", given_name="Anna")
GET_PROFILE = "/omnithread.profile.v1.ProfileService/GetProfile"
ASK = GetProfileRequest(customer_id="cus_before")
WATCH = WatchCustomerContextRequest(customer_id="cus_before")


class Careless(ProfileServiceServicer):
    """Tells everybody everything."""

    async def GetProfile(self, request: GetProfileRequest, _context: object) -> GetProfileResponse:  # noqa: N802
        if request.customer_id == "cus_gone":
            raise failed_precondition("GONE", "Gone.")
        return GetProfileResponse(profile=ANNA)


class CarelessWatch(WatchServiceServicer):
    """Tells everybody everything, again and again."""

    async def WatchCustomerContext(  # noqa: N802  the contract's name
        self, _request: WatchCustomerContextRequest, _context: object
    ) -> AsyncIterator[WatchCustomerContextResponse]:
        while True:
            update = CustomerContextUpdate(context=CustomerContext(customer_id="cus_anna", profile=ANNA))
            yield WatchCustomerContextResponse(update=update)


class Noted:
    """A door behind which nobody is careful, and what is noted there."""

    def __init__(self, door: OpenedDoor, notebook: Notebook) -> None:
        self.notebook = notebook
        self.keys = door.keys
        self.door = door
        self.profile = ProfileServiceStub(door.channel)
        self.watch = WatchServiceStub(door.channel)

    def shop(self, *without: str, seconds: float = 60) -> Sequence[tuple[str, str | bytes]]:
        token = mint_channel_token(
            self.keys.state, "web-shop", actor="anna", scopes=EVERY - {*without}, lifetime_seconds=seconds
        )
        return bearing(token)

    def entries(self) -> list[Entry]:
        return self.notebook.take(100, all_folds=True)


@asynccontextmanager
async def noted_at(
    keys: Keys, *, clock: Clock = system_clock, quotas: Quotas | None = None, certificates: Certificates | None = None
) -> AsyncIterator[Noted]:
    notebook = Notebook(system_clock)
    more = (
        partial(add_ProfileServiceServicer_to_server, Careless()),  # type: ignore[abstract]  # the others are left out
        partial(add_WatchServiceServicer_to_server, CarelessWatch()),
    )
    async with opened_door(
        keys, clock=clock, quotas=quotas, certificates=certificates, more=more, audit=CallAudit(notebook)
    ) as door:
        yield Noted(door, notebook)


@pytest.fixture
async def noted(keys: Keys) -> AsyncIterator[Noted]:
    async with noted_at(keys) as found:
        yield found


async def test_no_servicer_can_forget_to_withhold(noted: Noted) -> None:
    whole = await noted.profile.GetProfile(ASK, metadata=noted.shop())
    assert whole.profile.given_name == "Anna"
    bare = await noted.profile.GetProfile(ASK, metadata=noted.shop("profile:sensitive"))
    assert (bare.profile.given_name, list(bare.profile.withheld_fields)) == ("", ["given_name"])


async def test_no_stream_tells_what_its_watcher_may_not_see(noted: Noted) -> None:
    watching = noted.watch.WatchCustomerContext(WATCH, metadata=noted.shop("profile:sensitive"))
    async for told in watching:
        profile = told.update.context.profile
        assert (profile.given_name, list(profile.withheld_fields)) == ("", ["given_name"])
        break
    watching.cancel()


async def test_who_reads_somebody_merged_is_noted_under_both_ids(noted: Noted) -> None:
    await noted.profile.GetProfile(ASK, metadata=noted.shop())
    (entry,) = noted.entries()
    assert (entry.who.actor_id, entry.what.verdict) == ("anna", Verdict.ALLOWED)
    assert entry.what.customer_ids == ("cus_anna", "cus_before")
    assert len(entry.trace_id) == 32


async def test_what_a_service_reads_for_itself_is_not_noted_and_what_it_is_denied_is(noted: Noted) -> None:
    await noted.profile.GetProfile(ASK, metadata=bearing(mint_service_token(noted.keys.state, "messaging")))
    gone = GetProfileRequest(customer_id="cus_gone")
    await refused(noted.profile.GetProfile(gone, metadata=bearing(mint_service_token(noted.keys.state, "messaging"))))
    assert noted.entries() == []
    await refused(noted.profile.GetProfile(ASK, metadata=bearing(mint_service_token(noted.keys.state, "door"))))
    (denied,) = noted.entries()
    assert (denied.who.service, denied.what.reason) == ("door", "CALLER_NOT_ALLOWED")


async def test_what_a_service_brings_along_with_others_is_noted_where_it_came_in_and_a_denied_one_here(
    noted: Noted,
) -> None:
    def read(*without: str) -> GatheredRead:
        token = mint_channel_token(noted.keys.state, "web-shop", scopes=EVERY - {*without})
        return GatheredRead(method=GET_PROFILE, token=token, request=ASK.SerializeToString())

    asked = ReadTogetherRequest(reads=[read(), read("profile:read"), read("profile:sensitive")])
    together = noted.door.internal.ReadTogether(
        asked, metadata=bearing(mint_service_token(noted.keys.state, "aggregator"))
    )
    whole, denied, bare = (await together).answers
    assert GetProfileResponse.FromString(whole.response).profile.given_name == "Anna"
    assert denied.refusal.code == grpc.StatusCode.PERMISSION_DENIED.value[0]
    assert GetProfileResponse.FromString(bare.response).profile.given_name == ""
    (entry,) = noted.entries()
    assert (entry.who.channel_id, entry.what.method, entry.what.reason) == ("web-shop", GET_PROFILE, "SCOPE_MISSING")


async def test_who_is_turned_away_for_calling_too_often_fills_no_log(keys: Keys) -> None:
    quotas = Quotas(usual=Allowance(calls_per_day=1), own=dict, clock=system_clock)
    async with noted_at(keys, quotas=quotas) as noted:
        await noted.profile.GetProfile(ASK, metadata=noted.shop())
        for number in range(5):
            another = GetProfileRequest(customer_id=f"cus_{number}")
            refusal = await refused(noted.profile.GetProfile(another, metadata=noted.shop()))
            assert refusal.reason == "RATE_LIMITED"
        watching = noted.watch.WatchCustomerContext(WATCH, metadata=noted.shop())
        assert (await refused(watching.read())).reason == "RATE_LIMITED"
        (entry,) = noted.entries()
        assert entry.what.customer_ids == ("cus_anna", "cus_before")


async def test_a_watch_is_noted_once_and_its_end_by_the_clock_is_no_refusal(keys: Keys) -> None:
    now = [system_clock()]
    async with noted_at(keys, clock=lambda: now[0]) as noted:
        watching = noted.watch.WatchCustomerContext(WATCH, metadata=noted.shop())

        async def watched() -> None:
            async for _ in watching:
                now[0] += timedelta(seconds=25)

        assert (await refused(watched())).reason == "TOKEN_EXPIRED"
        (entry,) = noted.entries()
        assert (entry.what.verdict, entry.count) == (Verdict.ALLOWED, 1)
        assert entry.what.customer_ids == ("cus_before",)
        assert (await refused(noted.profile.GetProfile(ASK, metadata=noted.shop(seconds=60)))).reason == "TOKEN_EXPIRED"
        assert [one.what.verdict for one in noted.entries()] == [Verdict.DENIED]


async def test_a_call_that_a_service_passes_on_is_noted_where_it_came_in_and_a_denied_one_everywhere(
    keys: Keys, tmp_path: Path
) -> None:
    authority = ensure_authority(tmp_path / "tls", ["cart", "aggregator", "door"], now=system_clock())
    async with noted_at(keys, certificates=Certificates(authority.files_of("cart"))) as noted:
        token = tmp_path / "forwarded"
        token.write_text(mint_channel_token(keys.state, "web-shop"))
        for service, noted_as in (("aggregator", []), ("door", ["CALLER_NOT_ALLOWED"])):
            channel = service_channel(
                f"127.0.0.1:{noted.door.server.internal_port}",
                service="cart",
                certificates=Certificates(authority.files_of(service)),
                token_file=token,
            )
            async with channel:
                call = ProfileServiceStub(channel).GetProfile(ASK, timeout=20)
                if noted_as:
                    await refused(call)
                else:
                    assert (await call).profile == ANNA
            assert [entry.what.reason for entry in noted.entries()] == noted_as
        trusted = grpc.ssl_channel_credentials(authority.file.read_bytes())
        async with grpc.aio.secure_channel(f"127.0.0.1:{noted.door.server.port}", trusted) as outside:
            await ProfileServiceStub(outside).GetProfile(ASK, metadata=noted.shop(), timeout=20)
        assert len(noted.entries()) == 1
