"""Keys and tokens for development and tests: a key pair made here signs what an identity provider would sign.

Everything lies in one state folder that only its owner can open: the private key, the public keys (JWKS) that
services check tokens with, and the services' own tokens.
"""

import json
import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import jwt
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import OKPAlgorithm

from libs.rpc.scopes import EVERY, to_claim
from services.console.calling.keys import ONLY_FOR, new_console_key, new_secret

PRIVATE_KEY = "signing-key.pem"
JWKS = "jwks.json"
ERASURE_KEY = "erasure.key"
HANDOVER_KEYS = "handover-keys.json"
LINK_KEYS = "link-keys.json"
CONSOLE_KEY = "console-key.json"
CONSOLE_SECRET = "console-session.key"  # noqa: S105  the name of a file
CONSOLE_CHANNEL = "console"
ISSUER = "omnithread"
AUDIENCE = "omnithread"
TOKEN_SECONDS = 900
"""As long as services let a token be good, unless their settings say otherwise."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Where things are in a state folder."""

    state: Path

    @property
    def jwks_file(self) -> Path:
        """The public keys."""
        return self.state / JWKS

    @property
    def erasure_key_file(self) -> Path:
        """The secret by which profile hashes identifiers of those who were forgotten."""
        return self.state / ERASURE_KEY

    @property
    def handover_keys_file(self) -> Path:
        """The secrets with which cart signs the tokens of hand-overs."""
        return self.state / HANDOVER_KEYS

    @property
    def link_keys_file(self) -> Path:
        """The secrets of the links in mails, which only preference reads."""
        return self.state / LINK_KEYS

    @property
    def console_key_file(self) -> Path:
        """The private key with which the console signs its agents' tokens: good for its own channel only."""
        return self.state / CONSOLE_KEY

    @property
    def console_secret_file(self) -> Path:
        """The secret of the console's sessions and sign-in links."""
        return self.state / CONSOLE_SECRET

    def service_token_file(self, service: str) -> Path:
        """The own token of one service."""
        return self.state / f"{service}.token"


def ensure_keys(state: Path) -> Keys:
    """Make the folder and a key pair where there is none yet; a second call changes nothing."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    state.chmod(0o700)
    keys = Keys(state)
    if not (state / PRIVATE_KEY).exists() or not keys.jwks_file.exists():
        renew_keys(state)
    if not keys.console_key_file.exists():
        _add_console_key(keys)
    if not keys.console_secret_file.exists():
        _write(keys.console_secret_file, new_secret())
    if not keys.erasure_key_file.exists():
        _write(keys.erasure_key_file, secrets.token_hex(32))
    if not keys.handover_keys_file.exists():
        _write(keys.handover_keys_file, json.dumps({"keys": [{"id": 1, "secret": secrets.token_hex(32)}]}))
    if not keys.link_keys_file.exists():
        _write(keys.link_keys_file, json.dumps({"keys": [Fernet.generate_key().decode()]}))
    return keys


def renew_keys(state: Path) -> None:
    """Make a new key pair; tokens of the old one are no longer accepted."""
    private_key = Ed25519PrivateKey.generate()
    key_id = secrets.token_hex(8)
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = OKPAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
    jwks = {"keys": [{**public, "kid": key_id, "alg": "EdDSA", "use": "sig"}]}
    _write(state / PRIVATE_KEY, pem.decode())
    _write(state / JWKS, json.dumps(jwks, indent=2))
    _add_console_key(Keys(state))


def _add_console_key(keys: Keys) -> None:
    """Make the console's key pair, and put its public half beside the others, for its channel only."""
    key = new_console_key(CONSOLE_CHANNEL)
    others = json.loads(keys.jwks_file.read_text(encoding="utf-8"))["keys"]
    jwks = [one for one in others if CONSOLE_CHANNEL not in one.get(ONLY_FOR, ())]
    _write(keys.jwks_file, json.dumps({"keys": [*jwks, key.public]}, indent=2))
    _write(keys.console_key_file, key.private)


def mint_channel_token(
    state: Path,
    channel_id: str,
    *,
    actor: str = "",
    scopes: Iterable[str] = EVERY,
    lifetime_seconds: float = TOKEN_SECONDS,
) -> str:
    """Give a token for a channel; `actor` is the member of staff behind a till or a headset."""
    claims = {"sub": channel_id, "channel": channel_id, "scope": to_claim(scopes)}
    return _sign(state, {**claims, "actor": actor} if actor else claims, lifetime_seconds)


def mint_service_token(state: Path, service: str, *, lifetime_seconds: float = TOKEN_SECONDS) -> str:
    """Give a token for one of the suite's services (`cart`)."""
    return _sign(state, {"sub": service, "service": service}, lifetime_seconds)


def write_service_token(state: Path, service: str, *, lifetime_seconds: float = TOKEN_SECONDS) -> Path:
    """Mint a service's token and give the file that it is now in; a running service takes it up by itself."""
    path = Keys(state).service_token_file(service)
    _write(path, mint_service_token(state, service, lifetime_seconds=lifetime_seconds))
    return path


def _sign(state: Path, claims: dict[str, str], lifetime_seconds: float) -> str:
    now = int(time.time())  # the lifetime is compared to the second
    key_id = json.loads((state / JWKS).read_text(encoding="utf-8"))["keys"][0]["kid"]
    return jwt.encode(
        {**claims, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + lifetime_seconds},
        (state / PRIVATE_KEY).read_text(encoding="utf-8"),
        algorithm="EdDSA",
        headers={"kid": key_id},
    )


def _write(path: Path, text: str) -> None:
    """Put a file in place at once, readable by its owner only."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
