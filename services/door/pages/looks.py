"""How a brand looks on our pages: its name, colours that can be read, logo and imprint. Pure."""

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from services.door.pages.colours import ink_on, is_colour, readable_on

BRAND_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
CARD = "#ffffff"
NEUTRAL = "#44413b"
MOST_NAME_CHARACTERS = 80
MOST_IMPRINT_CHARACTERS = 600


@dataclass(frozen=True, slots=True)
class Look:
    """One brand's look."""

    brand_id: str
    name: str = ""
    accent: str = NEUTRAL
    """The ground of the masthead and of the main button."""
    logo_url: str = ""
    imprint: str = ""

    @property
    def logo_origin(self) -> str:
        """Where the logo is, for the content policy: `https://cdn.example.com`; empty without one."""
        if not self.logo_url:
            return ""
        parts = urlsplit(self.logo_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def style(self) -> str:
        """The style sheet that sets this brand's colours. Whatever the colours are, text can be read."""
        link = readable_on(self.accent, CARD)
        return f":root {{ --accent: {self.accent}; --on-accent: {ink_on(self.accent)}; --link: {link}; }}\n"

    @property
    def version(self) -> str:
        """What changes when the style does, so that browsers ask for the new one."""
        return hashlib.sha256(self.style.encode()).hexdigest()[:8]


def look_of(brand_id: str, *, name: str, accent: str, logo_url: str, imprint: str) -> Look:
    """Make a look of what a brand says of itself; what is no colour or no address is left out."""
    return Look(
        brand_id=brand_id,
        name=name[:MOST_NAME_CHARACTERS],
        accent=accent.lower() if is_colour(accent) else NEUTRAL,
        logo_url=logo_url if _is_picture(logo_url) else "",
        imprint=imprint[:MOST_IMPRINT_CHARACTERS],
    )


def _is_picture(url: str) -> bool:
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[!-~]{0,300}", url):
        return False
    return not any(mark in url for mark in "\"'<>\\`;")
