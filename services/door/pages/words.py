"""What the pages say, by language and key; the same keys in every language, which a test checks."""

from collections.abc import Mapping

from services.door.pages.words_de import GERMAN
from services.door.pages.words_en import ENGLISH

WORDS: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "de": GERMAN}


def say(language: str, key: str, **values: object) -> str:
    """Give the words for a key, with `{name}` filled in. Raises KeyError for one that there is not."""
    return WORDS[language][key].format(**values) if values else WORDS[language][key]
