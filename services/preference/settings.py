"""What preference reads from its environment beside what all services read."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from libs.settings import ServiceSettings


class PreferenceSettings(ServiceSettings):
    """The settings of preference."""

    purposes_file: Path | None = None
    """The table of purposes (`libs/purposes.py`), the same as messaging's; empty means the default one, in which no
    purpose needs double opt-in."""
    public_base_url: str = Field(default="", pattern=r"^(https?://[^\s?#]{1,200})?$")
    """Where customers reach the public door, for example `https://my.example.com`; empty means that mails have no
    links to it."""
    link_keys_file: Path | None = None
    """The secrets of those links: `{"keys": ["<Fernet key>", ...]}`, newest first, at most 8; read again when it
    changes. Needed with `public_base_url`."""

    @model_validator(mode="after")
    def _links_need_keys(self) -> Self:
        if self.public_base_url and self.link_keys_file is None:
            raise ValueError("link_keys_file is needed with public_base_url")
        return self
