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
        failure: BaseException | None = None
        for waits in range(self._at + 1):
            try:
                awaited = steps.send(None) if failure is None else steps.throw(failure)
            except StopIteration:
                return True
            if waits == self._at:
                break
            failure = None
            try:
                yield awaited
            except BaseException as error:  # noqa: BLE001  whatever it is, the work is told
                failure = error
        try:
            steps.throw(asyncio.CancelledError())
        except (asyncio.CancelledError, StopIteration):
            pass
        finally:
            steps.close()
        return False
