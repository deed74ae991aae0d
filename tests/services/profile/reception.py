"""Profile as channels and the other services meet it: what tests of its calls are told with."""

from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import grpc
import pytest

from libs.ids import new_id
from libs.serving import Running
from libs.timestamps import to_timestamp
from omnithread import ErrorDetails, details_of
from omnithread.profile.v1 import profile_internal_service_pb2 as internal_pb
from omnithread.profile.v1 import profile_pb2
from omnithread.profile.v1 import profile_service_pb2 as pb
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent
from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceStub
from omnithread.profile.v1.profile_pb2 import Identifier, Profile, Trait
from tests.services.running import Services

if TYPE_CHECKING:  # the classes of stubs on asyncio channels are known to type checkers only
    from omnithread.profile.v1.identity_service_pb2_grpc import IdentityServiceAsyncStub
    from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceAsyncStub
    from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

RequestT = TypeVar("RequestT")


@dataclass(frozen=True, slots=True)
class Reception:
    """Where customers are recognised."""

    web: "ProfileServiceAsyncStub"
    store: "ProfileServiceAsyncStub"
    """Its calls are made by Anna, who works there."""
    internal: "ProfileInternalServiceAsyncStub"
    """As the aggregator calls it."""
    internal_of_cart: "ProfileInternalServiceAsyncStub"
    """As cart calls it."""
    identity: "IdentityServiceAsyncStub"
    """What Ben asks about who is who."""
    identity_on_web: "IdentityServiceAsyncStub"
    """As a channel without staff calls it."""

    async def profile(self, customer_id: str) -> Profile:
        return (await self.web.GetProfile(pb.GetProfileRequest(customer_id=customer_id))).profile

    async def events(self, customer_id: str) -> list[ProfileEvent]:
        answer = await self.internal.ReplayEvents(internal_pb.ReplayEventsRequest(customer_id=customer_id))
        return list(answer.events)

    async def merged(self) -> tuple[str, pb.IdentifyResponse]:
        """A guest who turned out to be a known customer: the guest's id, and the answer that says so."""
        address, visitor = email(), cookie()
        await self.web.Identify(identify(address))
        guest = await self.web.Identify(identify(visitor))
        return guest.profile.customer_id, await self.web.Identify(identify(visitor, address))


def reception_at(services: Services, profile: Running) -> Reception:
    """The reception whose channels all call this one replica."""
    web = services.connect("web-shop", at=profile)
    store = services.connect("store-042", at=profile, actor="anna")
    return Reception(
        web=web.profile,
        store=store.profile,
        internal=ProfileInternalServiceStub(services.as_service("aggregator", to=profile)),
        internal_of_cart=ProfileInternalServiceStub(services.as_service("cart", to=profile)),
        identity=services.connect("call-centre", at=profile, actor="ben").identity,
        identity_on_web=web.identity,
    )


def email(value: str = "", *, verified: bool = True) -> Identifier:
    """An address, of somebody nobody has seen before where none is given."""
    value = value or f"{new_id('anna')}@example.com"
    return Identifier(kind=profile_pb2.IDENTIFIER_KIND_EMAIL, value=value, verified=verified)


def cookie(value: str = "") -> Identifier:
    """A visitor id, a fresh one where none is given."""
    return Identifier(kind=profile_pb2.IDENTIFIER_KIND_COOKIE, value=value or new_id("visitor"))


def card(value: str = "") -> Identifier:
    """A scanned loyalty card, a fresh one where none is given."""
    return Identifier(kind=profile_pb2.IDENTIFIER_KIND_LOYALTY_CARD, value=value or new_id("card"), verified=True)


def identify(*identifiers: Identifier, traits: Iterable[Trait] = (), **names: str) -> pb.IdentifyRequest:
    return pb.IdentifyRequest(identifiers=identifiers, traits=traits, **names)  # type: ignore[arg-type]


def text(name: str, value: str) -> Trait:
    return Trait(name=name, string_value=value)


def update(customer_id: str, *paths: str, etag: str = "", **fields: object) -> pb.UpdateProfileRequest:
    """A request to change the named fields."""
    request = pb.UpdateProfileRequest(profile=Profile(customer_id=customer_id, **fields), etag=etag)  # type: ignore[arg-type]
    request.update_mask.paths.extend(paths)
    return request


def stamped(request: RequestT) -> RequestT:
    """The request with an id and a time of its own, to be sent more than once."""
    request.request_id = new_id("req")  # type: ignore[attr-defined]
    request.issue_time.CopyFrom(to_timestamp(datetime.now(UTC)))  # type: ignore[attr-defined]
    return request


async def refusal(call: Awaitable[object]) -> ErrorDetails:
    """Make a call that must be refused, and give what it said."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return details_of(refused.value)
