"""Addresses that a message may lead to: pure. What is none becomes nothing, whoever gave it."""

import re
from urllib.parse import urlsplit

MAX_CHARACTERS = 2000
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
ODD = re.compile(r"[\x00-\x20\x7f-\xa0\"'<>\\^`{|}\u2028\u2029]")
WEB = frozenset({"https", "http"})
NEVER = frozenset({"javascript", "vbscript", "data", "file", "blob", "about", "intent", "filesystem", "view-source"})
"""What runs or reads where it is opened."""


def web_address(uri: str | None) -> str | None:
    """Give an address of the web only: what else a channel may have noted (`javascript:`) belongs into no mail."""
    return uri if uri and _scheme(uri) in WEB and _has_host(uri) else None


def app_address(uri: str | None) -> str | None:
    """Give an address of the web, or one that an app of the company opens: `shop://cart`."""
    scheme = _scheme(uri) if uri else ""
    if not uri or not scheme or scheme in NEVER:
        return None
    return uri if scheme not in WEB or _has_host(uri) else None


def _scheme(uri: str) -> str:
    named = SCHEME.match(uri)
    return named[1].lower() if named and len(uri) <= MAX_CHARACTERS and not ODD.search(uri) else ""


def _has_host(uri: str) -> bool:
    try:
        return bool(urlsplit(uri).hostname)
    except ValueError:
        return False
