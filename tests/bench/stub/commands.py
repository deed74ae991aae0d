"""The commands that the stub answers, as the driver sends them; others are refused, and it says which."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.bench.stub.collection import Collection, in_order
from tests.bench.stub.matching import NotUnderstood
from tests.bench.stub.updating import updated

DUPLICATE_KEY = 11000
COMMAND_NOT_FOUND = 59
WIRE_VERSION = 21
MOST_BYTES = 16 * 1024 * 1024
RECORDS = "records"
Reply = dict[str, Any]
Body = Mapping[str, Any]


class Stub:
    """All databases of one stub."""

    def __init__(self, *, address: str, keeps_outbox: bool = True) -> None:
        """Without `keeps_outbox` it forgets what is to be announced, so that a relay finds nothing to do."""
        self.collections: defaultdict[tuple[str, str], Collection] = defaultdict(Collection)
        self.counts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._address = address
        self._keeps_outbox = keeps_outbox
        self._commands: dict[str, Callable[[Body], Reply]] = {
            "hello": self._hello,
            "ismaster": self._hello,
            "isMaster": self._hello,
            "find": self._find,
            "insert": self._insert,
            "update": self._update,
            "delete": self._delete,
            "findAndModify": self._find_and_modify,
            "aggregate": self._aggregate,
            "listIndexes": self._list_indexes,
        }

    def answer(self, name: str, body: Body) -> Reply:
        """Carry out one command."""
        self.counts[name] += 1
        if name in ("ping", "endSessions", "killCursors", "createIndexes", "buildInfo", "drop", "dropDatabase"):
            return {"ok": 1.0}
        command = self._commands.get(name)
        try:
            if command is None:
                raise NotUnderstood(name)
            return command(body)
        except NotUnderstood as fault:
            self.refused[f"{name}: {fault}"] += 1
            return {"ok": 0.0, "code": COMMAND_NOT_FOUND, "codeName": "CommandNotFound", "errmsg": f"not here: {fault}"}

    def _of(self, name: str, body: Body) -> Collection:
        return self.collections[body["$db"], body[name]]

    def _hello(self, _body: Body) -> Reply:
        return {
            "isWritablePrimary": True,
            "ismaster": True,
            "helloOk": True,
            "setName": "stub",
            "setVersion": 1,
            "hosts": [self._address],
            "me": self._address,
            "primary": self._address,
            "maxBsonObjectSize": MOST_BYTES,
            "maxMessageSizeBytes": 3 * MOST_BYTES,
            "maxWriteBatchSize": 100_000,
            "logicalSessionTimeoutMinutes": 30,
            "localTime": datetime.now(UTC),
            "minWireVersion": 0,
            "maxWireVersion": WIRE_VERSION,
            "readOnly": False,
            "ok": 1.0,
        }

    def _find(self, body: Body) -> Reply:
        found: Any = self._of("find", body).find(body.get("filter", {}))
        if sort := body.get("sort"):
            found = in_order(found, sort)
        limit = abs(body.get("limit", 0))
        projection = tuple(body.get("projection", {}).items())
        batch = [kept.raw(projection) for place, kept in zip(range(limit or MOST_BYTES), found, strict=False)]
        return _cursor(f"{body['$db']}.{body['find']}", batch)

    def _insert(self, body: Body) -> Reply:
        collection, taken = self._of("insert", body), []
        for index, document in enumerate(body["documents"]):
            if document["_id"] in collection.kept:
                taken.append(_duplicate(index))
                if body.get("ordered", True):
                    break
            else:
                collection.put(document)
        return {"ok": 1.0, "n": len(body["documents"]) - len(taken)} | ({"writeErrors": taken} if taken else {})

    def _update(self, body: Body) -> Reply:
        collection = self._of("update", body)
        matched, upserted, taken = 0, [], []
        for index, one in enumerate(body["updates"]):
            found = list(collection.find(one["q"]))[: None if one.get("multi") else 1]
            for kept in found:
                self._put(body["update"], collection, updated(kept.value, one["u"], is_new=False))
            matched += len(found)
            if found or not one.get("upsert"):
                continue
            plain = {name: wanted for name, wanted in one["q"].items() if not isinstance(wanted, Mapping)}
            fresh = updated(plain, one["u"], is_new=True)
            if fresh["_id"] in collection.kept:
                taken.append(_duplicate(index))
            else:
                self._put(body["update"], collection, fresh)
                upserted.append({"index": index, "_id": fresh["_id"]})
        count = matched + len(upserted)
        told = {"upserted": upserted} if upserted else {}
        return {"ok": 1.0, "n": count, "nModified": matched} | told | ({"writeErrors": taken} if taken else {})

    def _delete(self, body: Body) -> Reply:
        collection, count = self._of("delete", body), 0
        for one in body["deletes"]:
            for kept in list(collection.find(one["q"]))[: one.get("limit") or None]:
                collection.drop(kept.value["_id"])
                count += 1
        return {"ok": 1.0, "n": count}

    def _find_and_modify(self, body: Body) -> Reply:
        collection = self._of("findAndModify", body)
        kept = next(iter(in_order(collection.find(body.get("query", {})), body.get("sort", {}))), None)
        if "update" not in body or (kept is None and body.get("upsert")):
            raise NotUnderstood("a document that is taken away, or made")
        if kept is None:
            return {"ok": 1.0, "value": None}
        fresh = updated(kept.value, body["update"], is_new=False)
        self._put(body["findAndModify"], collection, fresh)
        return {"ok": 1.0, "value": fresh if body.get("new") else kept.value}

    def _aggregate(self, body: Body) -> Reply:
        """Count, which is all that is asked for in this way on the paths that are measured."""
        stages = {word: value for stage in body["pipeline"] for word, value in stage.items()}
        if not stages.keys() <= {"$match", "$limit", "$group"} or set(stages.get("$group", {})) != {
            "_id",
            "n",
        }:
            raise NotUnderstood(str(list(stages)))
        count = sum(1 for _ in self._of("aggregate", body).find(stages.get("$match", {})))
        count = min(count, stages.get("$limit", count))
        return _cursor(f"{body['$db']}.{body['aggregate']}", [{"_id": 1, "n": count}] if count else [])

    def _list_indexes(self, body: Body) -> Reply:
        name = f"{body['$db']}.{body['listIndexes']}"
        return _cursor(name, list(self._of("listIndexes", body).indexes))

    def _put(self, name: str, collection: Collection, value: dict[str, Any]) -> None:
        if name == RECORDS and not self._keeps_outbox and value.get("outbox"):
            value["outbox"] = []
        collection.put(value)


def _cursor(name: str, batch: list[Any]) -> Reply:
    return {"ok": 1.0, "cursor": {"id": 0, "ns": name, "firstBatch": batch}}


def _duplicate(index: int) -> dict[str, Any]:
    return {"index": index, "code": DUPLICATE_KEY, "errmsg": "E11000 duplicate key error", "keyPattern": {"_id": 1}}
