"""What the door reads from its environment, beside what every process does."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from libs.settings import ProcessSettings

TOKEN = "{token}"  # noqa: S105  the place where a token goes
HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class DoorSettings(ProcessSettings):
    """The door's settings."""

    listen: str = "127.0.0.1:8080"
    """Where to serve the public pages over HTTP, `host:port`; TLS ends in front of it. Port 0 takes a free one."""
    health_listen: str = "127.0.0.1:0"
    """Where to serve `/healthz` and `/readyz` for probes, apart from what the world can reach."""

    trusted_proxies: int = Field(default=0, ge=0, le=8)
    """How many proxies stand in front, each of which adds the address it was called from to `X-Forwarded-For`.
    0: nobody does, and the header is not looked at. Too high a number lets callers invent their address."""

    default_language: str = Field(default="en", pattern=r"^(en|de)$")
    """The language where neither link nor browser asks for one that we have."""
    resume_target: str = Field(default="", max_length=500)
    """Where a resume link goes on, once the customer says so: the shop's page, an `https` address (`http` for this
    machine) with `{token}`, best behind a `#`. Empty: there are no resume links here."""

    address_requests_per_second: float = Field(default=10.0, gt=0, le=1000)
    """How many requests one address (of IPv6: one /64) may make, on average."""
    address_burst: int = Field(default=60, ge=1, le=10_000)
    """How many of them may come at once."""
    unknown_per_minute: float = Field(default=10.0, gt=0, le=1000)
    """How many links that are none of ours one address may try, on average; as many may come at once."""
    token_requests_per_minute: float = Field(default=30.0, gt=0, le=1000)
    """How often one link may be used, from wherever, on average."""
    token_burst: int = Field(default=20, ge=1, le=1000)
    """How many uses of one link may come at once."""
    most_buckets: int = Field(default=50_000, ge=100, le=1_000_000)
    """Of how many addresses, and of how many links, the door remembers what they did: some 200 bytes each. Beyond,
    those who were heard of the longest ago are forgotten."""

    most_connections: int = Field(default=512, ge=1, le=10_000)
    """How many connections may be open at once; more are answered with 503."""
    head_seconds: float = Field(default=10.0, gt=0, le=60)
    """How long a client may take to send a request's head, and how long an idle connection is kept."""
    body_seconds: float = Field(default=10.0, gt=0, le=60)
    """How long a client may take to send a request's body."""
    answer_seconds: float = Field(default=8.0, gt=0, le=30)
    """How long the services behind have to answer one request."""

    @model_validator(mode="after")
    def _resume_target_is_an_address(self) -> Self:
        if self.resume_target and not _is_target(self.resume_target):
            raise ValueError("resume_target has to be an https address with {token} exactly once, behind the host")
        return self


def _is_target(target: str) -> bool:
    if target.count(TOKEN) != 1 or not target.isascii() or not target.isprintable() or " " in target:
        return False
    try:
        parts = urlsplit(target)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or TOKEN in parts.netloc or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in HERE)
