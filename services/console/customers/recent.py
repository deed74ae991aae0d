"""Whom an agent looked at last, in this session: ids only, in memory, and not for long."""

from collections import OrderedDict
from collections.abc import Sequence

MOST_CUSTOMERS = 10


class RecentCustomers:
    """Remembers the newest few of each session, and of so many sessions."""

    def __init__(self, *, most_sessions: int) -> None:
        self._most_sessions = most_sessions
        self._seen: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    def note(self, session_id: str, customer_id: str) -> None:
        """Note that somebody was looked at now."""
        others = tuple(one for one in self._seen.get(session_id, ()) if one != customer_id)
        self._seen[session_id] = (customer_id, *others)[:MOST_CUSTOMERS]
        self._seen.move_to_end(session_id)
        while len(self._seen) > self._most_sessions:
            self._seen.popitem(last=False)

    def of(self, session_id: str) -> Sequence[str]:
        """Give their ids, newest first."""
        return self._seen.get(session_id, ())
