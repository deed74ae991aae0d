"""The client package's connections, one for each agent: whoever acts is in the token of every call."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

import omnithread
from services.console.calling.agent import Agent
from services.console.calling.tokens import AgentTokens

Connect = Callable[[Callable[[], str]], omnithread.Omnithread]
"""Opens a connection whose tokens come from a function."""
CLOSE_SECONDS = 30.0


class Clients:
    """Gives connections, and keeps those of the agents who were here last; the older ones are closed in time."""

    def __init__(self, *, connect: Connect, tokens: AgentTokens, most_agents: int) -> None:
        self._connect = connect
        self._tokens = tokens
        self._most_agents = most_agents
        self._open: OrderedDict[str, omnithread.Omnithread] = OrderedDict()
        self._closing: set[asyncio.Task[None]] = set()

    def of(self, agent: Agent) -> omnithread.Omnithread:
        """Give the stubs in an agent's name. They are the console's: nobody else closes them."""
        found = self._open.get(agent.agent_id)
        if found is None:
            found = self._open[agent.agent_id] = self._connect(partial(self._tokens.token, agent))
        self._open.move_to_end(agent.agent_id)
        while len(self._open) > self._most_agents:
            _, oldest = self._open.popitem(last=False)
            closing = asyncio.create_task(oldest.close(grace_seconds=CLOSE_SECONDS))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        return found

    async def close(self) -> None:
        """Close all of them."""
        for client in self._open.values():
            await client.close(grace_seconds=0)
        for closing in tuple(self._closing):
            closing.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        self._open.clear()
