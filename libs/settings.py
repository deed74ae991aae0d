"""What every service reads from its environment (`OMNITHREAD_...`); nothing else is configured in any other way."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from libs.rpc.certificates import TlsFiles
from libs.telemetry.scrub import has_password

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
LogLevel = Literal["debug", "info", "warning", "error"]
MongoDriver = Literal["motor", "pymongo"]


class ProcessSettings(BaseSettings):
    """The settings that every process of the suite shares, whatever it serves.

    Every field can be given as an environment variable: `OMNITHREAD_` and its name in capitals.
    Each process has its own environment, so the same variable may say different things to two of them.
    """

    model_config = SettingsConfigDict(
        env_prefix="OMNITHREAD_", frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    port_file: Path | None = None
    """Written when it serves: the bound port, on a second line the health port, and on a third, of services with
    certificates, the internal port."""
    metrics_listen: str = ""
    """Where to serve Prometheus metrics over HTTP, `host:port`; empty means not at all."""

    service_token_file: Path = Path("service.token")
    """This service's own token, for calls without a channel behind them; read again when it changes."""

    tls_certificate_file: Path | None = None
    """The certificate of this process in PEM, and those between it and its authority; read again when it changes.
    Its names: `spiffe://<tls_trust_domain>/<service>` as a URI, and `<service>` as DNS name beside those of its hosts.
    """
    tls_key_file: Path | None = None
    """The private key to it, in PEM; read again when it changes."""
    tls_client_authorities_file: Path | None = None
    """Who signs the certificates of the suite's own services, in PEM: those that call this one and those that it calls
    have to show one. Two authorities while one takes the other's place; read again when it changes."""
    tls_trust_domain: str = Field(default="omnithread", pattern=r"^[a-z0-9._-]{1,255}$")
    """The trust domain in certificates' URIs. What another one's certificates say is not believed."""

    profile_address: str = "127.0.0.1:50051"
    """Where profile serves gRPC: to services of the suite, its `internal_listen`; to the console, its `listen`."""
    cart_address: str = "127.0.0.1:50052"
    """Where cart serves gRPC."""
    preference_address: str = "127.0.0.1:50053"
    """Where preference serves gRPC."""
    messaging_address: str = "127.0.0.1:50054"
    """Where messaging serves gRPC."""
    aggregator_address: str = "127.0.0.1:50055"
    """Where the aggregator serves gRPC."""

    drain_seconds: float = Field(default=5.0, ge=0, le=300)
    """How long running calls may go on after the service was asked to stop. All that comes after them has one budget:
    the process has ended 5 s later, where MongoDB answers."""
    instance_name: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,64}$")
    """A name that this replica keeps over restarts (StatefulSet, launcher); empty where there is none."""
    trace_ratio: float = Field(default=1.0, ge=0, le=1)
    """Which share of journeys is traced. A session's start and failed calls always are."""
    log_level: LogLevel = "info"
    """The least that is logged."""
    uvloop: bool = True
    """Whether to run on uvloop where it is installed (Linux): 7 to 15 % less CPU a call."""

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        given = {bool(self.tls_certificate_file), bool(self.tls_key_file), bool(self.tls_client_authorities_file)}
        if len(given) > 1:
            raise ValueError(
                "tls_certificate_file, tls_key_file and tls_client_authorities_file are needed together, or not at all"
            )
        return self

    def misplaced_secrets(self) -> Sequence[str]:
        """Name the settings that hold what belongs into a file; never what they hold."""
        return []

    @property
    def tls_files(self) -> TlsFiles | None:
        """The certificate of this process; None where everything is in plaintext."""
        if not (self.tls_certificate_file and self.tls_key_file and self.tls_client_authorities_file):
            return None
        return TlsFiles(
            certificate=self.tls_certificate_file,
            key=self.tls_key_file,
            authorities=self.tls_client_authorities_file,
        )

    def address_of(self, service: str) -> str:
        """Give where a service of the suite answers. Raises KeyError for one that has no address."""
        return {
            "profile": self.profile_address,
            "cart": self.cart_address,
            "preference": self.preference_address,
            "messaging": self.messaging_address,
            "aggregator": self.aggregator_address,
        }[service]


