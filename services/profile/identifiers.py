"""One way of writing each identifier, so that what was said twice is one identifier.

What is refused here is refused whatever the customer; whether a value exists in the world is never asked.
"""

import re
import unicodedata

from libs.contact_points import normal_email, normal_phone
from services.profile.model import Identifier, IdentifierKind
from services.profile.rules import EVERYWHERE, EmailRules, IdentityRules

MAX_VALUE_BYTES = 254
SOCIAL_NETWORK = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


def normal_identifier(kind: IdentifierKind, value: str, *, verified: bool, rules: IdentityRules) -> Identifier:
    """Give an identifier as it is kept and compared.

    A value that the rules block (`null`) is given as it was said, since it need not be one of its kind.
    ValueError, without the value in its text, where it is none of its kind. Normalising twice changes nothing.
    """
    if rules.blocks_value(kind, value):
        return Identifier(kind=kind, value=_bounded(_opaque(value)), verified=verified)
    match kind:
        case IdentifierKind.EMAIL:
            normal = _email(value, rules.email)
            compared_as = _compared_email(normal, rules.email)
            return Identifier(kind=kind, value=_bounded(normal), verified=verified, compared_as=compared_as)
        case IdentifierKind.PHONE:
            normal = normal_phone(value, region=rules.phone_region)
        case IdentifierKind.SOCIAL:
            normal = _social(value)
        case _:
            normal = _opaque(value)
    return Identifier(kind=kind, value=_bounded(normal), verified=verified)


def _bounded(value: str) -> str:
    if len(value.encode()) > MAX_VALUE_BYTES:
        raise ValueError(f"more than {MAX_VALUE_BYTES} bytes")
    return value


def _email(value: str, rules: EmailRules) -> str:
    """Keep the local part as it was written, for mails to it; comparing is without regard to case."""
    domain = normal_email(value).rpartition("@")[2]
    local_part = unicodedata.normalize("NFC", value.strip().rpartition("@")[0])
    return f"{local_part.lower() if rules.lowercase_local_part else local_part}@{domain}"


def _compared_email(address: str, rules: EmailRules) -> str:
    """Give what the address is compared by, empty where that is the address itself."""
    local_part, _, domain = address.rpartition("@")
    compared = local_part
    if _holds_at(domain, rules.ignore_plus_tag_at):
        compared = compared.partition("+")[0] or compared
    if _holds_at(domain, rules.ignore_dots_at):
        compared = compared.replace(".", "") or compared
    return f"{compared}@{domain}" if compared != local_part else ""


def _holds_at(domain: str, domains: frozenset[str]) -> bool:
    return domain in domains or EVERYWHERE in domains


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
