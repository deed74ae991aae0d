"""Asks preference what a link is for, and has it do what the customer pressed. Tokens are passed on as they are."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import grpc

from libs.clock import Clock, system_clock
from libs.errors import OmnithreadError, Status
from libs.ids import NewId
from libs.rpc.status import error_from_rpc
from libs.timestamps import to_timestamp
from libs.web.refusals import Refused, bad_request, gone, service_away, unknown_link
from omnithread.preference.v1 import preference_internal_service_pb2 as pb

if TYPE_CHECKING:  # the class of stubs on an asyncio channel is known to type checkers only
    from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceAsyncStub

T = TypeVar("T")
AWAY = frozenset(
    {
        Status.UNAVAILABLE,
        Status.DEADLINE_EXCEEDED,
        Status.ABORTED,
        Status.RESOURCE_EXHAUSTED,
        Status.CANCELLED,
        Status.UNIMPLEMENTED,
        # Our own token is out of date, or not to be read: for the customer it is the same.
        Status.UNAUTHENTICATED,
    }
)
VERSION_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class Proof:
    """What the customer had before them when they pressed."""

    wording: str
    source: str
    """Which page, or which header."""

    @property
    def version(self) -> str:
        """Stands for the wording: another one has another version, without anybody having to think of it."""
        return f"pages-{hashlib.sha256(self.wording.encode()).hexdigest()[:VERSION_CHARACTERS]}"


@dataclass(frozen=True, slots=True)
class Links:
    """Shows and uses links. Raises UNKNOWN for what is no link of ours, AWAY where preference does not answer."""

    preference: "PreferenceInternalServiceAsyncStub"
    new_id: NewId
    answer_seconds: float
    clock: Clock = system_clock

    async def show(self, token: str, kind: pb.LinkKind.ValueType) -> pb.LinkView:
        """Give what to show behind a link of this kind. Changes nothing."""

        async def ask() -> pb.ShowLinkResponse:
            return await self.preference.ShowLink(pb.ShowLinkRequest(token=token), timeout=self.answer_seconds)

        view = (await answered(ask, dependency="preference")).view
        if view.kind != kind:
            raise unknown_link()  # a link of another kind, put under another address by hand
        return view

    async def use(
        self,
        token: str,
        proof: Proof,
        *,
        unsubscribe: pb.UnsubscribeAction | None = None,
        confirm: pb.ConfirmAction | None = None,
        save: pb.SaveAction | None = None,
    ) -> pb.LinkView:
        """Do one of the three, and give what to show afterwards.

        What is set is set as a whole, so that to press again does no harm; only our own retries share an id.
        """
        request = pb.UseLinkRequest(
            token=token,
            unsubscribe=unsubscribe,
            confirm=confirm,
            save=save,
            wording=proof.wording,
            wording_version=proof.version,
            source=proof.source,
            request_id=self.new_id("req"),
            issue_time=to_timestamp(self.clock()),
        )

        async def ask() -> pb.UseLinkResponse:
            return await self.preference.UseLink(request, timeout=self.answer_seconds)

        return (await answered(ask, dependency="preference")).view


async def answered(ask: Callable[[], Awaitable[T]], *, dependency: str) -> T:
    """Call a service, and turn its refusals into ours."""
    try:
        return await ask()
    except grpc.aio.AioRpcError as error:
        raise refused_of(error_from_rpc(error, dependency=dependency)) from error
    except OmnithreadError as error:
        raise refused_of(error) from error


def refused_of(error: OmnithreadError) -> Refused | OmnithreadError:
    """Give the page for a service's error; one that nobody foresaw stays as it is, and is a fault of ours."""
    if error.reason in {"LINK_INVALID", "HANDOVER_INVALID", "INVALID_FIELD"}:
        return unknown_link()
    if error.reason in {"HANDOVER_EXPIRED", "HANDOVER_USED", "REQUEST_TOO_OLD"}:
        return gone("EXPIRED")
    if error.reason in {"LINK_ACTION_NOT_POSSIBLE", "CONSENT_LIMIT", "LANGUAGE_UNKNOWN"}:
        return bad_request()
    return service_away() if error.status in AWAY else error
