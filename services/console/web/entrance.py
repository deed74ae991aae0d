"""Finds out who comes: by the session of their browser, or by what an authenticating proxy says of them."""

from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import Request

from services.console.calling.agent import Agent, agent_of
from services.console.settings import ConsoleSettings
from services.console.web.sessions import Session, Sessions


class Entrance:
    """Gives each request its session."""

    def __init__(self, *, settings: ConsoleSettings, sessions: Sessions) -> None:
        self._header = settings.agent_header
        self._name_header = settings.agent_name_header
        networks = filter(None, settings.agent_header_networks.split(","))
        self._networks = tuple(ip_network(network.strip()) for network in networks)
        self._sessions = sessions

    def session(self, request: Request, now: datetime) -> Session | None:
        """Give the session, a fresh one where the proxy names somebody else than the cookie; None for a stranger."""
        session = self._sessions.read(request.cookies, now)
        if not self._comes_by_proxy(request):
            return session
        told = self._told(request)
        if told is None:
            return None  # the proxy knows best, also that nobody is signed in any more
        return session if session is not None and session.agent == told else self._sessions.begin(told, now)

    def _comes_by_proxy(self, request: Request) -> bool:
        if not self._header or request.client is None:
            return False
        try:
            peer = ip_address(request.client.host)
        except ValueError:
            return False
        if isinstance(peer, IPv6Address) and peer.ipv4_mapped:
            peer = peer.ipv4_mapped  # as who listens on all addresses sees those of IPv4
        return any(peer in network for network in self._networks)

    def _told(self, request: Request) -> Agent | None:
        said = request.headers.getlist(self._header)
        name = request.headers.get(self._name_header, "") if self._name_header else ""
        return agent_of(said[0], _as_meant(name)) if len(said) == 1 else None


def _as_meant(name: str) -> str:
    """Read a name that a proxy wrote in UTF-8, as they do; headers are read as Latin-1."""
    try:
        return name.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return name
