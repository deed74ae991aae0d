"""What came of a call: all documents that name it, so that those of several customers can be compared."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from tests.faults.retries.differing import told_differences
from tests.faults.retries.telling import EVENTS_OF_ALL, told_document

UNCOMPARED = frozenset({"cursors", "journey_cards", "offer_tries", "audit"})
"""Collections that are worked out from others, in any order, the count of guesses, in which a try counts that was
broken off, and the audit log, in which each answer counts that showed something personal, the repeated one too.
"""
HOOKS, DELIVERIES = "subscriptions", "subscription_deliveries"

Documents = dict[str, list[str]]
"""By `service.collection`: each document as a line of JSON, sorted."""


class Named(Protocol):
    """Whose effects are looked for."""

    key: str
    """Blanked, so that customers can be compared."""
    words: set[str]
    """What its documents are found by."""


def effects(
    client: MongoClient[RawBSONDocument],
    databases: Mapping[str, str],
    cases: Sequence[Named],
    *,
    owners: frozenset[str],
) -> list[Documents]:
    """Read all documents of all cases: whatever these services have, and of all others their events. Blocks.

    Looks at every document once, by what it says, whoever it belongs to.
    """
    found: list[Documents] = [{} for _ in cases]
    words = [[word.encode() for word in case.words] for case in cases]
    hooks: list[set[str]] = [set() for _ in cases]
    for service, name in databases.items():
        database = client[name]
        compared = set(database.list_collection_names()) - UNCOMPARED
        for collection in sorted(compared if service in owners else compared & {EVENTS_OF_ALL}, key=_hooks_first):
            for document in database[collection].find({}):
                told = bytes(document.raw)
                raw = told.lower()
                for place in (one for one in range(len(cases)) if any(word in raw for word in words[one])):
                    if collection == HOOKS:
                        hooks[place].add(str(document["hook_id"]))
                    elif collection == DELIVERIES and document["hook_id"] not in hooks[place]:
                        continue  # systems that another case has subscribed hear of this one's customers
                    line = told_document(told, name=f"{service}.{collection}", key=cases[place].key)
                    found[place].setdefault(f"{service}.{collection}", []).extend([line] if line else [])
    for documents in found:
        for lines in documents.values():
            lines.sort()
    return found


def _hooks_first(collection: str) -> tuple[bool, str]:
    return collection != HOOKS, collection


def waiting_records(
    client: MongoClient[RawBSONDocument], databases: Mapping[str, str], cases: Sequence[Named]
) -> tuple[str, ...]:
    """Name the records and events that say something of these cases and were not relayed and published. Blocks."""
    words = [word.encode() for case in cases for word in case.words]
    return tuple(
        f"{service}.{collection} {document['_id']}"
        for service, name in databases.items()
        for collection, field in (("records", "outbox.0"), (EVENTS_OF_ALL, "pending_customer"))
        for document in client[name][collection].find({field: {"$exists": True}})
        if any(word in bytes(document.raw).lower() for word in words)
    )


def difference(wanted: Documents, found: Documents, *, owner: str) -> list[str]:
    """Name what is there too often (+), missing (-) or other than it should be: no more than what differs.

    Compares whatever the owner has, and of other services their events.
    """
    faults: list[str] = []
    for name in sorted(wanted.keys() | found.keys()):
        service, _, collection = name.partition(".")
        if service != owner and collection != EVENTS_OF_ALL:
            continue
        left, right = list(wanted.get(name, [])), list(found.get(name, []))
        for line in tuple(left):
            if line in right:
                left.remove(line)
                right.remove(line)
        faults += [f"{name}: {told}" for told in told_differences(left, right)]
    return faults
