"""Small facts that leave the house and come back unchanged: signed with the console's secret. Pure.

They can be read by whoever holds them, and made by nobody else. Each is sealed for one use: a session is no sign-in
link, whatever is in it.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path

LEAST_SECRET_CHARACTERS = 32
MOST_CHARACTERS = 2000
Facts = Mapping[str, str | float]


class Seal:
    """Signs and checks."""

    def __init__(self, secret: str) -> None:
        """Take the secret. Raises ValueError where it is too short to keep anybody out."""
        if len(secret) < LEAST_SECRET_CHARACTERS:
            raise ValueError(f"session_key_file needs a secret of at least {LEAST_SECRET_CHARACTERS} characters")
        self._key = secret.encode()

    @classmethod
    def read(cls, path: Path) -> "Seal":
        """Read the secret from a file. Raises OSError, ValueError."""
        return cls(path.read_text(encoding="utf-8").strip())

    def seal(self, use: str, facts: Facts) -> str:
        """Give the facts as text that fits into an address or a cookie."""
        body = _encoded(json.dumps(facts, separators=(",", ":")).encode())
        return f"{body}.{self.mark(use, body)}"

    def unseal(self, use: str, text: str) -> Facts | None:
        """Give the facts again; None where they were not sealed here for this use."""
        if len(text) > MOST_CHARACTERS or not text.isascii():
            return None
        body, _, mark = text.partition(".")
        if not hmac.compare_digest(mark, self.mark(use, body)):
            return None
        try:
            facts = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        except (ValueError, binascii.Error):
            return None
        return facts if isinstance(facts, dict) else None

    def mark(self, use: str, text: str) -> str:
        """Give the signature of a text for one use."""
        return _encoded(hmac.digest(self._key, f"{use}\0{text}".encode(), hashlib.sha256))


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
