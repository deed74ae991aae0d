"""How a brand looks on our pages: its name, colours that can be read, logo and imprint. Pure."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

from libs.colours import READABLE, contrast, ink_on, is_colour, readable_on

BRAND_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
CARD = "#ffffff"
NEUTRAL = "#44413b"
MOST_NAME_CHARACTERS = 80
MOST_IMPRINT_CHARACTERS = 1000
NO_IMPRINTS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Look:
    """One brand's look."""

    brand_id: str
    name: str = ""
    accent: str = NEUTRAL
    """The ground of the masthead and of the main button."""
    on_accent: str = "#ffffff"
    """What stands on it."""
    logo_url: str = ""
    home_url: str = ""
    imprints: Mapping[str, str] = field(default_factory=dict)
    """Who sends this, by language."""
    default_language: str = ""

    @property
    def logo_origin(self) -> str:
        """Where the logo is, for the content policy: `https://cdn.example.com`; empty without one."""
        if not self.logo_url:
            return ""
        parts = urlsplit(self.logo_url)
        return f"{parts.scheme}://{parts.netloc}"

    def imprint(self, language: str) -> str:
        """Give who sends this, in this language or the brand's own; empty where nothing is said."""
        return self.imprints.get(language) or self.imprints.get(self.default_language, "")

    @property
    def style(self) -> str:
        """The style sheet that sets this brand's colours. Whatever the colours are, text can be read."""
        link = readable_on(self.accent, CARD)
        return f":root {{ --accent: {self.accent}; --on-accent: {self.on_accent}; --link: {link}; }}\n"

    @property
    def version(self) -> str:
        """What changes when the style does, so that browsers ask for the new one."""
        return hashlib.sha256(self.style.encode()).hexdigest()[:8]


def look_of(
    brand_id: str,
    *,
    name: str,
    accent: str,
    on_accent: str = "",
    logo_url: str = "",
    home_url: str = "",
    imprints: Mapping[str, str] = NO_IMPRINTS,
    default_language: str = "",
) -> Look:
    """Make a look of what a brand says of itself; what is no colour, cannot be read, or is no address, is left out."""
    ground = accent.lower() if is_colour(accent) else NEUTRAL
    legible = is_colour(on_accent) and contrast(on_accent, ground) >= READABLE
    return Look(
        brand_id=brand_id,
        name=name[:MOST_NAME_CHARACTERS],
        accent=ground,
        on_accent=on_accent.lower() if legible else ink_on(ground),
        logo_url=logo_url if _is_address(logo_url) else "",
        home_url=home_url if _is_address(home_url) else "",
        imprints={language: text[:MOST_IMPRINT_CHARACTERS] for language, text in imprints.items()},
        default_language=default_language,
    )


def _is_address(url: str) -> bool:
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]{0,400})?", url):
        return False
    return not any(mark in url for mark in "\"'<>\\`;")
