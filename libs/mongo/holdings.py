"""What a service's database holds about people, as its export and its erasure must know it.

Nothing has to be declared to be exported or erased: every document of any collection that names the customer, in its
`customer_id` or as its `_id`, is the customer's. Only what stays after an erasure is named, and what is nobody's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message

from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.shapes import AUDIT, CURSORS, EVENTS, MERGE_REPORTS, META, RECORDS


@dataclass(frozen=True, slots=True)
class Kept:
    """A collection of which something stays when a customer is forgotten, under the id that leads to nobody."""

    collection: str
    why: str
    """For a person who reads the receipt."""
    without_person: Callable[[Document], Document]
    """What stays of a document: a new one, with nothing that names or describes the person. Pure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What one service holds."""

    area: str
    event_type: type[Message]
    kept: tuple[Kept, ...] = ()
    of_nobody: frozenset[str] = frozenset()
    """Collections in which no document belongs to a customer; they are not searched."""

    def kept_of(self, collection: str) -> Kept | None:
        """Say what stays of a collection; None where all of it goes."""
        return next((one for one in (*self.kept, CURSORS_KEPT) if one.collection == collection), None)


CURSORS_KEPT = Kept(
    CURSORS,
    "how many events of each service were read: numbers",
    without_person=lambda document: document,
)


async def collections_of(database: Database, holdings: Holdings) -> list[str]:
    """Give the names of all collections that may hold something about a customer, sorted.

    The audit log names customers, in lists, and tells nothing of them but that somebody asked.
    """
    with reading():
        names = await database.list_collection_names()
    return sorted(
        name for name in names if name not in {META, AUDIT, *holdings.of_nobody} and not name.startswith("system.")
    )


def matches_of(collection: str, customer_ids: Sequence[str]) -> list[Document]:
    """Give the conditions, each on an index, that find these customers' documents; none is found by two of them."""
    listed = list(customer_ids)
    if collection == RECORDS:
        return [{"_id": {"$in": listed}}]
    if collection in {EVENTS, CURSORS}:
        return [{"customer_id": {"$in": listed}}]
    return [{"customer_id": {"$in": listed}}, {"_id": {"$in": listed}, "customer_id": {"$nin": listed}}]


def erased_matches_of(collection: str, customer_ids: Sequence[str]) -> list[Document]:
    """Give the conditions that find what goes with these customers: theirs, and what others keep of merges with them.

    A report on a merge that was undone since is the other one's, and tells of both.
    """
    matches = matches_of(collection, customer_ids)
    if collection == MERGE_REPORTS:
        listed = list(customer_ids)
        matches.append({"source_customer_id": {"$in": listed}, "customer_id": {"$nin": listed}})
    return matches
