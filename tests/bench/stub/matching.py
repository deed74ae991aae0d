"""Whether a document is what a filter means: the part of MongoDB's language that the suite uses. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Document: TypeAlias = Mapping[str, Any]  # what BSON can hold


class NotUnderstood(Exception):
    """The stub does not know this word: better no answer than a wrong one."""


def values_at(document: Any, path: str) -> list[Any]:
    """Give all that stands at a path: of each member where there is a list on the way, and the list itself at its end.

    Empty where there is nothing.
    """
    head, _, rest = path.partition(".")
    if isinstance(document, list):
        return [found for member in document if isinstance(member, Mapping) for found in values_at(member, path)]
    if not isinstance(document, Mapping) or head not in document:
        return []
    value = document[head]
    if rest:
        return values_at(value, rest)
    return [value, *value] if isinstance(value, list) else [value]


def matches(document: Document, condition: Document) -> bool:
    """Say whether a document matches. Raises NotUnderstood."""
    for path, wanted in condition.items():
        if path == "$or":
            if not any(matches(document, one) for one in wanted):
                return False
        elif path == "$and":
            if not all(matches(document, one) for one in wanted):
                return False
        elif path.startswith("$"):
            raise NotUnderstood(path)
        elif not _holds(values_at(document, path), wanted):
            return False
    return True


def _holds(found: list[Any], wanted: Any) -> bool:
    if isinstance(wanted, Mapping) and any(word.startswith("$") for word in wanted):
        return all(_says(word, found, than) for word, than in wanted.items())
    return wanted in found or (wanted is None and not found)


def _says(word: str, found: list[Any], than: Any) -> bool:
    if word in COMPARED:
        return any(_ordered(COMPARED[word], value, than) for value in found)
    match word:
        case "$eq":
            return _holds(found, than)
        case "$ne":
            return not _holds(found, than)
        case "$in":
            return any(_holds(found, one) for one in than)
        case "$nin":
            return not any(_holds(found, one) for one in than)
        case "$exists":
            return bool(found) is bool(than)
        case "$not":
            return not _holds(found, than)
        case "$elemMatch":
            return any(isinstance(value, Mapping) and matches(value, than) for value in found)
    raise NotUnderstood(word)


COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda value, than: bool(value > than),
    "$gte": lambda value, than: bool(value >= than),
    "$lt": lambda value, than: bool(value < than),
    "$lte": lambda value, than: bool(value <= than),
}


def _ordered(compare: Callable[[Any, Any], bool], value: Any, than: Any) -> bool:
    try:
        return compare(value, than)
    except TypeError:  # of different types: MongoDB compares none of those either
        return False
