"""Certificates as cert-manager would issue them: with the names that a `Certificate` asks for, and no others."""

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.local.authority import AUTHORITY, AUTHORITY_KEY
from libs.clock import system_clock
from tests.deploy.kubernetes.rendering import Object

USAGES = {"server auth": ExtendedKeyUsageOID.SERVER_AUTH, "client auth": ExtendedKeyUsageOID.CLIENT_AUTH}


def issued(certificate: Object, authority: Path) -> Object:
    """Give the Secret that a Certificate leads to, signed by the authority in a folder."""
    told = certificate["spec"]
    own = load_pem_private_key((authority / AUTHORITY_KEY).read_bytes(), password=None)
    assert isinstance(own, ec.EllipticCurvePrivateKey)
    signer = x509.load_pem_x509_certificate((authority / AUTHORITY).read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri) for uri in told.get("uris", ())]
    names += [x509.DNSName(name) for name in told.get("dnsNames", ())]
    common = [x509.NameAttribute(NameOID.COMMON_NAME, told["commonName"])] if "commonName" in told else []
    now, hours = system_clock(), int(told["duration"].removesuffix("h"))
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(common))
        .issuer_name(signer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=hours))
        .add_extension(x509.SubjectAlternativeName(names), critical=not common)
        .add_extension(x509.ExtendedKeyUsage([USAGES[use] for use in told["usages"] if use in USAGES]), critical=False)
        .sign(own, SHA256())
    )
    pair = {
        "tls.crt": made.public_bytes(Encoding.PEM).decode(),
        "tls.key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    }
    return {"kind": "Secret", "metadata": {"name": told["secretName"]}, "stringData": pair}
