"""From which address a request comes, behind proxies that each say whom they serve. Pure."""

import ipaddress
from collections.abc import Iterable

UNKNOWN = "unknown"
IPV6_PREFIX = 64
"""So much of an IPv6 address names a household; the rest, its devices choose themselves, and often."""
MOST_HOPS = 32


def client_address(peer: str, forwarded: Iterable[str], *, trusted_proxies: int) -> str:
    """Give whom to count a request for: an IPv4 address, or the /64 network of an IPv6 one.

    `peer` is who connected, `forwarded` the values of `X-Forwarded-For`, in order. Each trusted proxy appended the
    address it was called from, so of the last `trusted_proxies` entries the first is the client; what stands before
    it, the client may have invented. Where fewer are there than there should be, whoever connected is the client.
    """
    if trusted_proxies == 0:
        return _counted(peer)
    hops = [hop.strip() for value in forwarded for hop in value.split(",")][-MOST_HOPS:]
    if len(hops) < trusted_proxies:
        return _counted(peer)
    return _counted(hops[-trusted_proxies])


def _counted(text: str) -> str:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]  # some proxies add the port
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
    return str(address)
