"""Whether a request was meant for the console, and a form sent from a page of it. Pure."""

from collections.abc import Mapping
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def is_meant_for_us(host: str, *, base_url: str) -> bool:
    """Whether the header `Host` names the console: its address, or, where it has none, this machine.

    A stranger's name that leads to this machine (DNS rebinding) is not it.
    """
    if base_url:
        return host.lower() == urlsplit(base_url).netloc.lower()
    name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
    return name.lower() in LOOPBACK


def own_origin(host: str, *, base_url: str) -> str:
    """Give the origin of the console's pages, as browsers name it."""
    return base_url.lower() or f"http://{host.lower()}"


def is_sent_from_us(headers: Mapping[str, str], *, base_url: str) -> bool:
    """Whether a browser says that a form was sent from a page of the console. Every browser says it."""
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    return headers.get("origin", "").lower() == own_origin(headers.get("host", ""), base_url=base_url)
