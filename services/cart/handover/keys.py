"""The secrets by which hand-overs are known to be ours: signs tokens and reads them, and draws and hashes codes.

A token is the id of its key, the bytes of the hand-over's id, and an HMAC-SHA256 over both, cut to 16 bytes. It holds
nothing about the customer, and whoever reads the database without the key file can make none. Pure, but for the file.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from libs.rpc.watched_file import WatchedFile

NAME_BYTES = 16
MAC_BYTES = 16
TOKEN_BYTES = 1 + NAME_BYTES + MAC_BYTES
LEAST_SECRET_BYTES = 32
MOST_KEYS = 8
CODE_DIGITS = 6
TOKEN_DOMAIN = b"omnithread.handover.token\0"
CODE_DOMAIN = b"omnithread.handover.code\0"
DRAW_DOMAIN = b"omnithread.handover.draw\0"
PREFIX = "hnd_"


@dataclass(frozen=True, slots=True)
class HandoverKey:
    """One secret."""

    key_id: int
    """0 to 255: the first byte of its tokens."""
    secret: bytes = field(repr=False)

    def token(self, handover_id: str) -> str:
        """Give the token of a hand-over: 44 characters of base64url."""
        body = bytes([self.key_id]) + _name_of(handover_id)
        return base64.urlsafe_b64encode(body + self._mac(body)).decode()

    def made(self, token: bytes) -> bool:
        """Say whether a token's bytes were made with this key, in a time that tells nothing of how far it fits."""
        return hmac.compare_digest(token[-MAC_BYTES:], self._mac(token[:-MAC_BYTES]))

    def code(self, handover_id: str, place: int) -> str:
        """Give the six digits that are drawn for a hand-over as number `place`; the same ones each time."""
        drawn = self._digest(DRAW_DOMAIN, f"{handover_id}/{place}".encode())
        return f"{int.from_bytes(drawn[:8]) % 10**CODE_DIGITS:0{CODE_DIGITS}}"

    def code_hash(self, code: str) -> str:
        """Give the name under which six digits are kept; nobody gets from it to the digits without the key."""
        return self._digest(CODE_DOMAIN, code.encode()).hex()[:32]

    def _mac(self, body: bytes) -> bytes:
        return self._digest(TOKEN_DOMAIN, body)[:MAC_BYTES]

    def _digest(self, domain: bytes, what: bytes) -> bytes:
        return hmac.digest(self.secret, domain + what, hashlib.sha256)


@dataclass(frozen=True, slots=True)
class HandoverKeys:
    """The secrets in use, newest first: the first one makes, all of them are known."""

    keys: tuple[HandoverKey, ...]

    @property
    def newest(self) -> HandoverKey:
        """The one that makes new tokens."""
        return self.keys[0]

    def find(self, key_id: int) -> HandoverKey | None:
        """Give a key by its id; None where it is in use no more."""
        return next((key for key in self.keys if key.key_id == key_id), None)

    def handover_id_of(self, token: str) -> str | None:
        """Give the hand-over that a token names; None where the token was not made here or was changed."""
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        key = self.find(raw[0]) if len(raw) == TOKEN_BYTES else None
        if key is None or not key.made(raw):
            return None
        return handover_id_from(raw[1 : 1 + NAME_BYTES])


def handover_id_for(customer_id: str, request_id: str) -> str:
    """Give the id of the hand-over that a request makes: the same one for a retry, whatever key is the newest then."""
    named = b"\0".join((b"omnithread.handover", customer_id.encode(), request_id.encode()))
    return handover_id_from(hashlib.sha256(named).digest()[:NAME_BYTES])


def handover_id_from(name: bytes) -> str:
    """Write 16 bytes as an id: `hnd_` and 26 characters."""
    return PREFIX + base64.b32encode(name).decode().rstrip("=").lower()


def parse_keys(text: str) -> HandoverKeys:
    """Read `{"keys": [{"id": 1, "secret": "<hex, 32 bytes or more>"}, ...]}`, newest first, at most 8.

    Raises ValueError for anything else.
    """
    listed = json.loads(text)
    entries = listed.get("keys") if isinstance(listed, Mapping) else None
    if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_KEYS:
        raise ValueError(f"1 to {MOST_KEYS} keys are needed")
    keys = tuple(_key_of(entry) for entry in entries)
    if len({key.key_id for key in keys}) < len(keys):
        raise ValueError("two keys have one id")
    return HandoverKeys(keys)


def watch_keys(path: Path) -> WatchedFile[HandoverKeys]:
    """Watch the file of keys: it may be replaced while we run. Raises OSError or ValueError where it is no good now."""
    watched = WatchedFile(path, parse_keys)
    watched.get()
    return watched


def _key_of(entry: Any) -> HandoverKey:  # noqa: ANN401  whatever the file says
    if not isinstance(entry, Mapping):
        raise ValueError("a key is no object")  # noqa: TRY004  what a watched file expects of a bad one
    key_id, secret = entry.get("id"), entry.get("secret")
    if not isinstance(key_id, int) or isinstance(key_id, bool) or not 0 <= key_id <= 255:
        raise ValueError("the id of a key is no number from 0 to 255")
    if not isinstance(secret, str) or len(raw := bytes.fromhex(secret)) < LEAST_SECRET_BYTES:
        raise ValueError(f"the secret of key {key_id} has fewer than {LEAST_SECRET_BYTES} bytes")
    return HandoverKey(key_id, raw)


def _name_of(handover_id: str) -> bytes:
    return base64.b32decode(handover_id.removeprefix(PREFIX).upper() + "=" * 6)
