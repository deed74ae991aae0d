"""Makes what the console signs with, and what the services have to know of it."""

import json
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

ONLY_FOR = "omnithread_channels"


@dataclass(frozen=True, slots=True)
class ConsoleKey:
    """A key pair, good for the tokens of one channel."""

    private: str
    """The JWK for `token_key_file`; secret."""
    public: dict[str, object]
    """The entry for the services' JWKS."""


def new_console_key(channel_id: str) -> ConsoleKey:
    """Make one."""
    key = Ed25519PrivateKey.generate()
    named = {"kid": f"{channel_id}-{secrets.token_hex(8)}", "alg": "EdDSA", "use": "sig"}
    private = {**OKPAlgorithm.to_jwk(key, as_dict=True), **named}
    public = {**OKPAlgorithm.to_jwk(key.public_key(), as_dict=True), **named, ONLY_FOR: [channel_id]}
    return ConsoleKey(private=json.dumps(private), public=public)


def new_secret() -> str:
    """Make the secret for `session_key_file`."""
    return secrets.token_hex(32)
