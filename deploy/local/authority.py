"""An authority of our own, for one machine: it signs the certificates that the suite's processes show one another.

What a company has for this, such as cert-manager, makes the same: for each service a certificate with the URI
`spiffe://<trust domain>/<service>`, the DNS name `<service>`, and the names of the hosts where it answers.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.local.state import private_dir, write_private
from libs.rpc.certificates import TlsFiles

TRUST_DOMAIN = "omnithread"
AUTHORITY, AUTHORITY_KEY = "ca.pem", "ca-key.pem"
AUTHORITY_DAYS = 365
CERTIFICATE_DAYS = 30
LEAST_DAYS_LEFT = 7
"""What ends sooner is made anew by the next start."""
CLOCKS_DIFFER = dt.timedelta(hours=1)
HOSTS = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates; its own one and its key are in `folder`."""

    folder: Path

    @property
    def file(self) -> Path:
        """Its certificate: who trusts that, trusts every process of the suite."""
        return self.folder / AUTHORITY

    def files_of(self, service: str) -> TlsFiles:
        """Give where a service's certificate is."""
        return TlsFiles(
            certificate=self.folder / f"{service}.pem",
            key=self.folder / f"{service}-key.pem",
            authorities=self.file,
        )

    def issue(
        self,
        service: str,
        *,
        now: dt.datetime,
        days: float = CERTIFICATE_DAYS,
        uris: Iterable[str] | None = None,
    ) -> TlsFiles:
        """Make a key and a certificate, in place of what was there; `uris` in place of the service's own."""
        key = ec.generate_private_key(ec.SECP256R1())
        own = load_pem_private_key((self.folder / AUTHORITY_KEY).read_bytes(), password=None)
        if not isinstance(own, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self.folder / AUTHORITY_KEY} is no key of ours")
        issuer = x509.load_pem_x509_certificate(self.file.read_bytes())
        named = [f"spiffe://{TRUST_DOMAIN}/{service}"] if uris is None else uris
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri) for uri in named]
        names += [x509.DNSName(service), *(_host(host) for host in HOSTS)]
        certificate = (
            _builder(service, key.public_key(), issuer=issuer.subject, now=now, days=days)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .sign(own, SHA256())
        )
        files = self.files_of(service)
        write_private(files.key, _pem(key))
        write_private(files.certificate, certificate.public_bytes(Encoding.PEM))
        return files


def ensure_authority(folder: Path, services: Iterable[str], *, now: dt.datetime) -> Authority:
    """Make the authority and the services' certificates, where they are missing or end within a week.

    So too where they do not fit together: whoever made them may have been killed between two files.
    """
    authority = Authority(private_dir(folder))
    if not _lasts(authority.file, authority.folder / AUTHORITY_KEY, authority.file, now):
        _make(authority, now=now)
    for service in services:
        files = authority.files_of(service)
        if not _lasts(files.certificate, files.key, authority.file, now):
            authority.issue(service, now=now)
    return authority


def _make(authority: Authority, *, now: dt.datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Omnithread on this machine")
    certificate = (
        _builder("Omnithread on this machine", key.public_key(), issuer=name, now=now, days=AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    write_private(authority.folder / AUTHORITY_KEY, _pem(key))
    write_private(authority.file, certificate.public_bytes(Encoding.PEM))


def _builder(
    subject: str, key: ec.EllipticCurvePublicKey, *, issuer: x509.Name, now: dt.datetime, days: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, now + dt.timedelta(days=days)) - CLOCKS_DIFFER)
        .not_valid_after(now + dt.timedelta(days=days))
    )


def _lasts(certificate: Path, key: Path, authority: Path, now: dt.datetime) -> bool:
    """Say whether a certificate is that of its key, signed by the authority, and good for a while."""
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        own = load_pem_private_key(key.read_bytes(), password=None)
        found.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.read_bytes()))
    except (OSError, TypeError, ValueError, InvalidSignature):
        return False
    fits = own.public_key() == found.public_key()
    return fits and found.not_valid_after_utc > now + dt.timedelta(days=LEAST_DAYS_LEFT)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
