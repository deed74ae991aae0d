"""Nothing is told to a receiver that cannot prove who it is."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from libs.webhooks.answers import WebhookNotTaken
from libs.webhooks.client import WebhookClient, WebhookTarget
from tests.libs.webhooks.hostile import Hostile
from tests.libs.webhooks.test_client import HERE, NOW


def certificate(folder: Path, address: str) -> Path:
    """A certificate of its own authority for an IP address, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{address}.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


@asynccontextmanager
async def https(file: Path) -> AsyncIterator[Hostile]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    receiver = Hostile()
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0, ssl=context)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


@pytest.mark.parametrize(("issued_for", "is_trusted"), [("127.0.0.1", True), ("127.0.0.1", False), ("127.0.0.2", True)])
async def test_only_a_certificate_that_we_trust_and_for_this_address_will_do(
    tmp_path: Path, issued_for: str, *, is_trusted: bool
) -> None:
    file = certificate(tmp_path, issued_for)
    client = WebhookClient(rules=HERE, ca_file=file if is_trusted else None)
    async with https(file) as receiver:
        target = WebhookTarget(f"https://127.0.0.1:{receiver.port}/ok", ("secret",))
        post = client.post(target, key="key-1", kind="test", body=b"{}", now=NOW)
        if is_trusted and issued_for == "127.0.0.1":
            assert (await post).status == 200
        else:
            with pytest.raises(WebhookNotTaken, match="connection_failed"):
                await post
            assert receiver.requests == []
        await client.close()
