"""Where we may post to: addresses somebody else chose, which must not lead into our own network.

The text of a URL proves nothing, since a name may lead anywhere and lead elsewhere a second later. So what counts is
the IP address, checked after the name was looked up and connected to as it was checked.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve: TypeAlias = Callable[[str, int], Coroutine[Any, Any, Sequence[str]]]
"""Gives the IP addresses of a host; raises OSError where it has none."""

MAX_URL_LENGTH = 2048
MAX_ADDRESSES = 16
URL = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+(?:/[\x21-\x22\x24-\x7e]*)?")
HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9-]{1,63})*\.?")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressForbidden(Exception):
    """An address that we do not post to. `why` is one of a few fixed words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What the operator allows beside `https` to the public internet."""

    allow_http: bool = False
    """Whether `http` will do; for receivers on the same machine or in a trusted network."""
    allowed_networks: tuple[Network, ...] = ()
    """Networks that are not public and allowed all the same."""

    def check_url(self, url: str) -> None:
        """Return where a URL may be posted to, as far as its text shows. Raises AddressForbidden.

        Only visible ASCII, without user, password or fragment; an IP address in it is checked here already.
        """
        if len(url) > MAX_URL_LENGTH:
            raise AddressForbidden("url_too_long")
        if not URL.fullmatch(url):
            raise AddressForbidden("url_malformed")
        parts = urlsplit(url)
        try:
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise AddressForbidden("url_malformed") from error
        if port == 0 or not host:
            raise AddressForbidden("url_malformed")
        if parts.scheme != "https" and not self.allow_http:
            raise AddressForbidden("not_https")
        literal = _address(host)
        if literal is not None:
            self.check_address(literal)
        elif not HOST.fullmatch(host) or host.rstrip(".").rpartition(".")[2].isdigit():
            raise AddressForbidden("url_malformed")  # `127.1` and `0x7f000001` are addresses in disguise

    def check_address(self, address: Address) -> None:
        """Return where an IP address is public or allowed. Raises AddressForbidden."""
        reached = _reached(address)
        if any(reached in network for network in self.allowed_networks if network.version == reached.version):
            return
        if not reached.is_global or reached.is_multicast or reached.is_reserved:
            raise AddressForbidden("address_not_public")

    async def addresses(self, host: str, port: int, *, resolve: Resolve) -> list[str]:
        """Look a host up and give its IP addresses, at most 16, each of them checked.

        Raises AddressForbidden where one of them is not allowed, for who mixes them means no good; OSError where there
        is none.
        """
        literal = _address(host)
        found = [str(literal)] if literal else await resolve(host, port)
        for text in found:
            address = _address(text)
            if address is None:
                raise AddressForbidden("address_not_public")
            self.check_address(address)
        if not found:
            raise OSError("no address")
        return list(found[:MAX_ADDRESSES])


def networks_from(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read networks in CIDR form (`10.1.0.0/16`). ValueError where one is none."""
    return tuple(ipaddress.ip_network(text.strip()) for text in texts if text.strip())


async def resolve_by_system(host: str, port: int) -> list[str]:
    """Ask the system's resolver; OSError where it knows no address."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


def _reached(address: Address) -> Address:
    """Give the address that is really reached: IPv6 has several ways to write an IPv4 one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address
