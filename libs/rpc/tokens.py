"""Who calls: reads the bearer token (a JWT signed with EdDSA, ES256 or RS256) and looks its channel up in the registry.

Claims: `iss`, `aud`, `iat`, `exp` (at most a quarter of an hour after `iat`, unless the settings say otherwise), and
either `channel` (with `actor`, the member of staff, where there is one) or `service`.
A channel's `scope` says what it may do (`libs.rpc.scopes`), within what the registry allows it; without it, nothing.
A key may be good for some channels only (`omnithread_channels` beside it in the JWKS): what it signs names one of them,
and never a service. So a program that signs its own tokens, as the console does, can speak as itself and nobody else.
Checking a signature takes a quarter of a millisecond, so verified tokens are kept until they expire, 10,000 at most.
"""

import math
from collections.abc import Awaitable, Iterable, Mapping
from pathlib import Path

import jwt

from libs.clock import Clock
from libs.errors import OmnithreadError, permission_denied, unauthenticated
from libs.rpc.access import SERVICES
from libs.rpc.call import Caller
from libs.rpc.channels import ChannelRegistry
from libs.rpc.fetched_keys import FetchedKeys
from libs.rpc.scopes import from_claim
from libs.rpc.token_keys import TokenKey, TokenKeys, parse_keys
from libs.rpc.watched_file import WatchedFile
from libs.telemetry.journey import LABEL
from omnithread.common.v1 import channel_pb2

MOST_KNOWN_TOKENS = 10_000
MOST_TOKEN_CHARACTERS = 4096
CLOCK_LEEWAY_SECONDS = 30.0
MOST_SECONDS = 900.0
NO_KEYS = TokenKeys()


class KeyRing:
    """The keys of a file, of an address, or of both; where both know a `kid`, the file's counts."""

    def __init__(self, *, file: Path | None, fetched: FetchedKeys | None = None) -> None:
        """Read the file. Raises OSError or ValueError: a service without keys must not start."""
        if file is None and fetched is None:
            raise ValueError("jwks_file or jwks_address is needed: tokens are checked with the keys that are there")
        self._file = WatchedFile(file, parse_keys) if file is not None else None
        self._fetched = fetched
        self.fetches = fetched is not None
        self._of: tuple[TokenKeys, TokenKeys] | None = None
        self._keys = TokenKeys()
        self.get()

    def get(self, *, look_now: bool = False) -> TokenKeys:
        """Give the keys as they are now: the same object as before where none changed."""
        filed = self._file.get(look_now=look_now) if self._file is not None else NO_KEYS
        fetched = self._fetched.keys if self._fetched is not None else NO_KEYS
        if self._of is None or filed is not self._of[0] or fetched is not self._of[1]:
            self._of = filed, fetched
            self._keys = TokenKeys({**fetched.by_id, **filed.by_id})
        return self._keys

    def look(self) -> Awaitable[None] | None:
        """Give what to wait for until the address was asked again; None where there is none to ask."""
        return self._fetched.look() if self._fetched is not None else None


