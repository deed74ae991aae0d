"""One-time links by which somebody signs in who was given one by whoever runs the console."""

from collections import OrderedDict
from datetime import datetime, timedelta

from libs.ids import NewId
from services.console.calling.agent import Agent, agent_of
from services.console.web.sealing import Facts, Seal

SIGN_IN = "sign-in"
MOST_USED = 100_000
NEARLY = timedelta(seconds=5)
"""Clocks of two processes on one machine, or two machines in step, differ by less."""


class SignInLinks:
    """Makes and takes the tokens of links.

    That a link was used is known to the process where it was; so links from before a process began are refused, and
    the same link is not taken again after a restart. It is a way in for one process on one machine: several replicas
    stand behind a proxy that knows who comes.
    """

    def __init__(self, *, seal: Seal, minutes: float, began: datetime) -> None:
        self._seal = seal
        self._longest = timedelta(minutes=minutes)
        self._began = began
        self._used: OrderedDict[str, datetime] = OrderedDict()

    def look(self, token: str, now: datetime) -> Agent | None:
        """Say whom a link would sign in; None where it is none, has expired, or was used."""
        found = self._read(token, now)
        return None if found is None else found[1]

    def take(self, token: str, now: datetime) -> Agent | None:
        """Use a link; None as above."""
        found = self._read(token, now)
        if found is None:
            return None
        link_id, agent = found
        self._used[link_id] = now
        while self._used and (len(self._used) > MOST_USED or now - next(iter(self._used.values())) > 2 * self._longest):
            self._used.popitem(last=False)
        return agent

    def _read(self, token: str, now: datetime) -> tuple[str, Agent] | None:
        facts = self._seal.unseal(SIGN_IN, token)
        made = _made(facts, now) if facts is not None else None
        if facts is None or made is None:
            return None
        in_time = made - NEARLY <= now < made + self._longest and made >= self._began - NEARLY
        link_id, agent = str(facts.get("id", "")), agent_of(str(facts.get("agent", "")), str(facts.get("name", "")))
        return (link_id, agent) if in_time and agent is not None and link_id and link_id not in self._used else None


def sign_in_link(base_url: str, seal: Seal, agent: Agent, now: datetime, new_id: NewId) -> str:
    """Make a fresh link, in whatever process that has the console's secret."""
    facts: Facts = {"id": new_id("lnk"), "agent": agent.agent_id, "name": agent.name, "made": now.timestamp()}
    return f"{base_url}/sign-in/{seal.seal(SIGN_IN, facts)}"


def _made(facts: Facts, now: datetime) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(facts["made"]), now.tzinfo)
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return None
