"""Who may ask how often."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request

from libs.web.buckets import Buckets
from libs.web.client_address import UNKNOWN, client_address
from libs.web.refusals import too_many
from services.console.settings import ConsoleSettings

A_MINUTE = 60.0
STRANGERS_PER_SECOND = 10.0
STRANGERS_BURST = 60
MOST_ADDRESSES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Counts requests: of agents each by themselves, of strangers by their address, and sign-ins more strictly."""

    agents: Buckets
    strangers: Buckets
    sign_ins: Buckets
    trusted_proxies: int
    now: Callable[[], float]
    """Seconds, on a clock that does not turn back."""

    def count(self, request: Request, agent_id: str) -> None:
        """Count one request of an agent, or of a stranger where that is empty. Raises TOO_MANY."""
        bucket, key = (self.agents, agent_id) if agent_id else (self.strangers, self._address(request))
        if wait := bucket.take(key, self.now()):
            raise too_many(wait)

    def count_sign_in(self, request: Request) -> None:
        """Count one try to sign in. Raises TOO_MANY."""
        if wait := self.sign_ins.take(self._address(request), self.now()):
            raise too_many(wait)

    def _address(self, request: Request) -> str:
        peer = request.client.host if request.client else UNKNOWN
        return client_address(peer, request.headers.getlist("x-forwarded-for"), trusted_proxies=self.trusted_proxies)


def limits_of(settings: ConsoleSettings, now: Callable[[], float]) -> Limits:
    """Make them."""
    return Limits(
        agents=Buckets(
            per_second=settings.agent_requests_per_second, burst=settings.agent_burst, most_keys=settings.most_agents
        ),
        strangers=Buckets(per_second=STRANGERS_PER_SECOND, burst=STRANGERS_BURST, most_keys=MOST_ADDRESSES),
        sign_ins=Buckets(
            per_second=settings.sign_ins_per_minute / A_MINUTE,
            burst=max(1.0, settings.sign_ins_per_minute),
            most_keys=MOST_ADDRESSES,
        ),
        trusted_proxies=settings.trusted_proxies,
        now=now,
    )
