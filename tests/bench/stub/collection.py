"""One collection in memory: documents as bytes, ready to be sent, and as values only where they are looked into."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import bson
from bson.codec_options import DEFAULT_CODEC_OPTIONS
from bson.raw_bson import DEFAULT_RAW_BSON_OPTIONS, RawBSONDocument

from tests.bench.stub.matching import NotUnderstood, matches, values_at

HASHED = ("customer_id", "pending_customer")
"""Fields by which documents are found without looking at all of them, beside `_id`."""


class Kept:
    """A document."""

    __slots__ = ("_projected", "_raw", "value")

    def __init__(self, value: dict[str, Any], raw: bytes = b"") -> None:
        self.value = value
        self._raw = raw
        self._projected: dict[tuple[tuple[str, Any], ...], RawBSONDocument] = {}

    def raw(self, projection: tuple[tuple[str, Any], ...]) -> RawBSONDocument:
        """Give it as it is sent, or only the fields that are wanted; made once, and then there."""
        found = self._projected.get(projection)
        if found is None:
            if projection:
                encoded = bson.encode(projected(self.value, dict(projection)))
            else:
                encoded = self._raw or bson.encode(self.value)
            found = self._projected[projection] = RawBSONDocument(encoded, DEFAULT_RAW_BSON_OPTIONS)
        return found


class Collection:
    """Documents by `_id`."""

    def __init__(self) -> None:
        self.kept: dict[Any, Kept] = {}
        self.indexes: list[dict[str, Any]] = [{"v": 2, "key": {"_id": 1}, "name": "_id_"}]
        self._by: dict[str, defaultdict[Any, dict[Any, None]]] = {name: defaultdict(dict) for name in HASHED}

    def load(self, raw: bytes) -> None:
        """Take a document as another server gave it."""
        self.put(bson.decode(raw, DEFAULT_CODEC_OPTIONS), raw)

    def put(self, value: dict[str, Any], raw: bytes = b"") -> None:
        """Put a document where the one with its `_id` was, if any."""
        key = value["_id"]
        self.drop(key)
        self.kept[key] = Kept(value, raw)
        for name in HASHED:
            if (at := value.get(name)) is not None:
                self._by[name][at][key] = None

    def drop(self, key: Any) -> None:
        """Take one away."""
        before = self.kept.pop(key, None)
        if before is not None:
            for name in HASHED:
                if (at := before.value.get(name)) is not None:
                    self._by[name][at].pop(key, None)

    def find(self, condition: Mapping[str, Any]) -> Iterator[Kept]:
        """Give those that match. Raises NotUnderstood."""
        if len(condition) == 1 and isinstance(key := condition.get("_id"), str):
            if key in self.kept:
                yield self.kept[key]
            return
        for key in self._candidates(condition):
            if (kept := self.kept.get(key)) is not None and matches(kept.value, condition):
                yield kept

    def _candidates(self, condition: Mapping[str, Any]) -> list[Any]:
        if (keys := _named(condition.get("_id"))) is not None:
            return list(keys)
        for name in HASHED:
            if (wanted := _named(condition.get(name))) is not None:
                return [key for one in wanted for key in self._by[name].get(one, ())]
        return list(self.kept)


def projected(value: Mapping[str, Any], projection: Mapping[str, Any]) -> dict[str, Any]:
    """Give only the wanted fields, or all but the unwanted ones. Raises NotUnderstood."""
    wanted = {name: keep for name, keep in projection.items() if name != "_id"}
    if any(not isinstance(keep, (int, bool)) for keep in wanted.values()):
        raise NotUnderstood("projection")
    if any(wanted.values()) or (not wanted and projection.get("_id")):
        some = _with(value, wanted)
        return {"_id": value["_id"], **some} if projection.get("_id", 1) else some
    return _without(value, [name for name, keep in projection.items() if not keep])


def in_order(found: Iterable[Kept], sort: Mapping[str, int]) -> list[Kept]:
    """Sort as asked; what has no value comes first, as everywhere in MongoDB."""
    kept = list(found)
    for path, direction in reversed(list(sort.items())):
        kept.sort(key=lambda one: _rank(one.value, path), reverse=direction < 0)
    return kept


def _rank(value: Mapping[str, Any], path: str) -> tuple[bool, Any]:
    there = [one for one in values_at(value, path) if one is not None and not isinstance(one, list)]
    return (True, min(there)) if there else (False, 0)


def _named(wanted: Any) -> Iterable[Any] | None:
    """Give the values that a condition allows, where it names them."""
    if wanted is None or isinstance(wanted, list):
        return None
    if isinstance(wanted, Mapping):
        return list(wanted["$in"]) if set(wanted) == {"$in"} else None
    return [wanted]


def _with(value: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    inner: dict[str, dict[str, Any]] = {}
    for path in wanted:
        head, _, rest = path.partition(".")
        inner.setdefault(head, {}).update({rest: 1} if rest else {})
    return {
        head: _inside(value[head], rest, _with) if rest else value[head]
        for head, rest in inner.items()
        if head in value
    }


def _without(value: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    left, inner = dict(value), dict[str, dict[str, Any]]()
    for path in paths:
        head, _, rest = path.partition(".")
        if not rest:
            left.pop(head, None)
        else:
            inner.setdefault(head, {})[rest] = 0
    return left | {head: _inside(left[head], rest, _without) for head, rest in inner.items() if head in left}


def _inside(value: Any, fields: Mapping[str, Any], cut: Any) -> Any:  # what values can be, and either of the two above
    if isinstance(value, list):
        return [_inside(one, fields, cut) for one in value]
    return cut(value, fields) if isinstance(value, Mapping) else value
