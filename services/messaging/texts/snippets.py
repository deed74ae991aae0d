"""Pieces of text that all templates of a brand share, `voice.greeting` for example: pure.

A snippet may name the customer and the brand, and no snippet: so none can name itself. It is rendered once, and what
comes of it is a value like any other: it is escaped where it is put in, and what looks like Liquid in it stays so.
"""

import functools
from collections.abc import Mapping
from types import MappingProxyType

from services.messaging.texts.liquid_texts import Names, Text, TextFault, plain_text

MAX_CHARACTERS = 1000
MOST_COMPILED = 500
NAMES: Names = {"customer": {"given_name": None, "family_name": None}, "brand": {"name": None}}
INVENTED: Mapping[str, object] = MappingProxyType(
    {"customer": {"given_name": "Jane", "family_name": "Doe"}, "brand": {"name": "The shop"}}
)
NAME = "{% if customer.given_name %} {{ customer.given_name }}{% endif %}"
OURS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "greeting": f"Hello{NAME},",
            "closing": "Kind regards{% if brand.name != '' %}\n{{ brand.name }}{% endif %}",
            "thanks": "Thank you",
            "sorry": "We are sorry",
        },
        "de": {
            "greeting": f"Guten Tag{NAME},",
            "closing": "Mit freundlichen Grüßen{% if brand.name != '' %}\n{{ brand.name }}{% endif %}",
            "thanks": "Vielen Dank",
            "sorry": "Es tut uns leid",
        },
    }
)
"""What is said where a brand has no words of its own."""
OUR_NAMES = frozenset(OURS["en"])


def rehearse_snippet(source: str) -> None:
    """Render a snippet with invented data. Raises TextFault."""
    _compiled(source).rehearse(INVENTED)


def render_snippet(source: str, data: Mapping[str, object]) -> str:
    """Put a customer's and a brand's names into a snippet. Raises TextFault."""
    text = _compiled(source).render(data).strip()
    if len(text) > MAX_CHARACTERS:
        raise TextFault(f"a snippet is longer than {MAX_CHARACTERS} characters")
    return text


@functools.lru_cache(maxsize=MOST_COMPILED)
def _compiled(source: str) -> Text:
    return plain_text(source, NAMES)
