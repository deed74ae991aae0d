"""How much may be sent again: a share of what is sent, so that retries never make a bad moment worse."""

MOST = 10.0
SHARE = 0.1


class RetryBudget:
    """Of one connection: ten retries at once, and one more for every ten calls that are answered.

    In an outage that lasts, a call so comes to at most 1.1 attempts in the long run.
    """

    def __init__(self, *, most: float = MOST, share: float = SHARE) -> None:
        self._most = most
        self._share = share
        self._left = most

    def called(self) -> None:
        """Note a call; what is sent again is none."""
        self._left = min(self._most, self._left + self._share)

    def take(self) -> bool:
        """Take one retry, if there is one."""
        if self._left < 1:
            return False
        self._left -= 1
        return True
