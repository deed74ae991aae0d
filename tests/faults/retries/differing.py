"""Says of documents only what differs: those that are most alike are told apart field by field. Pure."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

LONGEST_TOLD = 300


def told_differences(missing: Sequence[str], extra: Sequence[str]) -> list[str]:
    """Tell what is missing (-) and what is too much (+), lines of JSON; what is nearly the same, by its fields."""
    left, right = [json.loads(line) for line in missing], [json.loads(line) for line in extra]
    told: list[str] = []
    while left and right:
        pairs = ((list(_between(one, other, "")), one, other) for one in left for other in right)
        parts, one, other = min(pairs, key=lambda pair: sum(map(len, pair[0])))
        left.remove(one)
        right.remove(other)
        told.append(f"{_name(one)} {'; '.join(parts)}")
    return [*told, *(f"- {_short(one)}" for one in left), *(f"+ {_short(one)}" for one in right)]


def _between(wanted: Any, found: Any, path: str) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in sorted(wanted.keys() | found.keys()):
            inner = f"{path}.{name}" if path else name
            if name not in found:
                yield f"{inner}: - {_short(wanted[name])}"
            elif name not in wanted:
                yield f"{inner}: + {_short(found[name])}"
            elif wanted[name] != found[name]:
                yield from _between(wanted[name], found[name], inner)
    elif isinstance(wanted, list) and isinstance(found, list):
        yield from _in_lists(wanted, found, path)
    elif wanted != found:
        yield f"{path}: {_short(wanted)} became {_short(found)}"


def _in_lists(wanted: Sequence[Any], found: Sequence[Any], path: str) -> Iterator[str]:
    """Lists are compared whatever their order; a single element that changed is told by its fields."""
    missing, extra = list(wanted), list(found)
    for one in wanted:
        if one in extra:
            missing.remove(one)
            extra.remove(one)
    if len(missing) == len(extra) == 1:
        yield from _between(missing[0], extra[0], f"{path}[]")
        return
    yield from (f"{path}: - {_short(one)}" for one in missing)
    yield from (f"{path}: + {_short(one)}" for one in extra)


def _name(document: Any) -> str:
    if not isinstance(document, dict):
        return ""
    event = document.get("event")
    kinds = sorted(event.keys() - {"header"}) if isinstance(event, dict) else []
    return " ".join([str(document.get("_id", "")), *kinds])


def _short(value: Any) -> str:
    told = json.dumps(value, sort_keys=True)
    return told if len(told) <= LONGEST_TOLD else f"{told[:LONGEST_TOLD]}..."
