"""Every kind of caller that there is, with what each must be told of each method."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc

from deploy.local.keys import mint_channel_token, mint_service_token
from libs.rpc.access import SERVICES, Rule
from libs.rpc.scopes import EVERY, USUAL
from omnithread.common.v1 import channel_pb2

CHANNELS = {
    channel_pb2.CHANNEL_KIND_WEB: "web-shop",
    channel_pb2.CHANNEL_KIND_MOBILE_APP: "mobile-app",
    channel_pb2.CHANNEL_KIND_STORE: "store-042",
    channel_pb2.CHANNEL_KIND_CALL_CENTRE: "call-centre",
    channel_pb2.CHANNEL_KIND_EMAIL: "mail-gateway",
    channel_pb2.CHANNEL_KIND_SOCIAL: "messenger",
}
"""A registered channel of each kind that deploy/channels.toml has."""

LET_IN = ""
NOT_ALLOWED = "CALLER_NOT_ALLOWED"
MISSING = "SCOPE_MISSING"
STATUS = {
    "TOKEN_MISSING": grpc.StatusCode.UNAUTHENTICATED,
    "TOKEN_INVALID": grpc.StatusCode.UNAUTHENTICATED,
    "TOKEN_EXPIRED": grpc.StatusCode.UNAUTHENTICATED,
    "CHANNEL_UNKNOWN": grpc.StatusCode.PERMISSION_DENIED,
    NOT_ALLOWED: grpc.StatusCode.PERMISSION_DENIED,
    MISSING: grpc.StatusCode.PERMISSION_DENIED,
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One kind of caller at one method."""

    caller: str
    token: str
    """Empty: none at all."""
    reason: str
    """Why it must be refused; LET_IN where it must not."""
    scope: str = ""
    """Which one it must be told to lack."""


class Callers:
    """The tokens, each minted once."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._minted: dict[tuple[str, frozenset[str]], str] = {}
        good = self._channel("web-shop", EVERY)
        self._nobodies = (
            Attempt("nobody", "", "TOKEN_MISSING"),
            Attempt("a damaged token", f"{good[:-6]}AAAAAA", "TOKEN_INVALID"),
            Attempt("an expired token", mint_channel_token(state, "web-shop", lifetime_seconds=-1), "TOKEN_EXPIRED"),
            Attempt("a channel that is not registered", self._channel("nowhere", EVERY), "CHANNEL_UNKNOWN"),
        )
        self._services = {name: mint_service_token(state, name) for name in sorted(SERVICES)}

    def attempts(self, rule: Rule) -> Iterator[Attempt]:
        """Give every kind of caller, with what a method of this rule must tell it."""
        yield from self._nobodies
        for name, token in self._services.items():
            yield Attempt(f"the service {name}", token, LET_IN if name in rule.callers else NOT_ALLOWED)
        for kind, channel in CHANNELS.items():
            yield self._as_channel(f"{channel} with its usual scopes", channel, USUAL[kind], rule)
        yield self._as_channel("a channel with every scope", "web-shop", EVERY, rule)
        yield self._as_channel("a channel with no scope", "web-shop", frozenset(), rule)
        yield self._as_channel("a channel with just these scopes", "web-shop", frozenset(rule.scopes), rule)
        yield self._as_channel("a channel with all others", "web-shop", EVERY - set(rule.scopes), rule)
        for scope in rule.scopes:
            yield self._as_channel(f"a channel without {scope}", "web-shop", EVERY - {scope}, rule)
            another = next(one for one in sorted(EVERY) if one not in rule.scopes)
            yield self._as_channel(f"a channel with {another} only", "web-shop", frozenset({another}), rule)

    def _as_channel(self, caller: str, channel: str, scopes: frozenset[str], rule: Rule) -> Attempt:
        token = self._channel(channel, scopes)
        if not rule.channels:
            return Attempt(caller, token, NOT_ALLOWED)
        lacking = next((scope for scope in rule.scopes if scope not in scopes), "")
        return Attempt(caller, token, MISSING if lacking else LET_IN, lacking)

    def _channel(self, channel: str, scopes: frozenset[str]) -> str:
        key = (channel, scopes)
        if key not in self._minted:
            self._minted[key] = mint_channel_token(self._state, channel, scopes=scopes)
        return self._minted[key]
