"""Who is at the other end of a connection, as its certificate says, and whether that fits with the token.

The public port asks for no certificate: only channels come in there. The internal port lets in nobody without one:
a service comes there as itself, with a token of its own that names the same service, or in the name of the channel
whose call it is answering, with that channel's token. A service's token that was stolen is so of no use without the
private key of that service, and a channel's token opens the internal port to nobody.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from libs.errors import permission_denied
from libs.rpc.call import Caller

SCHEME = "spiffe://"
CERTIFICATE, URIS = "x509_pem_cert", "peer_uri"
"""As grpc calls them in the context of a call."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection that is encrypted."""

    shows_certificate: bool = False
    service: str = ""
    """Which of the suite's services it is; empty where it shows no certificate, or one of somebody else."""


ANYBODY = Peer()


class Peers:
    """Reads who is at the other end, for the certificates of one trust domain."""

    def __init__(self, *, trust_domain: str, services: frozenset[str]) -> None:
        self._services = {f"{SCHEME}{trust_domain}/{service}": service for service in services}

    def of(self, context: Mapping[str, Iterable[bytes]]) -> Peer:
        """Give the peer of a call, from its `auth_context()`."""
        if CERTIFICATE not in context:
            return ANYBODY
        uris = [uri.decode("ascii", "replace") for uri in context.get(URIS, ())]
        names = [uri for uri in uris if uri.startswith(SCHEME)]
        return Peer(shows_certificate=True, service=self._services.get(names[0], "") if len(names) == 1 else "")


def check_peer(peer: Peer, caller: Caller, *, may_call: Callable[[str], bool]) -> None:
    """Compare the certificate with the token. Raises CALLER_NOT_ALLOWED or CALLER_MISMATCH.

    `may_call` says whether a service may use this method in the name of a channel.
    """
    if not peer.shows_certificate:
        if caller.service:
            raise permission_denied("CALLER_NOT_ALLOWED", "Services come in by the internal port, with a certificate.")
        return
    if not peer.service:
        raise permission_denied("CALLER_NOT_ALLOWED", "The certificate names none of the suite's services.")
    if caller.service and caller.service != peer.service:
        raise permission_denied("CALLER_MISMATCH", "The token names another service than the certificate.")
    if not may_call(peer.service):
        raise permission_denied("CALLER_NOT_ALLOWED", f"{peer.service} may not use this method.")
