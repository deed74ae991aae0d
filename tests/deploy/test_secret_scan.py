"""No secret gets into the repository unnoticed, and what is found is not shown again."""

import secrets
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.local.keys import ensure_keys
from deploy.secret_scan import findings_in, scan

HERE = Path("some/file.py")


def planted() -> dict[str, str]:
    """Secrets made here and now: none stands in this file."""
    key = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    random = secrets.token_urlsafe(32) + "7"
    return {
        "private key": key,
        "a private key in a string": 'KEY = "' + key.replace("\n", "\\n") + '"',
        "token": f"curl -H 'authorization: Bearer {jwt.encode({'channel': 'web-shop'}, random, algorithm='HS256')}'",
        "private JWK": f'{{"kty": "OKP", "crv": "Ed25519", "d": "{random}"}}',
        "address": "mongo_uri = mongodb://cart:" + random + "@db.example.com/omnithread_cart",
        "named": f'SMTP_PASSWORD = "{random}"',
        "named in JSON": f'{{"api_key": "{random}"}}',
        "in YAML": f"  MONGO_PASSWORD: {random}",
        "in an environment": f"export SMTP_PASSWORD={random} # for tests",
        "in a Dockerfile": f"ENV API_KEY={random}",
        "with a type": f'    password: str | None = "{random}"',
        "as bytes": f'session_secret = b"{random}"',
        "in an argument": f'connect(password="{random}", host="db")',
        "hexadecimal": f"SESSION_SECRET={secrets.token_hex(16)}7",
        "short hexadecimal": f'token: "{secrets.token_hex(10)}7"',
        "a private key in many strings": "KEY = (" + " ".join(f'"{line}\\n"' for line in key.splitlines()) + ")",
        "an encrypted private key": key.replace(
            "PRIVATE KEY-----\n",
            "RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n",
            1,
        ),
        "cloud": "AKIA" + "ABCDEFGHIJKLMNOP",
    }


@pytest.mark.parametrize("kind", planted())
def test_a_planted_secret_is_found_by_its_line_and_not_quoted(kind: str) -> None:
    secret = planted()[kind]
    found = list(findings_in(HERE, f"first line\n{secret}\nlast line\n"))
    assert [one.line for one in found] == [2]
    assert str(found[0]) == f"{HERE}:2: {found[0].kind}"
    first, _, rest = secret.partition("\n")
    assert not list(findings_in(HERE, f"{first}  # not a secret: made up\n{rest}\n"))


@pytest.mark.parametrize(
    "line",
    [
        'TOKEN = "${MONGO_PASSWORD}"',
        'password = "correct horse battery staple"',
        "mongodb://127.0.0.1:27017/?replicaSet=rs0",
        "mongodb://cart:{password}@db.example.com",
        '-----BEGIN PRIVATE KEY-----"',
        'token_issuer: str = "omnithread"',
        "password: the_one_that_the_person_typed_in",
        "token=mint_channel_token_2(state)",
        "self._token_file = settings.service_token_file",
        'SECRET_NAME = "console-session-key-file-name"',
    ],
)
def test_what_is_none_is_not_taken_for_one(line: str) -> None:
    assert not list(findings_in(HERE, line))


def test_there_is_none_in_this_checkout() -> None:
    assert scan(Path.cwd()) == []


def test_what_the_launcher_makes_would_be_found(tmp_path: Path) -> None:
    for file in ("signing-key.pem", "console-key.json"):
        text = (ensure_keys(tmp_path).state / file).read_text()
        assert list(findings_in(Path(file), text)), file
