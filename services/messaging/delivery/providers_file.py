"""Reads the file of providers: TOML, one table for each way out, in the order in which they are taken.

    [mail]
    adapter = "smtp"
    kinds = ["EMAIL"]
    host = "mail.example.com"
    from_address = "hello@example.com"

    [texts]
    adapter = "webhook"
    kinds = ["SMS"]
    url = "https://sms.example.com/messages"
    secrets_file = "texts.secrets"
    rate_per_second = 20

Names of files are taken from where this one is. `docs/providers.md` has every key.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from services.messaging.delivery.providers import BUILT_IN
from services.messaging.values import DeliveryKind

MAX_PROVIDERS = 50
MAX_SECRETS = 8
SHORTEST_SECRET = 16
PROVIDER_ID = r"^[a-z][a-z0-9_-]{0,63}$"

ProviderId = Annotated[str, StringConstraints(pattern=PROVIDER_ID)]
Kinds = Annotated[tuple[DeliveryKind, ...], Field(min_length=1)]


class _Terms(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: Kinds
    rate_per_second: float = Field(default=0.0, ge=0, le=10_000)
    """0 for no limit."""
    burst: int = Field(default=1, ge=1, le=10_000)
    max_in_flight: int = Field(default=4, ge=1, le=100)
    circuit_failures: int = Field(default=5, ge=1, le=1000)
    circuit_seconds: float = Field(default=30.0, gt=0, le=600)
    receipt_secrets_file: Path | None = None

    @model_validator(mode="after")
    def _kinds_need_somebody(self) -> Self:
        if any(kind in BUILT_IN for kind in self.kinds):
            raise ValueError("IN_APP and STORE_DISPLAY are built in and need no provider")
        return self


class SmtpTerms(_Terms):
    """A mail server."""

    adapter: Literal["smtp"]
    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    user: str = ""
    password_file: Path | None = None
    timeout_seconds: float = Field(default=20.0, gt=0, le=120)
    from_address: str = Field(default="noreply@example.com", min_length=3)
    from_name: str = ""

    @model_validator(mode="after")
    def _mails_only(self) -> Self:
        if self.kinds != (DeliveryKind.EMAIL,):
            raise ValueError("a mail server takes EMAIL only")
        if self.user and not self.password_file:
            raise ValueError("password_file is needed with user")
        return self


class WebhookTerms(_Terms):
    """A provider that is called over HTTP."""

    adapter: Literal["webhook"]
    url: str = Field(min_length=8, max_length=2048)
    secrets_file: Path
    look_up_url: str = Field(default="", max_length=2048)
    takes_once: bool = False
    authorization_file: Path | None = None
    timeout_seconds: float = Field(default=15.0, gt=0, le=120)
    allow_http: bool = False
    allowed_networks: tuple[str, ...] = ()
    ca_file: Path | None = None


class FileTerms(_Terms):
    """A folder."""

    adapter: Literal["file"]
    folder: Path
    from_address: str = ""
    """Where given, mails are written as mails."""


Terms = Annotated[SmtpTerms | WebhookTerms | FileTerms, Field(discriminator="adapter")]
_FILE: TypeAdapter[dict[str, SmtpTerms | WebhookTerms | FileTerms]] = TypeAdapter(dict[ProviderId, Terms])


def read_terms(file: Path) -> dict[str, SmtpTerms | WebhookTerms | FileTerms]:
    """Read the file. ValueError where it is damaged, says what cannot be, or does not exist."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        terms = _FILE.validate_python(table)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"providers_file: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"providers_file: {place}: {first['msg']}") from None
    if len(terms) > MAX_PROVIDERS:
        raise ValueError(f"providers_file: more than {MAX_PROVIDERS} providers")
    return terms


def read_secrets(file: Path) -> tuple[str, ...]:
    """Read secrets, one a line, the newest first. ValueError where there is none, one is short, or there are many."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ValueError(f"providers_file: {error}") from error
    secrets = tuple(line.strip() for line in lines if line.strip())
    if not 1 <= len(secrets) <= MAX_SECRETS or any(len(secret) < SHORTEST_SECRET for secret in secrets):
        raise ValueError(f"providers_file: {file.name} has to have 1 to 8 secrets of 16 characters at least")
    return secrets
