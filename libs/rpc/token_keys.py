"""The public keys that tokens are checked with, as a JWKS (RFC 7517) lists them.

What a key is says which algorithm it is good for, and no token may choose another: Ed25519 is EdDSA, P-256 is ES256,
RSA from 2048 bits is RS256. Anything else in the list, secrets of both sides first of all, is left out.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

MOST_KEYS = 100
MOST_JWKS_BYTES = 256 * 1024
LEAST_RSA_BITS = 2048
ONLY_FOR = "omnithread_channels"
ALGORITHMS = {("OKP", "Ed25519"): "EdDSA", ("EC", "P-256"): "ES256", ("RSA", None): "RS256"}


@dataclass(frozen=True, slots=True)
class TokenKey:
    """One key."""

    jwk: jwt.PyJWK
    algorithm: str
    """The only one that it is good for."""
    channels: frozenset[str] | None
    """The only channels that it may sign for; None for a key of whoever issues all tokens."""


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """The keys of a list, by their `kid`."""

    by_id: Mapping[str, TokenKey] = field(default_factory=dict)


def parse_keys(text: str) -> TokenKeys:
    """Read a JWKS. Raises ValueError for what is none, has no key that is good for tokens, or names two keys alike."""
    if len(text) > MOST_JWKS_BYTES:
        raise ValueError("a JWKS of more than 256 KB")
    try:
        entries = json.loads(text)["keys"]
        if len(entries) > MOST_KEYS:
            raise ValueError(f"a JWKS of more than {MOST_KEYS} keys")
        read = [(str(entry["kid"]), key) for entry in entries if (key := _key(entry)) is not None]
    except (KeyError, TypeError, AttributeError, RecursionError, json.JSONDecodeError, jwt.PyJWTError) as error:
        raise ValueError(f"no JWKS: {type(error).__name__}") from None
    by_id = dict(read)
    if len(by_id) != len(read):
        raise ValueError("a JWKS with two keys of one kid")
    if not by_id:
        raise ValueError("a JWKS without a key for EdDSA, ES256 or RS256")
    return TokenKeys(by_id)


def _key(entry: Mapping[str, object]) -> TokenKey | None:
    """Read one; None for a key that is not for checking tokens."""
    algorithm = ALGORITHMS.get((str(entry.get("kty")), None if entry.get("kty") == "RSA" else str(entry.get("crv"))))
    if algorithm is None or entry.get("alg", algorithm) != algorithm or entry.get("use", "sig") != "sig":
        return None
    operations = entry.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    jwk = jwt.PyJWK.from_dict(dict(entry), algorithm=algorithm)
    if isinstance(jwk.key, RSAPublicKey) and jwk.key.key_size < LEAST_RSA_BITS:
        return None
    return TokenKey(jwk=jwk, algorithm=algorithm, channels=_channels_of(entry))


def _channels_of(entry: Mapping[str, object]) -> frozenset[str] | None:
    """Read for which channels a key is good. Raises ValueError where that cannot be read: it is never good for all."""
    if ONLY_FOR not in entry:
        return None
    channels = entry[ONLY_FOR]
    if not isinstance(channels, list) or not all(isinstance(channel, str) for channel in channels):
        raise ValueError(f"{ONLY_FOR} is no list of channels")
    return frozenset(channels)
