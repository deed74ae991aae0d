"""Where the suite answers: behind one address, or each service at its own."""

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
