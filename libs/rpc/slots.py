"""A call's place among those that are answered, and how much of its time it has only waited for other services.

Who waits for another service costs this process nothing: were it counted, one slow service behind would make all in
front of it turn everybody away.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from libs.rpc.importance import Importance


def _nobody_counts(_slot: "Slot") -> None:
    pass


@dataclass(slots=True, eq=False)
class Slot:
    """A place among the calls that are answered; given back once."""

    method: str
    importance: Importance
    began: float
    beside: int
    """How many were answered when it began, itself included."""
    now: Callable[[], float]
    came_back: Callable[["Slot"], None] = _nobody_counts
    """Told when it has waited as one who is away, and goes on."""
    channel_id: str = ""
    """Whose it is, once that is known."""
    is_away: bool = False
    """Whether it has waited for another service for so long that it does not count until that answers."""
    _asked: int = 0
    """How many answers of other services it waits for."""
    _since: float = 0.0
    _waited: float = 0.0

    def asks(self) -> None:
        """Note that it waits for one more answer of another service."""
        if not self._asked:
            self._since = self.now()
        self._asked += 1

    def answered(self) -> None:
        """Note that one of them came, or will not."""
        self._asked -= 1
        if not self._asked:
            self._waited += self.now() - self._since
            if self.is_away:
                self.came_back(self)

    def waits_seconds(self) -> float:
        """Give for how long it has waited for another service now; 0 where it does not."""
        return self.now() - self._since if self._asked else 0.0

    def own_seconds(self) -> float:
        """Give for how long it has been answered, less what it waited for other services."""
        return self.now() - self.began - self._waited - self.waits_seconds()


CURRENT_SLOT: ContextVar[Slot | None] = ContextVar("omnithread_slot", default=None)
