"""One customer, one call, and all names that what it does is known by."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import grpc
from google.protobuf.message import Message

from libs.ids import new_id
from libs.timestamps import to_timestamp
from omnithread import cookie, email
from omnithread.profile.v1.profile_service_pb2 import IdentifyRequest, IdentifyResponse
from tests.faults.retries.house import WEB, House, Who
from tests.faults.retries.methods import method
from tests.faults.retries.patience import LOOK_AGAIN_SECONDS, patience

OF_A_CUSTOMER = re.compile(r"\bcus_[0-9a-z]{26}\b")

T = TypeVar("T", bound=Message)


@dataclass(slots=True)
class Case:
    """A stage of its own in a house that many share."""

    house: House
    key: str = field(default_factory=lambda: new_id("k").removeprefix("k_")[-16:])
    """In every name that the case gives: addresses, skus, ids of templates."""
    words: set[str] = field(default_factory=set)
    """What its documents and commands are found by."""

    def __post_init__(self) -> None:
        self.words.add(self.key)

    async def do(self, name: str, request: Message, answer: type[T], who: Who = WEB) -> T:
        """Make a call on the way to the stage, until it is answered, and know the customers that it names."""
        found = await self.ask(name, request, answer, who)
        self.words |= set(OF_A_CUSTOMER.findall(str(found)))
        return found

    async def ask(self, name: str, request: Message, answer: type[T], who: Who = WEB) -> T:
        """The same, where what is answered may name others' customers."""
        described = method(name)
        stamp(request)
        found = await self.house.line(described.service, who).until_answered(described, request)
        assert isinstance(found, answer)
        return found

    async def found(self, name: str, request: Message, who: Who = WEB) -> None:
        """Look until something is there that comes by itself."""
        described = method(name)
        async with patience(lambda: f"{name} finds something"):
            while True:
                try:
                    await self.house.line(described.service, who).until_answered(described, request)
                except grpc.aio.AioRpcError as error:
                    if error.code() is not grpc.StatusCode.NOT_FOUND:
                        raise
                else:
                    return
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def guest(self, name: str = "") -> str:
        """Somebody nobody has seen before; their id."""
        request = IdentifyRequest(identifiers=[cookie(f"visitor-{name}{self.key}")])
        return (await self.do("profile.v1.ProfileService/Identify", request, IdentifyResponse)).profile.customer_id

    async def person(self, name: str = "") -> str:
        """A known customer with a verified address; their id."""
        known_by = [email(self.address(name), verified=True)]
        request = IdentifyRequest(identifiers=known_by, given_name="Anna")
        return (await self.do("profile.v1.ProfileService/Identify", request, IdentifyResponse)).profile.customer_id

    def address(self, name: str = "") -> str:
        """An address that nobody else has."""
        return f"anna{name}.{self.key}@example.com"


def stamp(request: Message) -> None:
    """Give a request an id and a time of its own, where it has neither."""
    fields = request.DESCRIPTOR.fields_by_name
    if "request_id" in fields and not getattr(request, "request_id"):  # noqa: B009  the contract's, unknown to the type
        setattr(request, "request_id", new_id("req"))  # noqa: B010  as above
    if "issue_time" in fields and not request.HasField("issue_time"):
        getattr(request, "issue_time").CopyFrom(to_timestamp(datetime.now(UTC)))  # noqa: B009  as above


async def leave_all(_case: Case) -> None:
    """Leave everything as it is."""


Prepare = Callable[[Case], Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class Seed:
    """How a customer comes to where a call can be made, and what is asked."""

    name: str
    who: Who
    prepare: Prepare
    goes_on: frozenset[str] = frozenset()
    """Fields of the answer that others change meanwhile, a message's state for example: a later answer may differ."""
    after: Callable[[Case], Awaitable[None]] = leave_all
    """Called at the end, for what must not stay."""
    alone: bool = False
    """Whether nobody else may do anything at the time."""


SEEDS: dict[str, Seed] = {}


def seed(
    name: str,
    who: Who = WEB,
    *,
    goes_on: tuple[str, ...] = (),
    after: Callable[[Case], Awaitable[None]] = leave_all,
    alone: bool = False,
) -> Callable[[Prepare], Prepare]:
    """Say that a function prepares a call and gives its request."""

    def register(prepare: Prepare) -> Prepare:
        SEEDS[name] = Seed(name, who, prepare, frozenset(goes_on), after, alone)
        return prepare

    return register