class TokenVerifier:
    """Turns a bearer token into a Caller."""

    def __init__(
        self,
        *,
        keys: KeyRing,
        issuer: str,
        audience: str,
        channels: ChannelRegistry,
        clock: Clock,
        most_seconds: float = MOST_SECONDS,
    ) -> None:
        """Check with `keys`; `most_seconds` is how long a token may be good, from `iat` to `exp`."""
        self._ring = keys
        self._issuer = issuer
        self._audience = audience
        self._channels = channels
        self._registered = channels.now()
        self._clock = clock
        self._most_seconds = most_seconds
        self.fetches = keys.fetches
        """Whether keys may come from an address: then `missing_key` is to be asked before `verify`."""
        self._keys = keys.get()
        self._known: dict[str, tuple[float, Caller]] = {}
        """Tokens that these keys verified, of these channels, with their expiry; forgotten with either."""

    def missing_key(self, headers: Iterable[tuple[str, str | bytes]] | None) -> Awaitable[None] | None:
        """Give what to wait for before `verify` where a token's key may have come to the address of keys just now."""
        token = next((value for name, value in headers or () if name == "authorization"), "")
        if not isinstance(token, str) or token[7:] in self._known or len(token) > MOST_TOKEN_CHARACTERS:
            return None
        try:
            key_id = jwt.get_unverified_header(token[7:]).get("kid")
        except (jwt.PyJWTError, ValueError):
            return None
        return None if key_id in self._ring.get().by_id else self._ring.look()

    def verify(self, token: str) -> Caller:
        """Give the caller. Raises TOKEN_INVALID, TOKEN_EXPIRED or CHANNEL_UNKNOWN."""
        self._go_by(self._ring.get())
        now = self._clock().timestamp()
        known = self._known.get(token)
        if known is not None:
            if known[0] <= now:
                del self._known[token]
                raise _expired()
            return known[1]
        claims, key = self._claims(token)
        expires, not_before = _seconds(claims, "exp"), _seconds(claims, "nbf", default=0.0)
        if expires <= now:
            raise _expired()
        if not_before > now + CLOCK_LEEWAY_SECONDS:
            raise _invalid()
        # By the issuer's clock and by ours: an `iat` in the future makes no token last longer.
        if expires - min(_seconds(claims, "iat"), now + CLOCK_LEEWAY_SECONDS) > self._most_seconds:
            raise _invalid(claim="exp")
        caller = self._caller(claims)
        if key.channels is not None and (caller.service or caller.channel_id not in key.channels):
            raise _invalid()
        if len(self._known) >= MOST_KNOWN_TOKENS:
            del self._known[next(iter(self._known))]
        self._known[token] = (expires, caller)
        return caller

    def _go_by(self, keys: TokenKeys) -> None:
        registered = self._channels.now()
        if keys is not self._keys or registered is not self._registered:
            self._keys, self._registered, self._known = keys, registered, {}

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

    def _claims(self, token: str) -> tuple[dict[str, object], TokenKey]:
        if len(token) > MOST_TOKEN_CHARACTERS:
            raise _invalid()
        try:
            key_id = str(jwt.get_unverified_header(token).get("kid"))
            if key_id not in self._keys.by_id:
                self._go_by(self._ring.get(look_now=True))  # a new key may have come within the last second
            key = self._keys.by_id.get(key_id)
            if key is None:
                raise _invalid()
            claims: dict[str, object] = jwt.decode(
                token,
                key.jwk,
                algorithms=[key.algorithm],
                issuer=self._issuer,
                audience=self._audience,
                options={
                    "require": ["exp", "iat", "iss", "aud"],
                    # Times are checked against our own clock.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            raise _invalid() from None
        return claims, key

    def _caller(self, claims: Mapping[str, object]) -> Caller:
        service, channel_id = claims.get("service", ""), claims.get("channel", "")
        if service:
            if not isinstance(service, str) or service not in SERVICES or channel_id:
                raise _invalid()
            return Caller(channel_id=service, channel_kind=channel_pb2.CHANNEL_KIND_SYSTEM, service=service)
        actor = claims.get("actor", "")
        if not isinstance(channel_id, str) or not isinstance(actor, str) or (actor and not LABEL.fullmatch(actor)):
            raise _invalid()
        scopes = from_claim(claims.get("scope", ""))
        if scopes is None:
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
            scopes=channel.bounded(scopes),
        )


def bearer_token(header: str | bytes | None) -> str:
    """Read an `authorization` header. Raises TOKEN_MISSING."""
    if isinstance(header, str) and header[:7].lower() == "bearer " and len(header) > 7:
        return header[7:]
    raise unauthenticated("TOKEN_MISSING", "The call carries no bearer token.")


def _seconds(claims: Mapping[str, object], name: str, *, default: float | None = None) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _invalid()
    try:
        seconds = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        raise _invalid() from None
    if not math.isfinite(seconds):
        raise _invalid()
    return seconds


def _invalid(*, claim: str = "") -> OmnithreadError:
    return unauthenticated(
        "TOKEN_INVALID",
        "The token is damaged, signed by an unknown key, meant for another, or good for too long.",
        metadata={"claim": claim} if claim else {},
    )


def _expired() -> OmnithreadError:
    return unauthenticated("TOKEN_EXPIRED", "The token has expired.")
