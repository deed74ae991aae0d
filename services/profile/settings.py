"""What profile reads from its environment beside what all services read."""

from pathlib import Path

from pydantic import Field

from libs.settings import ServiceSettings


class ProfileSettings(ServiceSettings):
    """The settings of profile."""

    identifiers_file: Path | None = None
    """The rules by which customers are recognised (`deploy/identifiers.toml`); empty means the built-in ones."""

    merge_patience_seconds: float = Field(default=10.0, gt=0, le=3600)
    """How long a merge may be decided and not carried out before every replica takes care of it."""
    merge_sweep_seconds: float = Field(default=30.0, gt=0, le=3600)
    """How often every replica looks for such merges."""
    erasure_key_file: Path | None = None
    """File with the secret, of 16 bytes or more, by which identifiers of forgotten customers are hashed, so that no
    import brings them back. Keep it for ever, and outside of the database. Empty: profile makes one, and keeps it in
    its own database."""
    codes_to_phones: bool = False
    """Whether one-time codes go to phones, too: needs a provider of messaging's for SMS (`docs/providers.md`). Text
    messages cost money, and whoever has a channel's page can ask for them: the channel should be sure of a person."""
    segment_refresh_seconds: float = Field(default=2.0, gt=0, le=60)
    """How long a replica may not know of a changed segment; it costs one small query each time."""
    segment_sweep_seconds: float = Field(default=5.0, gt=0, le=3600)
    """How often every replica looks for customers whose memberships a changed segment, or time alone, may change."""
