"""Where the suite answers: behind one address, or each service at its own."""

from collections.abc import Sequence
from dataclasses import dataclass

SERVICES = ("profile", "cart", "preference", "messaging", "context")
"""The names of the stubs and of the fields of `Addresses`."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The `host:port` of each service."""

    profile: str
    cart: str
    preference: str
    messaging: str
    context: str

    @classmethod
    def one(cls, address: str) -> "Addresses":
        """All five behind one gateway, which routes by the name of the gRPC service."""
        return cls(profile=address, cart=address, preference=address, messaging=address, context=address)

    def distinct(self) -> list[str]:
        """Each address once: services that share one share a connection."""
        return list(dict.fromkeys((self.profile, self.cart, self.preference, self.messaging, self.context)))


SEVERAL = ("ipv4:", "ipv6:")


def one_address(replicas: Sequence[str]) -> str:
    """One address for all replicas of a service, each given as `IPv4:port`; calls are balanced among them.

    For where no name leads to all of them. Raises ValueError for none.
    """
    if not replicas:
        raise ValueError("an address of no replica")
    return replicas[0] if len(replicas) == 1 else SEVERAL[0] + ",".join(replicas)


def authority_options(address: str) -> tuple[tuple[str, str], ...]:
    """The options of a channel to an address of several replicas: whose certificate is right for them all.

    gRPC would look for the whole list in it; it is to look for the first of them.
    """
    if not address.startswith(SEVERAL) or "," not in address:
        return ()
    return (("grpc.default_authority", address.partition(":")[2].partition(",")[0]),)
