"""One way of writing each identifier, so that what was said twice is one identifier.

What is refused here is refused whatever the customer; whether a value exists in the world is never asked.
"""

import re
import unicodedata

from libs.contact_points import normal_email, normal_phone
from services.profile.model import Identifier, IdentifierKind

MAX_VALUE_BYTES = 254
SOCIAL_NETWORK = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


def normal_identifier(kind: IdentifierKind, value: str, *, verified: bool) -> Identifier:
    """Give an identifier as it is kept and compared.

    ValueError, without the value in its text, where it is none of its kind. Normalising twice changes nothing.
    """
    normal = _NORMAL.get(kind, _opaque)(value)
    if len(normal.encode()) > MAX_VALUE_BYTES:
        raise ValueError(f"more than {MAX_VALUE_BYTES} bytes")
    return Identifier(kind=kind, value=normal, verified=verified)


def _email(value: str) -> str:
    """Keep the local part as it was written, for mails to it; comparing is without regard to case."""
    domain = normal_email(value).rpartition("@")[2]
    local_part = unicodedata.normalize("NFC", value.strip().rpartition("@")[0])
    return f"{local_part}@{domain}"


def _social(value: str) -> str:
    network, colon, account = _opaque(value).partition(":")
    network, account = network.strip().lower(), account.strip()
    if not colon or not account or not SOCIAL_NETWORK.fullmatch(network):
        raise ValueError("no account written as network:id")
    return f"{network}:{account}"


def _opaque(value: str) -> str:
    try:
        normal = unicodedata.normalize("NFC", value).strip()
    except UnicodeError:
        raise ValueError("no text") from None
    if not normal:
        raise ValueError("nothing but space")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in normal):
        raise ValueError("a control character")
    return normal


_NORMAL = {
    IdentifierKind.EMAIL: _email,
    IdentifierKind.PHONE: normal_phone,
    IdentifierKind.SOCIAL: _social,
}
