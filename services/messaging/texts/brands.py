"""Decides what a brand may be: its looks, and what it says in each language. Pure and synchronous."""

import enum
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from libs.colours import READABLE, contrast, is_colour
from libs.errors import FieldFault
from services.messaging.texts.addresses import web_address
from services.messaging.texts.languages import fallbacks, is_tag
from services.messaging.texts.liquid_texts import TextFault
from services.messaging.texts.snippets import rehearse_snippet

HTTPS = "https://"


class FormOfAddress(enum.StrEnum):
    """How customers are spoken to, by the contract's names."""

    UNSPECIFIED = "UNSPECIFIED"
    FORMAL = "FORMAL"
    INFORMAL = "INFORMAL"


@dataclass(frozen=True, slots=True)
class Colours:
    """`#rrggbb` each; the defaults are quiet ones that can be read."""

    primary: str = "#1f3a5f"
    on_primary: str = "#ffffff"
    background: str = "#ffffff"
    text: str = "#222222"


@dataclass(frozen=True, slots=True)
class BrandTexts:
    """What a brand says in one language; each empty where it says nothing."""

    language: str
    signature: str = ""
    imprint: str = ""
    form_of_address: FormOfAddress = FormOfAddress.UNSPECIFIED
    snippets: tuple[tuple[str, str], ...] = ()
    """Names and texts, which are Liquid (`snippets.py`)."""
    preferences_label: str = ""
    unsubscribe_label: str = ""


@dataclass(frozen=True, slots=True)
class Brand:
    """One brand."""

    brand_id: str
    name: str = ""
    """Empty where nobody put it and no sender's name is set."""
    colours: Colours = field(default_factory=Colours)
    logo_uri: str = ""
    home_uri: str = ""
    texts: tuple[BrandTexts, ...] = ()
    default_language: str = ""
    put_time: datetime | None = None
    """When this version was put; None where there never was one."""

    def texts_in(self, language: str) -> BrandTexts | None:
        """Give what it says in a language or in one that this belongs to; None where it has nothing in either."""
        by_language = {texts.language.lower(): texts for texts in self.texts}
        return next((by_language[tag] for tag in fallbacks(language) if tag in by_language), None)

    def said_in(self, language: str) -> BrandTexts:
        """Give the same, or what it says in its default language."""
        return self.texts_in(language) or self.texts_in(self.default_language) or BrandTexts(language)

    @property
    def snippet_names(self) -> frozenset[str]:
        """The names of its snippets, in whatever language."""
        return frozenset(name for texts in self.texts for name, _ in texts.snippets)


def brand_faults(brand: Brand) -> tuple[FieldFault, ...]:
    """Give what is wrong with a brand, by its place in the request."""
    return tuple(_faults(brand))


def _faults(brand: Brand) -> Iterator[FieldFault]:
    if not brand.name.strip() or any(unicodedata.category(character) in {"Cc", "Cf"} for character in brand.name):
        yield FieldFault("brand.name", "a name on one line is needed")
    for name in ("logo_uri", "home_uri"):
        uri = getattr(brand, name)
        if uri and not (web_address(uri) and uri.lower().startswith(HTTPS)):
            yield FieldFault(f"brand.{name}", "no https address")
    yield from _colour_faults(brand.colours)
    seen: set[str] = set()
    for index, texts in enumerate(brand.texts):
        place = f"brand.texts[{index}]"
        if not is_tag(texts.language):
            yield FieldFault(f"{place}.language", "no language tag")
        if texts.language.lower() in seen:
            yield FieldFault(place, "there are other texts in this language")
        seen.add(texts.language.lower())
        yield from _snippet_faults(texts, place)
    if brand.default_language.lower() not in seen:
        yield FieldFault("brand.default_language", "there are no texts in this language")


def _colour_faults(colours: Colours) -> Iterator[FieldFault]:
    odd = [name for name in ("primary", "on_primary", "background", "text") if not is_colour(getattr(colours, name))]
    for name in odd:
        yield FieldFault(f"brand.colours.{name}", "no colour written #rrggbb")
    for name, behind in (("on_primary", "primary"), ("text", "background")):
        if odd:
            return
        reached = contrast(getattr(colours, name), getattr(colours, behind))
        if reached < READABLE:
            said = f"cannot be read on `{behind}`: the contrast is {reached:.1f}, and {READABLE} is needed"
            yield FieldFault(f"brand.colours.{name}", said)


def _snippet_faults(texts: BrandTexts, place: str) -> Iterator[FieldFault]:
    names: set[str] = set()
    for index, (name, text) in enumerate(texts.snippets):
        at = f"{place}.snippets[{index}]"
        if name in names:
            yield FieldFault(f"{at}.name", "another snippet has this name")
        names.add(name)
        try:
            rehearse_snippet(text)
        except TextFault as fault:
            yield FieldFault(f"{at}.text", str(fault))
