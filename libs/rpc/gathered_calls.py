"""Reads of many callers in one call to a service (`ReadTogether`): the way over the network is paid once for all.

While two are under way, those that come wait and then go together (`libs/gathering.py`). Each is asked for in its own
caller's name and on its own journey, and is answered or refused by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.duration_pb2 import Duration

from libs.gathering import ByItself, Gathering
from libs.rpc.slots import CURRENT_SLOT
from libs.rpc.status import DETAILS_KEY
from libs.telemetry.propagation import outgoing_headers
from omnithread.common.v1.gathered_pb2 import GatheredAnswer, GatheredRead, GatheredRefusal

HELD_UP_SECONDS = 1.0
"""What is under way may hang; a service that says nothing is noticed before (`libs/rpc/pulse.py`)."""
TOGETHER = 32
"""In one call, as the contract has it. More would make the other side's event loop late for everybody else."""
MOST_TIMEOUT_SECONDS = 60.0
NOT_KNOWN_SECONDS = 60.0
"""For so long a service is not asked together that does not know of it: one of the release before."""
_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True, slots=True)
class Read:
    """One read, and how to ask for it by itself."""

    method: str
    request: bytes
    token: str
    end: float
    """When who asks stops waiting, on the event loop's clock."""
    headers: dict[str, str]
    decode: Callable[[bytes], Any]
    by_itself: Callable[[float], Awaitable[Any]]
    """Within so many seconds."""

    def to_proto(self, now: float) -> GatheredRead:
        """Write it as part of a call that is made now."""
        timeout = Duration()
        timeout.FromNanoseconds(int(min(MOST_TIMEOUT_SECONDS, max(0.001, self.end - now)) * 1e9))
        return GatheredRead(method=self.method, request=self.request, token=self.token, timeout=timeout, **self.headers)


class GatheredCalls:
    """Asks one area's service; `channel` calls it in our own name."""

    def __init__(self, area: str, channel: grpc.aio.Channel) -> None:
        service = f"omnithread.{area}.v1.{area.capitalize()}InternalService"
        method = descriptor_pool.Default().FindServiceByName(service).methods_by_name["ReadTogether"]
        self._request_type = message_factory.GetMessageClass(method.input_type)
        response_type = message_factory.GetMessageClass(method.output_type)
        self._ask: Any = channel.unary_unary(
            f"/{service}/ReadTogether", self._request_type.SerializeToString, response_type.FromString
        )
        self._gathering: Gathering[Read, Any] = Gathering(
            alone=_alone,
            together=self._ask_together,
            most=TOGETHER,
            held_up_seconds=HELD_UP_SECONDS,
        )
        self._not_known_until = float("-inf")

    async def answer(
        self,
        method: str,
        request: bytes,
        *,
        token: str,
        within_seconds: float,
        decode: Callable[[bytes], Any],
        by_itself: Callable[[float], Awaitable[Any]],
    ) -> Any:  # noqa: ANN401  of the method's own type
        """Give the answer, of this one or of a call for many. Raises AioRpcError, as the call by itself does."""
        now = asyncio.get_running_loop().time()
        if now < self._not_known_until:
            return await by_itself(within_seconds)
        read = Read(
            method=method,
            request=request,
            token=token,
            end=now + within_seconds,
            headers=dict(outgoing_headers()),
            decode=decode,
            by_itself=by_itself,
        )
        slot = CURRENT_SLOT.get()
        if slot is not None:
            slot.asks()
        try:
            return await self._gathering.ask(read, within_seconds=within_seconds)
        except TimeoutError:
            raise _error(grpc.StatusCode.DEADLINE_EXCEEDED, "The answer did not come in time.") from None
        finally:
            if slot is not None:
                slot.answered()

    async def _ask_together(self, reads: Sequence[Read], within_seconds: float) -> list[Any]:
        """Ask in the name of the suite: whose each read is stands in it, and not around it."""
        CURRENT_SLOT.set(None)
        now = asyncio.get_running_loop().time()
        request = self._request_type(reads=[read.to_proto(now) for read in reads])
        try:
            response = await self._ask(request, timeout=within_seconds)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise
            self._not_known_until = now + NOT_KNOWN_SECONDS
            return [ByItself() for _ in reads]
        return [_told(read, answer) for read, answer in zip(reads, response.answers, strict=True)]


def _alone(read: Read) -> Awaitable[Any]:
    return read.by_itself(max(0.0, read.end - asyncio.get_running_loop().time()))


def _told(read: Read, answer: GatheredAnswer) -> Any:  # noqa: ANN401  what the method answers, or an exception
    if answer.HasField("response"):
        return read.decode(answer.response)
    refusal = answer.refusal
    if not answer.HasField("refusal") or refusal.code == grpc.StatusCode.UNIMPLEMENTED.value[0]:
        return ByItself()
    return _refused(refusal)


def _refused(refusal: GatheredRefusal) -> grpc.aio.AioRpcError:
    code = _CODES.get(refusal.code, grpc.StatusCode.UNKNOWN)
    return _error(code, refusal.message, details=refusal.details)


def _error(code: grpc.StatusCode, message: str, *, details: bytes = b"") -> grpc.aio.AioRpcError:
    trailing = grpc.aio.Metadata(*([(DETAILS_KEY, details)] if details else []))
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, message)
