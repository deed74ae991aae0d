"""The way through the admission for one method: in with a slot, or turned away before anything is read.

To turn a call away costs a fraction of answering it: no token is checked, nothing is decoded, no span is made. It is
counted as every refusal is.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import grpc

from libs.errors import OVERLOADED, OmnithreadError, Status, overloaded
from libs.rpc.admission import Admission
from libs.rpc.importance import Importance
from libs.rpc.slots import CURRENT_SLOT
from libs.rpc.status import Wire, to_wire
from libs.telemetry.metrics import NOT_TOLD, CallMetrics

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # of any service: its types are in its generated code only
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"  # as above
Answer = Callable[[bytes, Context], Awaitable[bytes]]


class Entrance:
    """The way in to one method with one answer."""

    def __init__(
        self, path: str, *, admission: Admission, importance: Importance, domain: str, metrics: CallMetrics
    ) -> None:
        self._path = path
        self._admission = admission
        self._importance = importance
        self._domain = domain
        self._metrics = metrics
        self._counter = metrics.calls.labels(path, NOT_TOLD, Status.RESOURCE_EXHAUSTED.name)
        self._refusals: dict[float, Wire] = {}
        """By the seconds that they tell to wait: there are two."""
        # It takes a stream and reads none of it: so the request is never received.
        self._closed: Handler = grpc.stream_stream_rpc_method_handler(self._turn_away)

    def closed(self) -> "Handler | None":
        """Give what answers in the method's place, where a call that comes now is turned away in any case."""
        return self._closed if self._admission.is_closed(self._importance) else None

    def through(self, answer: Answer) -> Answer:
        """Give what takes a slot, answers, and gives the slot back."""

        async def admitted(raw: bytes, context: Context) -> bytes:
            remaining_seconds: float | None = context.time_remaining()
            try:
                slot = await self._admission.enter(self._path, self._importance, remaining_seconds=remaining_seconds)
            except OmnithreadError as error:
                await self._refuse(context, to_wire(error, domain=self._domain))
                raise
            CURRENT_SLOT.set(slot)
            is_done = False
            try:
                answered = await answer(raw, context)
                is_done = True
                return answered
            finally:
                self._admission.leave(slot, counts=is_done)

        return admitted

    async def _turn_away(self, _requests: AsyncIterator[bytes], context: Context) -> None:
        seconds = self._admission.count_turned_away(self._importance)
        refusal = self._refusals.get(seconds)
        if refusal is None:
            refusal = self._refusals[seconds] = to_wire(overloaded(retry_seconds=seconds), domain=self._domain)
        await self._refuse(context, refusal)

    async def _refuse(self, context: Context, refusal: Wire) -> None:
        self._counter.inc()
        self._metrics.error(Status.RESOURCE_EXHAUSTED.name, OVERLOADED)
        await context.abort(*refusal)
