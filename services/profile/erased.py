"""Remembers whom nobody may bring back: a keyed hash of each identifier that led to a customer who was forgotten.

An import asks here. Whoever comes back by themselves is a new customer, and is not asked for.
The key keeps a copy of the database from being compared with lists of addresses. It is the one in the settings' file;
without one, a key of the database's own, made when it is first needed.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.once import insert_once
from libs.mongo.shapes import META

ERASED_IDENTIFIERS = "erased_identifiers"
KEY = "erasure_key"
KEY_BYTES = 32
LEAST_KEY_BYTES = 16
MOST_AT_ONCE = 1000


class ErasedIdentifiers:
    """The hashes of identifiers of forgotten customers."""

    def __init__(self, database: Database, *, secret: bytes | None = None) -> None:
        """Take the secret, or None for one of the database's own. ValueError for one under 16 bytes."""
        if secret is not None and len(secret) < LEAST_KEY_BYTES:
            raise ValueError(f"the secret has fewer than {LEAST_KEY_BYTES} bytes")
        self._database = database
        self._secret = secret

    async def keep(self, keys: Iterable[str], *, now: datetime) -> None:
        """Note identifiers by their keys; noted before is fine."""
        secret = await self._key()
        for key in keys:
            await insert_once(self._database[ERASED_IDENTIFIERS], {"_id": _hash(secret, key), "erase_time": now})

    async def find(self, keys: Iterable[str]) -> frozenset[str]:
        """Give those of at most 1000 keys that led to somebody who was forgotten. One query by `_id`."""
        wanted = sorted(set(keys))
        if len(wanted) > MOST_AT_ONCE:
            raise ValueError(f"more than {MOST_AT_ONCE} keys at once")
        if not wanted:
            return frozenset()
        secret = await self._key()
        by_hash = {_hash(secret, key): key for key in wanted}
        with reading():
            rows = await self._database[ERASED_IDENTIFIERS].find({"_id": {"$in": sorted(by_hash)}}).to_list(None)
        return frozenset(by_hash[row["_id"]] for row in rows)

    async def _key(self) -> bytes:
        if self._secret is None:
            await insert_once(self._database[META], {"_id": KEY, "key": secrets.token_bytes(KEY_BYTES)})
            with reading():
                found = await self._database[META].find_one({"_id": KEY})
            if found is None:
                raise LookupError("the key that was just made is gone")
            self._secret = bytes(found["key"])
        return self._secret


def _hash(secret: bytes, key: str) -> str:
    return hmac.new(secret, key.encode(), hashlib.sha256).hexdigest()
