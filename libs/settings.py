"""What every service reads from its environment (`OMNITHREAD_...`); nothing else is configured in any other way."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LogLevel = Literal["debug", "info", "warning", "error"]


class ProcessSettings(BaseSettings):
    """The settings that every process of the suite shares, whatever it serves.

    Every field can be given as an environment variable: `OMNITHREAD_` and its name in capitals.
    Each process has its own environment, so the same variable may say different things to two of them.
    """

    model_config = SettingsConfigDict(
        env_prefix="OMNITHREAD_", frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    port_file: Path | None = None
    """Written when it serves: the bound port and, on a second line, the health port."""
    metrics_listen: str = ""
    """Where to serve Prometheus metrics over HTTP, `host:port`; empty means not at all."""

    service_token_file: Path = Path("service.token")
    """This service's own token, for calls without a channel behind them; read again when it changes."""

    profile_address: str = "127.0.0.1:50051"
    """Where profile serves gRPC."""
    cart_address: str = "127.0.0.1:50052"
    """Where cart serves gRPC."""
    preference_address: str = "127.0.0.1:50053"
    """Where preference serves gRPC."""
    messaging_address: str = "127.0.0.1:50054"
    """Where messaging serves gRPC."""
    aggregator_address: str = "127.0.0.1:50055"
    """Where the aggregator serves gRPC."""

    drain_seconds: float = Field(default=10.0, ge=0, le=300)
    """How long running calls may go on after the service was asked to stop."""
    instance_name: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,64}$")
    """A name that this replica keeps over restarts (StatefulSet, launcher); empty where there is none."""
    trace_ratio: float = Field(default=1.0, ge=0, le=1)
    """Which share of journeys is traced. A session's start and failed calls always are."""
    log_level: LogLevel = "info"
    """The least that is logged."""
    uvloop: bool = True
    """Whether to run on uvloop where it is installed (Linux): 7 to 15 % less CPU a call."""


class ServiceSettings(ProcessSettings):
    """The settings that all services share; a service adds its own in a subclass."""

    mongo_uri: str = "mongodb://127.0.0.1:27017"
    """Address of MongoDB. May hold a password: it is never logged."""
    mongo_database: str = ""
    """Name of this service's database; empty means `omnithread_<service>`."""

    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    """Addresses of Kafka brokers, `host:port` separated by commas."""
    topic_prefix: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,64}$")
    """Put before every topic and group name, so that several installations can share one cluster."""
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How to speak to Kafka."""
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    """How to log in, where the protocol is one of SASL."""
    kafka_user: str = ""
    """Who logs in."""
    kafka_password_file: Path | None = None
    """File with the password; only its first line counts."""
    kafka_ca_file: Path | None = None
    """Certificates of the authority that signed the brokers'; empty means the system's."""
    kafka_idle_pause_seconds: float = Field(default=0.0, ge=0, le=1)
    """How long a consumer pauses between questions to an idle broker; for the embedded one, which answers at once
    instead of waiting for something to tell. 0 for Kafka."""

    listen: str = "127.0.0.1:0"
    """Where to serve gRPC, `host:port`. Port 0 takes a free one, which is logged and written to `port_file`."""
    health_listen: str = "127.0.0.1:0"
    """Where to serve health for probes: plaintext, without tokens."""

    jwks_file: Path = Path("jwks.json")
    """Public keys that callers' tokens are checked with (JWKS); read again when it changes."""
    channels_file: Path = Path("deploy/channels.toml")
    """The registry of channels; read at start."""
    token_issuer: str = "omnithread"  # noqa: S105  a name, not a secret
    """Who issues tokens (`iss`)."""
    token_audience: str = "omnithread"  # noqa: S105  as above
    """Whom tokens are meant for (`aud`)."""

    @model_validator(mode="after")
    def _sasl_needs_a_login(self) -> Self:
        if self.kafka_security_protocol.startswith("SASL") and not (self.kafka_user and self.kafka_password_file):
            raise ValueError("kafka_user and kafka_password_file are needed for SASL")
        return self

    def database_name(self, service: str) -> str:
        """Give the name of `service`'s database."""
        return self.mongo_database or f"omnithread_{service}"

    def topic(self, area: str) -> str:
        """Give the topic on which `area` announces its events."""
        return f"{self.topic_prefix}omnithread.{area}.v1.events"

    def group(self, name: str) -> str:
        """Give the name of a consumer group."""
        return f"{self.topic_prefix}omnithread.{name}"
