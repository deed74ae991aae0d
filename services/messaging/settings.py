"""What messaging reads from its environment beside what all services read."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from libs.settings import ServiceSettings


class MessagingSettings(ServiceSettings):
    """The settings of messaging."""

    smtp_host: str = ""
    """The mail server that takes our e-mail; empty means that no e-mail is sent (`NO_PROVIDER`)."""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    """Its port."""
    smtp_tls: Literal["none", "starttls", "implicit"] = "starttls"
    """How the way to it is encrypted; `none` is for a server on the same machine."""
    smtp_user: str = ""
    """Who logs in; empty means nobody does."""
    smtp_password_file: Path | None = None
    """File with the password; only its first line counts. Read at start."""
    smtp_timeout_seconds: float = Field(default=20.0, gt=0, le=120)
    """How long one step of handing over a mail may take; the lease has to outlast all of them."""
    from_address: str = "noreply@example.com"
    """Whose mails they are."""
    from_name: str = ""
    """How that sender is called."""

    providers_file: Path | None = None
    """The file of providers (`docs/providers.md`); empty means the mail server above and nobody else."""
    most_tries: int = Field(default=12, ge=1, le=100)
    """So often a message is tried that a provider does not take; then it is a dead letter (`FAILED`)."""
    inbox_watchers: int = Field(default=2000, ge=1, le=100_000)
    """So many streams of inboxes and displays this replica has room for."""
    inbox_look_seconds: float = Field(default=1.0, gt=0, le=60)
    """How often it looks whether something changed that another replica wrote; its own is seen at once."""
    inbox_heartbeat_seconds: float = Field(default=15.0, gt=0, le=300)
    """How often a stream on which nothing happens says that it is alive."""

    purposes_file: Path | None = None
    """The table of purposes (`libs/purposes.py`); empty means the default one."""
    reminder_delay_seconds: float = Field(default=0.0, ge=0, le=604800)
    """How long the shipped campaign `abandoned_cart` holds its reminder back. It counts when `migrate` puts that
    campaign, the first time; after that the campaign is changed as any other (`docs/campaigns.md`)."""

    resume_link_template: str = Field(default="", max_length=500)
    """Where the link in a mail leads that goes on with the cart on any device (`resume_link` in templates): an `https`
    address with `{token}` where the token goes, best behind a `#`. Empty means that mails have no such link."""
    resume_link_seconds: int = Field(default=7 * 86400, ge=60, le=30 * 86400)
    """How long such a link works."""
    default_brand_id: str = Field(default="main", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    """The brand in whose voice is said what no channel with a brand of its own caused (`BrandService`)."""
    pricing_channel_id: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,64}$")
    """The channel whose prices are told where no channel caused a message; empty for prices without offers."""

    conversation_template_id: str = Field(default="conversation_answer", pattern=r"^[a-z][a-z0-9_]{0,63}$")
    """The template around an answer that goes out by mail; it may tell `answer`, `subject` and `topic`."""
    conversation_purpose: str = Field(default="conversation", pattern=r"^[a-z][a-z0-9_]{0,63}$")
    """What that is for."""
    mail_topic: str = Field(default="general", pattern=r"^[a-z][a-z0-9_]{0,63}$")
    """On which topic a mail begins a conversation that answers none, where its gateway names none."""

    default_time_zone: str = "UTC"
    """IANA name: by which clock the quiet hours of a customer go who named no time zone."""
    send_sweep_seconds: float = Field(default=1.0, gt=0, le=60)
    """How often every replica looks for messages that are due."""
    send_lease_seconds: float = Field(default=120.0, ge=1, le=3600)
    """How long a worker may take for one mail; after that it counts as lost, and the mail as `UNKNOWN`."""
    retry_first_seconds: float = Field(default=2.0, gt=0, le=600)
    """The pause before the second try where a service or the mail server did not answer; it doubles each time."""
    retry_longest_seconds: float = Field(default=900.0, gt=0, le=86400)
    """The longest such pause."""
    message_lifetime_hours: float = Field(default=72.0, gt=0, le=720)
    """How long a message may wait; then it is skipped as `EXPIRED`."""

    subscription_allow_http: bool = False
    """Whether events may be posted to `http` addresses; for receivers on the same machine or in a trusted network."""
    subscription_allowed_networks: str = Field(default="", max_length=1000)
    """Networks that are not public and may be posted to all the same, in CIDR form, separated by commas."""
    subscription_ca_file: Path | None = None
    """Certificates of the authorities that receivers of events are checked with; empty means the system's."""
    subscription_sweep_seconds: float = Field(default=1.0, gt=0, le=60)
    """How often every replica looks for events that are to be posted to other systems."""
    subscription_lease_seconds: float = Field(default=60.0, ge=20, le=3600)
    """How long a worker may take for one post, above the 15 s that a receiver has; after that another may post it."""
    subscription_retry_first_seconds: float = Field(default=5.0, gt=0, le=600)
    """The pause before the second try of a post; it doubles each time, up to an hour."""

    @model_validator(mode="after")
    def _link_has_a_place_for_the_token(self) -> Self:
        if self.resume_link_template and self.resume_link_template.count("{token}") != 1:
            raise ValueError("resume_link_template has to have {token} exactly once")
        return self

    @model_validator(mode="after")
    def _lease_outlasts_a_mail(self) -> Self:
        if self.smtp_host and self.send_lease_seconds < self.smtp_timeout_seconds:
            raise ValueError("send_lease_seconds has to be at least smtp_timeout_seconds")
        if self.smtp_user and not self.smtp_password_file:
            raise ValueError("smtp_password_file is needed with smtp_user")
        return self
