"""Who is signed in."""

import re
from dataclasses import dataclass

AGENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
"""As the claim `actor` of a token takes it."""
MOST_NAME_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Agent:
    """A member of staff."""

    agent_id: str
    name: str


def agent_of(agent_id: str, name: str = "") -> Agent | None:
    """Give an agent; None where the id is none. A name that is missing is the id, and one that is long is cut."""
    if not AGENT_ID.fullmatch(agent_id):
        return None
    shown = "".join(mark for mark in name if mark.isprintable()).strip()[:MOST_NAME_CHARACTERS]
    return Agent(agent_id=agent_id, name=shown or agent_id)
