"""What the console reads from its environment, beside what every process does."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from libs.settings import ProcessSettings
from services.console.operations.places import places_of

HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")


class ConsoleSettings(ProcessSettings):
    """The console's settings."""

    listen: str = "127.0.0.1:8090"
    """Where to serve the pages over HTTP, `host:port`; TLS ends in front of it. Port 0 takes a free one."""
    health_listen: str = "127.0.0.1:0"
    """Where to serve `/healthz` and `/readyz` for probes."""
    base_url: str = Field(default="", max_length=200)
    """How browsers reach it: `https://console.example.com`. Empty: on this machine only, by a loopback address; a
    request for any other host is refused."""
    time_zone: str = "UTC"
    """In which time zone times are shown (an IANA name)."""

    channel_id: str = Field(default="console", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    """As which channel of the registry the console calls; of the kind CALL_CENTRE."""
    token_key_file: Path = Path("console-key.json")
    """The private key (a JWK) with which the console signs its agents' tokens. Its public half is in the services'
    JWKS with `omnithread_channels`, so that it is good for this channel and no other."""
    token_issuer: str = "omnithread"  # noqa: S105  a name, not a secret
    """Who issues tokens (`iss`)."""
    token_audience: str = "omnithread"  # noqa: S105  as above
    """Whom tokens are meant for (`aud`)."""
    token_seconds: float = Field(default=300.0, ge=60, le=3600)
    """How long an agent's token is good; a new one is made before it ends. The services take none that is good for
    longer than they are set to, 900 seconds unless they are told otherwise."""
    root_certificates_file: Path | None = None
    """Whom the console trusts when it calls the services, in PEM; empty: whom gRPC trusts by itself. Read at the start.
    """
    plaintext: bool = False
    """Whether the services are reached without TLS, as in tests on one machine: tokens can be read on the way then."""

    session_key_file: Path = Path("console-session.key")
    """The secret (at least 32 characters) with which sign-in links, sessions and forms are signed."""
    session_hours: float = Field(default=10.0, gt=0, le=24)
    """After which time an agent signs in again, however busy."""
    idle_minutes: float = Field(default=30.0, gt=0, le=24 * 60)
    """After which time without a request an agent signs in again."""
    sign_in_minutes: float = Field(default=15.0, gt=0, le=60)
    """How long a sign-in link is good. It is good once."""

    agent_header: str = Field(default="", max_length=64)
    """The header in which an authenticating proxy names the agent; empty where nobody does. Then a sign-in link is the
    only way in."""
    agent_name_header: str = Field(default="", max_length=64)
    """The header with the agent's name to be shown; empty shows the id."""
    agent_header_networks: str = Field(default="", max_length=500)
    """From which networks `agent_header` is believed, with commas: `10.1.0.0/16`. The proxy must remove the header
    from what browsers send."""

    trusted_proxies: int = Field(default=0, ge=0, le=8)
    """How many proxies stand in front, each of which adds the address it was called from to `X-Forwarded-For`."""
    sign_ins_per_minute: float = Field(default=10.0, gt=0, le=1000)
    """How many sign-ins one address may try, on average; as many may come at once."""
    agent_requests_per_second: float = Field(default=10.0, gt=0, le=1000)
    """How many requests one agent may make, on average."""
    agent_burst: int = Field(default=100, ge=1, le=10_000)
    """How many of them may come at once."""
    most_agents: int = Field(default=1000, ge=1, le=100_000)
    """Of how many agents the console remembers something: connections, what they looked at, limits."""

    most_live_pages: int = Field(default=400, ge=1, le=10_000)
    """How many pages may be kept up to date at once, by this process."""
    most_live_pages_per_agent: int = Field(default=12, ge=1, le=1000)
    """How many of them one agent may have open."""

    resume_link_template: str = Field(default="", max_length=500)
    """Where the links lead by which a cart is handed over: `https://shop.example.com/cart#{token}`, an `https` address
    with `{token}` once. Empty: agents are shown the token."""

    spans_from: Literal["own", "jaeger", "tempo"] = "own"
    """Where the waterfalls get their spans: kept by this process, or asked of Jaeger's query service or of Tempo."""
    spans_address: str = Field(default="", max_length=200)
    """Where Jaeger (`http://jaeger-query:16686`) or Tempo (`http://tempo:3200`) answers."""
    spans_headers_file: Path | None = None
    """File with what is sent to Jaeger or Tempo beside each question, a line each, `Name: value`: a tenant
    (`X-Scope-OrgID: shop`), a login (`Authorization: Bearer ...`). Read at the start."""
    spans_listen: str = ""
    """Where this process takes spans over OTLP/HTTP, `host:port`, when it keeps its own; empty: nowhere. Whoever
    reaches it can put spans there, so it belongs on a network of the suite's own."""
    spans_kept_days: int = Field(default=14, ge=1, le=400)
    """How long spans are kept there: a trace that is not there and older is shown as expired, a younger one as
    missing; and how far back is searched. What this process keeps itself ends with it, and is bounded besides."""
    spans_most: int = Field(default=50_000, ge=1000, le=2_000_000)
    """How many spans this process keeps, the newest; the oldest traces are forgotten whole."""
    spans_most_bytes: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024, le=4 * 1024**3)
    """How many bytes they had on their way here, at most; in memory they take some five times as much."""
    spans_file: Path | None = None
    """Where the spans that are taken are also written, as OTLP JSON lines; readable by its owner only."""
    spans_file_bytes: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024, le=4 * 1024**3)
    """How large that file becomes before the next one is begun."""
    spans_file_older: int = Field(default=3, ge=0, le=1000)
    """How many earlier ones are kept."""

    metrics_addresses: str = Field(default="", max_length=5000)
    """Where processes of the suite tell their numbers (`metrics_listen`), for the page of operations:
    `cart=10.0.0.7:9100,cart=10.0.0.8:9100`, a name as often as it has processes, at most 100. Empty: nobody is asked.
    """
    health_addresses: str = Field(default="", max_length=5000)
    """Where processes that speak HTTP answer probes (`health_listen`), for the same page: `door=10.0.0.9:8081`. The
    five services are asked at their own addresses."""

    most_connections: int = Field(default=1024, ge=1, le=10_000)
    """How many connections may be open at once; more are answered with 503."""
    head_seconds: float = Field(default=10.0, gt=0, le=60)
    """How long a client may take to send a request's head, and how long an idle connection is kept."""
    body_seconds: float = Field(default=10.0, gt=0, le=60)
    """How long a client may take to send a request's body."""
    answer_seconds: float = Field(default=8.0, gt=0, le=30)
    """How long the services have to answer one call."""

    @field_validator("time_zone")
    @classmethod
    def _time_zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError):
            raise ValueError("is no time zone") from None
        return name

    @field_validator("metrics_addresses", "health_addresses")
    @classmethod
    def _are_places(cls, written: str) -> str:
        places_of(written)
        return written

    @field_validator("agent_header", "agent_name_header")
    @classmethod
    def _is_a_header(cls, name: str) -> str:
        if name and not HEADER_NAME.fullmatch(name):
            raise ValueError("is no name of a header")
        return name

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for network in filter(None, self.agent_header_networks.split(",")):
            ip_network(network.strip())
        if bool(self.agent_header) != bool(self.agent_header_networks):
            raise ValueError("agent_header needs agent_header_networks, and the other way round")
        if self.spans_from != "own" and urlsplit(self.spans_address).scheme not in {"http", "https"}:
            raise ValueError("spans_from needs spans_address, like http://tempo:3200")
        if self.spans_from != "own" and self.spans_listen:
            raise ValueError("spans_listen takes spans to keep them here, and spans_from says that they are elsewhere")
        parts = urlsplit(self.base_url)
        if self.base_url and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query):
            raise ValueError("base_url has to be like https://console.example.com")
        return self
