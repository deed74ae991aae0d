"""Page tokens: where the next page of one list begins, opaque to callers and of no use for another list.

A token holds a position (ids and times), no personal data, and is checked, not secret:
whoever forges one reaches only what the list shows its owner anyway.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping

from libs.errors import page_token_invalid

DIGEST_BYTES = 9
DEFAULT_PAGE_SIZE = 20
MOST_PAGE_SIZE = 100


class PageTokens:
    """The tokens of one list, for example `PageTokens("cart.orders")`."""

    def __init__(self, list_name: str) -> None:
        self._list_name = list_name

    def encode(self, position: Mapping[str, str | int], *, owner: str) -> str:
        """Give the token for a position in `owner`'s list (a customer id, or empty where the list has no owner)."""
        body = json.dumps(dict(position), sort_keys=True, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._digest(body, owner) + body).decode().rstrip("=")

    def decode(self, token: str, *, owner: str) -> dict[str, str | int] | None:
        """Give the position back, None for the empty token of a first page.

        Raises PAGE_TOKEN_INVALID for a token that is damaged or was given for another list or owner.
        """
        if not token:
            return None
        try:
            raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise page_token_invalid() from None
        digest, body = raw[:DIGEST_BYTES], raw[DIGEST_BYTES:]
        if digest != self._digest(body, owner):
            raise page_token_invalid()
        try:
            position = json.loads(body)
        except (ValueError, RecursionError):
            raise page_token_invalid() from None
        if not isinstance(position, dict):  # well formed, and nobody was ever given it
            raise page_token_invalid()
        return position

    def _digest(self, body: bytes, owner: str) -> bytes:
        context = f"{self._list_name}\0{owner}\0".encode()
        return hashlib.sha256(context + body).digest()[:DIGEST_BYTES]


def page_size(requested: int, default: int = DEFAULT_PAGE_SIZE, most: int = MOST_PAGE_SIZE) -> int:
    """Give how many to list: `default` for 0, never more than `most`."""
    return min(requested, most) if requested > 0 else default
