"""How a brand sounds and looks in one message: pure.

Words are looked for in the language of the form: the brand's, then ours, then the brand's in its default language.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from services.messaging.texts.brands import Brand, Colours, FormOfAddress
from services.messaging.texts.languages import fallbacks
from services.messaging.texts.liquid_texts import Names
from services.messaging.texts.snippets import OUR_NAMES, OURS, render_snippet

BRAND_NAMES: Names = dict.fromkeys(("name", "signature", "imprint", "home_uri", "logo_uri", "form_of_address"))
LABELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"en": ("Your preferences", "Unsubscribe"), "de": ("Ihre Einstellungen", "Abmelden")}
)


@dataclass(frozen=True, slots=True)
class Look:
    """What a mail shows of its brand, and the links in its foot."""

    name: str = ""
    colours: Colours = field(default_factory=Colours)
    logo_uri: str = ""
    home_uri: str = ""
    signature: str = ""
    imprint: str = ""
    language: str = "en"
    preferences_label: str = ""
    unsubscribe_label: str = ""
    preferences_link: str = field(default="", repr=False)
    """Empty where there is none."""
    unsubscribe_link: str = field(default="", repr=False)


def known_names(brand: Brand) -> frozenset[str]:
    """Give the names of all snippets that a template may use: those of a brand, and ours."""
    return brand.snippet_names | OUR_NAMES


def brand_data(brand: Brand, language: str) -> Mapping[str, object]:
    """Give what a text may tell of the brand, `brand.name` for example; nil where it says nothing."""
    said = brand.said_in(language)
    address = said.form_of_address
    return {
        "name": brand.name,
        "signature": said.signature or None,
        "imprint": said.imprint or None,
        "home_uri": brand.home_uri or None,
        "logo_uri": brand.logo_uri or None,
        "form_of_address": None if address is FormOfAddress.UNSPECIFIED else address.lower(),
    }


def voice_data(brand: Brand, language: str, names: Iterable[str], data: Mapping[str, object]) -> Mapping[str, str]:
    """Render the snippets of these names for a customer; one that nobody has is empty. Raises TextFault."""
    named = {"customer": data["customer"], "brand": {"name": brand.name}}
    return {name: render_snippet(_snippet(brand, language, name), named) for name in names}


def look_of(brand: Brand, language: str, *, preferences_link: str = "", unsubscribe_link: str = "") -> Look:
    """Give how a mail in a language looks."""
    said = brand.said_in(language)
    labels = next((LABELS[tag] for tag in fallbacks(language) if tag in LABELS), LABELS["en"])
    own = brand.texts_in(language)
    return Look(
        name=brand.name,
        colours=brand.colours,
        logo_uri=brand.logo_uri,
        home_uri=brand.home_uri,
        signature=said.signature,
        imprint=said.imprint,
        language=language,
        preferences_label=(own.preferences_label if own else "") or labels[0],
        unsubscribe_label=(own.unsubscribe_label if own else "") or labels[1],
        preferences_link=preferences_link,
        unsubscribe_link=unsubscribe_link,
    )


def _snippet(brand: Brand, language: str, name: str) -> str:
    own = brand.texts_in(language)
    ours = next((OURS[tag] for tag in fallbacks(language) if tag in OURS), {})
    by_default = brand.texts_in(brand.default_language)
    choices = (dict(own.snippets) if own else {}, ours, dict(by_default.snippets) if by_default else {}, OURS["en"])
    return next((choice[name] for choice in choices if name in choice), "")
