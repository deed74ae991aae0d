"""Work that ends at a chosen await, as a killed process does: what it had asked for may still be done."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any


class Cut:
    """Runs a coroutine, and throws it away at its nth wait; gives whether it came to its end."""

    def __init__(self, work: Coroutine[Any, Any, None], at: int) -> None:
        self._work = work
        self._at = at

    def __await__(self) -> Generator[Any, Any, bool]:
        steps = self._work.__await__()
        answer: Any = None
        for _ in range(self._at):
            try:
                awaited = steps.send(answer)
            except StopIteration:
                return True
            try:
                answer = yield awaited
            except BaseException as error:  # noqa: BLE001  whatever it is, the work is told
                answer = None
                try:
                    steps.throw(error)
                except StopIteration:
                    return True
        try:
            steps.send(answer)
        except StopIteration:
            return True
        try:
            steps.throw(asyncio.CancelledError())
        except (asyncio.CancelledError, StopIteration):
            pass
        finally:
            steps.close()
        return False
