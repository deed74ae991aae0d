"""Certificates: what a process shows of itself, whom it believes, and how both are read again when the files change.

Between the suite's services both sides show one (mTLS). Who a service is stands in its certificate as a URI,
`spiffe://<trust domain>/<service>`, for the side that is called, and as the DNS name `<service>` for the side that
calls: grpc compares names, so a certificate of another service does not pass for that of the one that is meant.
TLS is 1.2 or newer, which is what grpc has built in.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import grpc
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

LOOK_EVERY_SECONDS = 1.0
MOST_FILE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where a process's certificate is, all in PEM."""

    certificate: Path
    """Its own, followed by those between it and the authority."""
    key: Path
    """The private key to it. Never logged."""
    authorities: Path
    """Who signs the certificates of the suite's services; two of them while one takes the other's place."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What was in the files, read together."""

    certificate: bytes
    key: bytes
    authorities: bytes
    expires: float = math.inf
    """When the first certificate of our own chain ends, in seconds since 1970."""
    authorities_expire: float = math.inf
    """When the first of the authorities does."""

    def __repr__(self) -> str:
        return "Pair(...)"


class Certificates:
    """The content of the files, read again when they change; looked at once a second at most.

    Files that do not fit together, as in the middle of an exchange, are left for the next look: the last good ones
    stay in use, and that is logged once for each change.
    """

    def __init__(self, files: TlsFiles, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Read them. Raises OSError or ValueError: a process without them must not start."""
        self._files = files
        self._monotonic = monotonic
        self._seen = self._look()
        self._tried = self._seen
        self._pair = _read(files)
        self._next_look = monotonic() + LOOK_EVERY_SECONDS

    def get(self) -> Pair:
        """Give what is in use now: the same object as before where nothing changed."""
        now = self._monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_EVERY_SECONDS
            self._reload()
        return self._pair

    def _reload(self) -> None:
        try:
            seen = self._look()
            if seen == self._seen:
                return
            pair = _read(self._files)
        except (OSError, ValueError) as error:
            seen_again = self._seen_or_none()
            if seen_again != self._tried:
                self._tried = seen_again
                structlog.get_logger(__name__).warning(
                    "certificate_not_reloaded", path=str(self._files.certificate), error=type(error).__name__
                )
            return
        self._pair, self._seen, self._tried = pair, seen, seen
        structlog.get_logger(__name__).info("certificate_reloaded", path=str(self._files.certificate))

    def _seen_or_none(self) -> tuple[tuple[int, int, int], ...]:
        try:
            return self._look()
        except OSError:
            return ()

    def _look(self) -> tuple[tuple[int, int, int], ...]:
        stats = [path.stat() for path in (self._files.certificate, self._files.key, self._files.authorities)]
        return tuple((stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in stats)


def server_credentials(certificates: Certificates, *, ask_for_certificates: bool) -> grpc.ServerCredentials:
    """Give what a port is served with. Every new connection is met with the files as they are then.

    `ask_for_certificates`: only who shows one that the authorities signed gets in.
    """
    served: Pair | None = None

    def configuration(pair: Pair) -> grpc.ServerCertificateConfiguration:
        return grpc.ssl_server_certificate_configuration(
            [(pair.key, pair.certificate)], root_certificates=pair.authorities if ask_for_certificates else None
        )

    def newer() -> grpc.ServerCertificateConfiguration | None:  # None: as before
        nonlocal served
        pair = certificates.get()
        if pair is served:
            return None
        served = pair
        return configuration(pair)

    served = certificates.get()
    return grpc.dynamic_ssl_server_credentials(
        configuration(served),
        newer,  # type: ignore[arg-type]  # it may give None, which the stubs do not know
        require_client_authentication=ask_for_certificates,
    )


def channel_credentials(pair: Pair) -> grpc.ChannelCredentials:
    """Give what a service calls another with: it believes the authorities only, and shows its own certificate."""
    return grpc.ssl_channel_credentials(pair.authorities, pair.key, pair.certificate)


def _read(files: TlsFiles) -> Pair:
    shown, secret, trusted = _content(files.certificate), _content(files.key), _content(files.authorities)
    try:
        chain = x509.load_pem_x509_certificates(shown)
        authorities = x509.load_pem_x509_certificates(trusted)
        key = load_pem_private_key(secret, password=None)
    except (ValueError, TypeError) as error:  # its text may quote what it read
        raise ValueError(
            f"{files.certificate} and {files.key} are no certificate and key: {type(error).__name__}"
        ) from None
    if not authorities:
        raise ValueError(f"{files.authorities} has no certificate")
    if key.public_key() != chain[0].public_key():
        raise ValueError(f"{files.key} is not the key to {files.certificate}")
    return Pair(
        certificate=shown,
        key=secret,
        authorities=trusted,
        expires=_first_end(chain),
        authorities_expire=_first_end(authorities),
    )


def _first_end(certificates: Iterable[x509.Certificate]) -> float:
    return min(one.not_valid_after_utc.timestamp() for one in certificates)


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_FILE_BYTES)
