"""What an update makes of a document: the part of MongoDB's language that the suite uses. Pure."""

from collections.abc import Mapping
from typing import Any

from tests.bench.stub.matching import NotUnderstood, matches


def updated(document: dict[str, Any], change: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
    """Give the document as it is after the change; a change without operators takes its place. Raises NotUnderstood."""
    if not any(word.startswith("$") for word in change):
        return {"_id": document.get("_id"), **change}
    after = dict(document)
    for word, fields in change.items():
        if word == "$setOnInsert" and not is_new:
            continue
        for path, value in fields.items():
            holder, name = _place(after, path)
            _apply(word, holder, name, value)
    return after


def _place(document: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """Give what holds a path's last name, copied on the way, so that others who have the document keep theirs."""
    *way, name = path.split(".")
    for step in way:
        inner = document.get(step, {})
        if not isinstance(inner, dict):
            raise NotUnderstood(path)
        document[step] = inner = dict(inner)
        document = inner
    return document, name


def _apply(word: str, holder: dict[str, Any], name: str, value: Any) -> None:
    match word:
        case "$set" | "$setOnInsert":
            holder[name] = value
        case "$unset":
            holder.pop(name, None)
        case "$inc":
            holder[name] = holder.get(name, 0) + value
        case "$max":
            holder[name] = max(holder.get(name, value), value)
        case "$push":
            each = value["$each"] if isinstance(value, Mapping) and "$each" in value else [value]
            pushed = [*holder.get(name, ()), *each]
            holder[name] = pushed[value["$slice"] :] if isinstance(value, Mapping) and "$slice" in value else pushed
        case "$addToSet":
            each = value["$each"] if isinstance(value, Mapping) and "$each" in value else [value]
            holder[name] = [*holder.get(name, ()), *(one for one in each if one not in holder.get(name, ()))]
        case "$pull":
            holder[name] = [one for one in holder.get(name, ()) if not _is_meant(one, value)]
        case _:
            raise NotUnderstood(word)


def _is_meant(member: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(member, Mapping) and matches(member, wanted)
    return bool(member == wanted)
