"""Makes and reads the tokens of links: encrypted and signed (Fernet), so they tell nothing and cannot be changed.

A token says whose it is, what it is for, and until when. It holds the address that the mail went to: whoever has the
mail has that already, and it is by this that a page can show it without asking anybody.
"""

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from libs.rpc.watched_file import WatchedFile
from libs.timestamps import EPOCH
from omnithread.common.v1.delivery_pb2 import DeliveryKind
from services.preference.values import ConsentKey

MOST_KEYS = 8
PADDING = "="
FORMAT = 1


class LinkKind(StrEnum):
    """What a link is for; as it stands in its address."""

    UNSUBSCRIBE = "u"
    PREFERENCES = "p"
    CONFIRM = "c"


LIFETIMES = {LinkKind.UNSUBSCRIBE: timedelta(days=730), LinkKind.PREFERENCES: timedelta(days=90)}
"""How long links work; that of a confirmation is the confirmation's."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a token says."""

    kind: LinkKind
    customer_id: str
    key: ConsentKey = field(repr=False)
    """Purpose, way and address of the message that it was in."""
    expire_time: datetime
    """In whole seconds."""
    message_id: str = ""
    confirmation_id: str = ""
    brand: str = ""
    language: str = ""


class LinkTokens:
    """Makes tokens with the newest key, and reads those of every key in the file."""

    def __init__(self, keys: WatchedFile[MultiFernet], *, base_url: str) -> None:
        self._keys = keys
        self._base_url = base_url.rstrip("/")

    def url(self, link: Link) -> str:
        """Give the address that leads to the page; empty where the installation has no public address."""
        return f"{self._base_url}/{link.kind}/{self.make(link)}" if self._base_url else ""

    def make(self, link: Link) -> str:
        """Give a token: at most 1,200 characters of base64url, without the padding that programs cut off links."""
        key = link.key
        said = [
            FORMAT,
            link.kind,
            link.customer_id,
            key.purpose,
            key.delivery_kind,
            key.contact_point,
            (link.expire_time - EPOCH) // timedelta(seconds=1),
            link.message_id,
            link.confirmation_id,
            link.brand,
            link.language,
        ]
        text = json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()
        return self._keys.get().encrypt(text).decode().rstrip(PADDING)

    def read(self, token: str) -> Link | None:
        """Give what a token says, however old; None where it was not made here, or was changed."""
        bare = token.rstrip(PADDING)
        padded = bare + PADDING * (-len(bare) % 4)
        if token not in (bare, padded):
            return None
        try:
            if base64.urlsafe_b64encode(base64.urlsafe_b64decode(padded)).decode() != padded:
                return None  # decoders overlook what is too much: one link had many spellings, each with its own limit
            said = json.loads(self._keys.get().decrypt(padded.encode()))
        except (InvalidToken, ValueError):
            return None
        if said[0] != FORMAT:
            return None
        _, kind, customer_id, purpose, way, contact_point, expires, message_id, confirmation_id, brand, language = said
        return Link(
            kind=LinkKind(kind),
            customer_id=customer_id,
            key=ConsentKey(purpose, DeliveryKind.ValueType(way), contact_point),
            expire_time=EPOCH + timedelta(seconds=expires),
            message_id=message_id,
            confirmation_id=confirmation_id,
            brand=brand,
            language=language,
        )


def parse_keys(text: str) -> MultiFernet:
    """Read `{"keys": ["<Fernet key>", ...]}`, newest first, at most 8. Raises ValueError for anything else."""
    listed = json.loads(text)
    keys = listed.get("keys") if isinstance(listed, dict) else None
    if not isinstance(keys, list) or not 1 <= len(keys) <= MOST_KEYS or not all(isinstance(key, str) for key in keys):
        raise ValueError(f"1 to {MOST_KEYS} keys are needed")
    return MultiFernet([Fernet(key) for key in keys])


def watch_keys(path: Path) -> WatchedFile[MultiFernet]:
    """Watch the file of keys: it may be replaced while we run. Raises OSError or ValueError where it is no good now."""
    watched = WatchedFile(path, parse_keys)
    watched.get()
    return watched