class ServiceSettings(ProcessSettings):
    """The settings that all services share; a service adds its own in a subclass."""

    mongo_uri: str = Field(default="mongodb://127.0.0.1:27017", repr=False)
    """Address of MongoDB, without a password: one of those belongs into a file."""
    mongo_uri_file: Path | None = None
    """File whose first line is the address, with the user and password of this service; in place of `mongo_uri`. Read
    at the start, and never logged."""
    mongo_driver: MongoDriver = "motor"
    """Through which driver: `motor`, or `pymongo`, whose own asyncio client costs less of a core per command."""
    mongo_database: str = ""
    """Name of this service's database; empty means `omnithread_<service>`."""

    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    """Addresses of Kafka brokers, `host:port` separated by commas."""
    topic_prefix: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,64}$")
    """Put before every topic and group name, so that several installations can share one cluster."""
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How to speak to Kafka."""
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = "SCRAM-SHA-512"
    """How to log in, where the protocol is one of SASL."""
    kafka_user: str = ""
    """Who logs in."""
    kafka_password_file: Path | None = None
    """File with the password; only its first line counts."""
    kafka_token_file: Path | None = None
    """With OAUTHBEARER: the file with the token, read anew for each connection; somebody else has to renew it."""
    kafka_ca_file: Path | None = None
    """Certificates of the authority that signed the brokers'; empty means the system's."""
    kafka_partitions: int = Field(default=12, ge=1, le=1000)
    """How many partitions `migrate` gives a topic that is missing: no more replicas of a service hear its events at
    the same time. One that exists keeps what it has."""
    kafka_idle_pause_seconds: float = Field(default=0.0, ge=0, le=1)
    """How long a consumer pauses between questions to an idle broker; for the embedded one, which answers at once
    instead of waiting for something to tell. 0 for Kafka."""

    listen: str = "127.0.0.1:0"
    """Where to serve gRPC to channels, `host:port`. Port 0 takes a free one, which is logged and written to
    `port_file`. Without a certificate it serves the suite's services too, in plaintext, and has to be a loopback
    address."""
    plaintext_allowed: bool = False
    """Whether plaintext may be served beyond this machine: only in a network that is trusted, and only while replicas
    of 0.6, which knows no certificates, are replaced."""
    internal_listen: str = ""
    """Where to serve gRPC to the suite's own services, which have to show their certificate: the internal services
    are served here only. Comes with a certificate, and never without."""
    reflection: bool = False
    """Whether everybody may ask the public port which services and messages it has, without a token: as tools like
    grpcurl do."""
    health_listen: str = "127.0.0.1:0"
    """Where to serve health for probes: plaintext, without tokens."""

    jwks_file: Path | None = None
    """Public keys that callers' tokens are checked with (JWKS); read again when it changes. This or `jwks_address`, or
    both: then the file holds keys of our own, such as the console's."""
    jwks_address: str = Field(default="", max_length=500)
    """Where an identity provider publishes its keys (JWKS): an https address, or http on this machine. Fetched every
    five minutes, and at once, though not more often than every five seconds, for a key that is not known yet."""
    jwks_authorities_file: Path | None = None
    """Who certifies that address, in PEM; empty: whom the system trusts."""
    token_most_seconds: float = Field(default=900.0, ge=60)
    """How long a token may be good, from `iat` to `exp`. What was stolen is good for so long at most."""
    channels_file: Path = Path("deploy/channels.toml")
    """The registry of channels; read again when it changes."""
    token_issuer: str = "omnithread"  # noqa: S105  a name, not a secret
    """Who issues tokens (`iss`)."""
    token_audience: str = "omnithread"  # noqa: S105  as above
    """Whom tokens are meant for (`aud`)."""

    most_calls_at_once: int = Field(default=256, ge=8, le=10_000)
    """How many calls may be answered at once at most; how many really may, the process finds out from how long they
    take. Streams are not among them."""
    most_caller_streams: int = Field(default=3000, ge=1, le=1_000_000)
    """How many streams one channel, or one of our services, may have open at each replica. What a service allows of
    one kind of stream (`most_channel_watchers`, `inbox_watchers`) comes first where it is less."""
    most_stream_seconds: float = Field(default=3600.0, ge=1, le=86_400)
    """How long a stream goes on at most; its caller opens another and resumes."""
    channel_calls_per_second: float = Field(default=0.0, ge=0, le=1_000_000)
    """How often a channel may call this service, at each replica, where `channels.toml` says nothing of it; 0 is
    without limit."""
    channel_burst: int = Field(default=0, ge=0, le=1_000_000)
    """How many calls of a channel may come at once; 0 is two seconds' worth."""
    channel_calls_per_day: int = Field(default=0, ge=0, le=10_000_000_000)
    """How many calls a channel may make on a day of UTC; 0 is without limit."""

    audit_days: int = Field(default=400, ge=1, le=3650)
    """How long entries of the audit log are kept, in days. Another number counts once `migrate` was run with it, and
    a service does not start before; entries that are older then vanish within minutes."""

    @model_validator(mode="after")
    def _sasl_needs_a_login(self) -> Self:
        if not self.kafka_security_protocol.startswith("SASL"):
            return self
        if self.kafka_sasl_mechanism == "OAUTHBEARER":
            if not self.kafka_token_file:
                raise ValueError("kafka_token_file is needed for OAUTHBEARER")
        elif not (self.kafka_user and self.kafka_password_file):
            raise ValueError("kafka_user and kafka_password_file are needed for SASL")
        return self

    @model_validator(mode="after")
    def _keys_come_safely(self) -> Self:
        parts = urlsplit(self.jwks_address)
        here = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}
        try:
            is_odd = parts.username is not None or parts.port == 0
        except ValueError:  # the port is no number of one
            raise ValueError("jwks_address has no port that there can be") from None
        if self.jwks_address and (not parts.hostname or is_odd or not (parts.scheme == "https" or here)):
            raise ValueError("jwks_address has to be an https address")
        return self

    @model_validator(mode="after")
    def _plaintext_stays_on_this_machine(self) -> Self:
        if bool(self.internal_listen) is not bool(self.tls_certificate_file):
            raise ValueError("internal_listen and tls_certificate_file are needed together, or not at all")
        near = self.listen.rpartition(":")[0] in LOOPBACK
        if not (self.tls_certificate_file or near or self.plaintext_allowed):
            raise ValueError("listen: beyond this machine only with tls_certificate_file and internal_listen")
        return self

    def misplaced_secrets(self) -> Sequence[str]:
        """Name the settings that hold what belongs into a file: an environment is easily looked into."""
        return ["mongo_uri: a password belongs into mongo_uri_file"] if has_password(self.mongo_uri) else []

    def mongo_address(self) -> str:
        """Give the address of MongoDB, which may hold a password. Raises OSError, and ValueError for an empty file."""
        if self.mongo_uri_file is None:
            return self.mongo_uri
        lines = self.mongo_uri_file.read_text(encoding="utf-8").split("\n", 1)
        if not lines[0].strip():
            raise ValueError(f"mongo_uri_file: the first line of {self.mongo_uri_file} is empty")
        return lines[0].strip()

    def database_name(self, service: str) -> str:
        """Give the name of `service`'s database."""
        return self.mongo_database or f"omnithread_{service}"

    def topic(self, area: str) -> str:
        """Give the topic on which `area` announces its events."""
        return f"{self.topic_prefix}omnithread.{area}.v1.events"

    def group(self, name: str) -> str:
        """Give the name of a consumer group."""
        return f"{self.topic_prefix}omnithread.{name}"
