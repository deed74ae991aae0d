"""Questions of many callers as one: while one is under way, those that come wait, and then go together.

Where little is asked nobody waits: what comes in one turn of the event loop goes at its end. The more is asked at once,
the more one question brings, so that a busy process asks others less for each call. What a caller is given was always
asked for after they came.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from libs.telemetry.shared_work import Told, go_on_for_all, told_to_each

LEAST_SECONDS = 0.005
"""With less left nothing is asked any more."""

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class ByItself(Exception):
    """Told in an answer's place: whoever asked together is to ask by itself."""


class _HasTurn(ByItself):
    """It is one caller's turn, and nobody else's."""


@dataclass(slots=True)
class _Waiting(Generic[Asked, Answer]):
    """One caller who waits for the next question."""

    asked: Asked
    end: float
    """When they stop waiting, on the event loop's clock."""
    is_taken_up: bool = False
    has_turn: bool = False
    """Whether they ask by themselves as the question that is under way."""
    context: Context = field(default_factory=copy_context)
    answer: "asyncio.Future[Answer]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def tell(self, told: Answer | Exception) -> None:
        """Tell the caller, unless they have given up."""
        if self.answer.done():
            return
        if isinstance(told, Exception):
            self.answer.set_exception(told)
        else:
            self.answer.set_result(told)

    def stop(self) -> None:
        """Listen no longer."""
        if not self.answer.cancel() and not self.answer.cancelled():
            self.answer.exception()  # so that asyncio does not take it for forgotten


class Gathering(Generic[Asked, Answer]):
    """Asks for many at once, in few questions."""

    def __init__(
        self,
        *,
        alone: Callable[[Asked], Awaitable[Answer]],
        together: Callable[[Sequence[Asked], float], Awaitable[Sequence[Answer | Exception]]],
        most: int,
        held_up_seconds: float,
        told: Told | None = None,
    ) -> None:
        """`together` asks for `most` at most, has so many seconds, and answers each in its place, or raises for all.

        It runs in the context of whoever can wait longest, but under nobody's labels and in nobody's trace: `told` is
        how the trace of each tells of it, where that is not told otherwise.
        Of one caller is asked by `alone`, in their own task.
        Where somebody has not been taken up for `held_up_seconds`, one more question is asked.
        """
        self._alone = alone
        self._together = together
        self._most = most
        self._held_up_seconds = held_up_seconds
        self._told = told
        self._under_way = 0
        self._begins_soon = False
        self._waiting: deque[_Waiting[Asked, Answer]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, asked: Asked, *, within_seconds: float) -> Answer:
        """Give the answer. Raises what asking raises, and TimeoutError where it has not come in that time."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting[Asked, Answer](asked, loop.time() + within_seconds)
        self._waiting.append(waiting)
        if not self._under_way and not self._begins_soon:
            self._begins_soon = True
            loop.call_soon(self._begin)
        try:
            async with asyncio.timeout_at(waiting.end):
                await self._taken_up(waiting)
                return await waiting.answer
        except ByItself:
            return await self._alone(asked)
        finally:
            waiting.stop()
            if waiting.has_turn:
                self._one_less()

    async def _taken_up(self, waiting: _Waiting[Asked, Answer]) -> None:
        """Wait until it is asked for; what is under way may hang, and after a while one more question is asked."""
        while not waiting.answer.done() and not waiting.is_taken_up:
            done, _ = await asyncio.wait([waiting.answer], timeout=self._held_up_seconds)
            if not done and not waiting.is_taken_up:
                self._go_on()

    def _begin(self) -> None:
        self._begins_soon = False
        if not self._under_way:
            self._go_on()

    def _one_less(self) -> None:
        self._under_way -= 1
        self._go_on()

    def _go_on(self) -> None:
        now = asyncio.get_running_loop().time()
        together = self._next(now)
        if not together:
            return
        self._under_way += 1
        if len(together) == 1:
            together[0].has_turn = True
            together[0].tell(_HasTurn())
            return
        longest = max(together, key=lambda one: one.end)
        context = longest.context.copy()
        context.run(go_on_for_all)
        asking = self._ask_together(together, longest.end - now)
        task = asyncio.get_running_loop().create_task(asking, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _next(self, now: float) -> list[_Waiting[Asked, Answer]]:
        """Take up who waits, without those who have given up or whose time is over."""
        together: list[_Waiting[Asked, Answer]] = []
        while self._waiting and len(together) < self._most:
            waiting = self._waiting.popleft()
            if waiting.end - now < LEAST_SECONDS:
                waiting.tell(TimeoutError())
            elif not waiting.answer.done():
                waiting.is_taken_up = True
                together.append(waiting)
        return together

    async def _ask_together(self, together: list[_Waiting[Asked, Answer]], within_seconds: float) -> None:
        """Answer them all, or fail them all: each has its own time beside, this is the longest of them."""
        try:
            with told_to_each([one.context for one in together], self._told):
                answers = await self._together([one.asked for one in together], within_seconds)
        except Exception as error:  # noqa: BLE001  it is told to whoever waits
            for one in together:
                one.tell(error)
        else:
            for one, told in zip(together, answers, strict=True):
                one.tell(told)
        finally:
            self._one_less()
