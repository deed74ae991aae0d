"""Sessions: who is signed in, for how long, and the token that every form of theirs has to bring back.

A session is signed and lives in the browser's cookie, so any replica knows it. Signing out is remembered here; it
holds in this process until the session would have ended by itself.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.ids import NewId
from services.console.calling.agent import Agent, agent_of
from services.console.web.sealing import Facts, Seal

SESSION, FORM = "session", "form"
COOKIE = "omnithread-console"
RENEW_AFTER = timedelta(minutes=1)
MOST_ENDED = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """One visit of one agent with one browser."""

    session_id: str
    agent: Agent
    began: datetime
    seen: datetime
    """When it was last heard of, to a minute."""


class Sessions:
    """Begins, reads and ends sessions."""

    def __init__(self, *, seal: Seal, hours: float, idle_minutes: float, secure: bool, new_id: NewId) -> None:
        """`secure` says that browsers reach the console by https: the cookie then travels by nothing else."""
        self._seal = seal
        self._longest = timedelta(hours=hours)
        self._longest_idle = timedelta(minutes=idle_minutes)
        self._secure = secure
        self._new_id = new_id
        self._ended: OrderedDict[str, None] = OrderedDict()

    @property
    def cookie_name(self) -> str:
        """The name of the cookie; over https one that no other host can set."""
        return f"__Host-{COOKIE}" if self._secure else COOKIE

    def begin(self, agent: Agent, now: datetime) -> Session:
        """Begin one."""
        return Session(session_id=self._new_id("ses"), agent=agent, began=now, seen=now)

    def read(self, cookies: Mapping[str, str], now: datetime) -> Session | None:
        """Give the session of a request's cookies; None where there is none, or none any more."""
        facts = self._seal.unseal(SESSION, cookies.get(self.cookie_name, ""))
        if facts is None:
            return None
        session = _session_of(facts, now)
        return session if session is not None and self.goes_on(session, now) else None

    def goes_on(self, session: Session, now: datetime) -> bool:
        """Whether a session has not ended: by itself, or by signing out."""
        if session.session_id in self._ended:
            return False
        return now - session.began < self._longest and now - session.seen < self._longest_idle

    def renewed(self, session: Session, now: datetime) -> Session:
        """Give the session as heard of now; the same one where that is less than a minute ago."""
        return replace(session, seen=now) if now - session.seen >= RENEW_AFTER else session

    def end(self, session: Session) -> None:
        """End it: whoever still has its cookie has nothing."""
        self._ended[session.session_id] = None
        if len(self._ended) > MOST_ENDED:
            self._ended.popitem(last=False)

    def cookie(self, session: Session) -> str:
        """Give the header `Set-Cookie` of a session."""
        facts: Facts = {
            "id": session.session_id,
            "agent": session.agent.agent_id,
            "name": session.agent.name,
            "began": session.began.timestamp(),
            "seen": session.seen.timestamp(),
        }
        return self._cookie(self._seal.seal(SESSION, facts), round(self._longest.total_seconds()))

    def no_cookie(self) -> str:
        """Give the header that takes the cookie away."""
        return self._cookie("", 0)

    def form_token(self, session: Session) -> str:
        """Give what a form of this session has to bring back."""
        return self._seal.mark(FORM, session.session_id)

    def _cookie(self, value: str, seconds: int) -> str:
        secure = "; Secure" if self._secure else ""
        return f"{self.cookie_name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def _session_of(facts: Mapping[str, str | float], now: datetime) -> Session | None:
    agent = agent_of(str(facts.get("agent", "")), str(facts.get("name", "")))
    try:
        began = datetime.fromtimestamp(float(facts["began"]), now.tzinfo)
        seen = datetime.fromtimestamp(float(facts["seen"]), now.tzinfo)
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return None
    return Session(str(facts.get("id", "")), agent, began, seen) if agent is not None else None
