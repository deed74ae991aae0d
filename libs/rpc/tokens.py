"""Who calls: reads the bearer token (a JWT signed with EdDSA) and looks its channel up in the registry.

Claims: `iss`, `aud`, `exp`, and either `channel` (with `actor`, the member of staff, where there is one) or `service`.
A key may be good for some channels only (`omnithread_channels` beside it in the JWKS): what it signs names one of them,
and never a service. So a program that signs its own tokens, as the console does, can speak as itself and nobody else.
Checking a signature takes a quarter of a millisecond, so verified tokens are kept until they expire, 10,000 at most.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import jwt

from libs.clock import Clock
from libs.errors import OmnithreadError, permission_denied, unauthenticated
from libs.rpc.access import SERVICES
from libs.rpc.call import Caller
from libs.rpc.channels import ChannelRegistry
from libs.rpc.watched_file import WatchedFile
from libs.telemetry.journey import LABEL
from omnithread.common.v1 import channel_pb2

MOST_KNOWN_TOKENS = 10_000
MOST_TOKEN_CHARACTERS = 4096
CLOCK_LEEWAY_SECONDS = 60.0
ALGORITHM = "EdDSA"
ONLY_FOR = "omnithread_channels"


@dataclass(frozen=True, slots=True)
class _Key:
    jwk: jwt.PyJWK
    channels: frozenset[str] | None
    """The only channels that it may sign for; None for a key of whoever issues all tokens."""


@dataclass(frozen=True, slots=True)
class _Keys:
    by_id: Mapping[str, _Key]
    known: dict[str, tuple[float, Caller]] = field(default_factory=dict)
    """Tokens that these keys verified, with their expiry; forgotten with the keys."""


class TokenVerifier:
    """Turns a bearer token into a Caller."""

    def __init__(
        self,
        *,
        jwks_file: Path,
        issuer: str,
        audience: str,
        channels: ChannelRegistry,
        clock: Clock,
    ) -> None:
        self._keys = WatchedFile(jwks_file, _parse_keys)
        self._issuer = issuer
        self._audience = audience
        self._channels = channels
        self._clock = clock
        self._keys.get()  # a service without keys must not start: raises OSError or ValueError

    def verify(self, token: str) -> Caller:
        """Give the caller. Raises TOKEN_INVALID, TOKEN_EXPIRED or CHANNEL_UNKNOWN."""
        keys = self._keys.get()
        now = self._clock().timestamp()
        known = keys.known.get(token)
        if known is not None:
            if known[0] <= now:
                del keys.known[token]
                raise _expired()
            return known[1]
        claims, key, keys = self._claims(token, keys)
        expires, not_before = _seconds(claims, "exp"), _seconds(claims, "nbf", default=0.0)
        if expires <= now:
            raise _expired()
        if not_before > now + CLOCK_LEEWAY_SECONDS:
            raise _invalid()
        caller = self._caller(claims)
        if key.channels is not None and (caller.service or caller.channel_id not in key.channels):
            raise _invalid()
        if len(keys.known) >= MOST_KNOWN_TOKENS:
            del keys.known[next(iter(keys.known))]
        keys.known[token] = (expires, caller)
        return caller

    def for_channel(self, caller: Caller, channel_id: str) -> Caller:
        """Give a service's identity with the channel on whose behalf it works, where that is a registered one."""
        channel = self._channels.find(channel_id)
        if channel is None:
            return caller
        return Caller(
            channel_id=channel.id,
            channel_kind=channel.kind,
            brand=channel.brand,
            store_id=channel.store_id,
            time_zone=channel.time_zone,
            service=caller.service,
        )

    def _claims(self, token: str, keys: _Keys) -> tuple[dict[str, object], _Key, _Keys]:
        if len(token) > MOST_TOKEN_CHARACTERS:
            raise _invalid()
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            if key_id not in keys.by_id:
                keys = self._keys.get(look_now=True)  # a new key may have come within the last second
            key = keys.by_id.get(str(key_id))
            if key is None:
                raise _invalid()
            claims: dict[str, object] = jwt.decode(
                token,
                key.jwk,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                options={
                    "require": ["exp", "iss", "aud"],
                    # Times are checked against our own clock.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            raise _invalid() from None
        return claims, key, keys

    def _caller(self, claims: Mapping[str, object]) -> Caller:
        service, channel_id = claims.get("service", ""), claims.get("channel", "")
        if service:
            if not isinstance(service, str) or service not in SERVICES or channel_id:
                raise _invalid()
            return Caller(channel_id=service, channel_kind=channel_pb2.CHANNEL_KIND_SYSTEM, service=service)
        actor = claims.get("actor", "")
        if not isinstance(channel_id, str) or not isinstance(actor, str) or (actor and not LABEL.fullmatch(actor)):
            raise _invalid()
        channel = self._channels.find(channel_id)
        if channel is None:
            raise permission_denied("CHANNEL_UNKNOWN", "The token names a channel that is not registered.")
        return Caller(
            channel_id=channel.id,
            channel_kind=channel.kind,
            brand=channel.brand,
            store_id=channel.store_id,
            time_zone=channel.time_zone,
            actor_id=actor,
        )


def _parse_keys(text: str) -> _Keys:
    """Read a JWKS; keys of another algorithm are left out. Raises ValueError where none is left."""
    try:
        entries = json.loads(text)["keys"]
        by_id = {
            str(entry["kid"]): _Key(jwt.PyJWK.from_dict(entry, algorithm=ALGORITHM), _channels_of(entry))
            for entry in entries
            if entry.get("kty") == "OKP" and entry.get("crv") == "Ed25519"
        }
    except (KeyError, TypeError, AttributeError, jwt.PyJWTError) as error:
        raise ValueError(f"no JWKS: {type(error).__name__}") from None
    if not by_id:
        raise ValueError("a JWKS without an Ed25519 key")
    return _Keys(by_id=by_id)


def _channels_of(entry: Mapping[str, object]) -> frozenset[str] | None:
    """Read for which channels a key is good. Raises ValueError where that cannot be read: it is never good for all."""
    if ONLY_FOR not in entry:
        return None
    channels = entry[ONLY_FOR]
    if not isinstance(channels, list) or not all(isinstance(channel, str) for channel in channels):
        raise ValueError(f"{ONLY_FOR} is no list of channels")
    return frozenset(channels)


def bearer_token(header: str | bytes | None) -> str:
    """Read an `authorization` header. Raises TOKEN_MISSING."""
    if isinstance(header, str) and header[:7].lower() == "bearer " and len(header) > 7:
        return header[7:]
    raise unauthenticated("TOKEN_MISSING", "The call carries no bearer token.")


def _seconds(claims: Mapping[str, object], name: str, *, default: float | None = None) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _invalid()
    return float(value)


def _invalid() -> OmnithreadError:
    return unauthenticated("TOKEN_INVALID", "The token is damaged, signed by an unknown key, or meant for another.")


def _expired() -> OmnithreadError:
    return unauthenticated("TOKEN_EXPIRED", "The token has expired.")
