"""The tokens of agents: signed here, with a key that is good for the console's channel and nothing else."""

import json
from pathlib import Path

import jwt

from libs.clock import Clock
from libs.rpc.scopes import to_claim
from libs.rpc.watched_file import WatchedFile
from services.console.calling.agent import Agent

ALGORITHM = "EdDSA"
SCOPES = frozenset(
    {
        "profile:read",
        "profile:sensitive",
        "cart:read",
        "cart:write",
        "cart:desk",
        "offers:read",
        "preference:read",
        "messages:read",
        "messages:send",
        "messages:review",
        "conversations:work",
        "context:read",
        "journeys:search",
        "dead-letters:manage",
    }
)
"""What agents do on the console, and no more; the registry bounds its channel by the same."""


class AgentTokens:
    """Makes tokens."""

    def __init__(
        self, *, key_file: Path, channel_id: str, issuer: str, audience: str, seconds: float, clock: Clock
    ) -> None:
        """Read the key. Raises OSError or ValueError where it is no private key of the kind Ed25519."""
        self._key = WatchedFile(key_file, _parse)
        self._channel_id = channel_id
        self._issuer = issuer
        self._audience = audience
        self._seconds = seconds
        self._clock = clock
        self._key.get()

    def token(self, agent: Agent) -> str:
        """Give a fresh token in an agent's name."""
        key = self._key.get()
        now = self._clock().timestamp()
        claims = {
            "sub": agent.agent_id,
            "channel": self._channel_id,
            "actor": agent.agent_id,
            "scope": to_claim(SCOPES),
            "iss": self._issuer,
            "aud": self._audience,
            "iat": now,
            "exp": now + self._seconds,
        }
        return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": key.key_id})


def _parse(text: str) -> jwt.PyJWK:
    try:
        entry = json.loads(text)
        if not entry["d"] or not entry["kid"]:
            raise ValueError("no private key")
        return jwt.PyJWK.from_dict(entry, algorithm=ALGORITHM)
    except (KeyError, TypeError, ValueError, jwt.PyJWTError) as error:
        raise ValueError(f"token_key_file is no private JWK with a kid: {type(error).__name__}") from None
