"""What the catalogue reports of prices, and how far that was told: one document per change, under its own name.

Nothing in it belongs to a customer. A change is kept for 400 days, so that its name stands for it that long.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from libs.clock import Clock
from libs.money import Money
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.once import insert_once
from libs.timestamps import EPOCH
from services.aggregator import errors

PRICE_CHANGES = "price_changes"
KEPT = timedelta(days=400)
PRICE_CHANGE_INDEXES = (
    Index(PRICE_CHANGES, (("telling_since", 1),), sparse=True),
    Index(PRICE_CHANGES, (("expire_time", 1),), expire_after_seconds=0),
)


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A price that changed."""

    change_id: str
    sku: str
    name: str
    old_price: Money
    new_price: Money
    link_uri: str
    change_time: datetime
    traceparent: str = ""
    """Of the call that reported it."""
    report_time: datetime | None = None
    """None before it was reported."""
    cursor: str = ""
    """The customer up to whom it was told, in order of ids."""
    told_count: int = 0
    done: bool = False

    def __str__(self) -> str:
        """Name it, for the log."""
        return self.change_id

    @property
    def is_fall(self) -> bool:
        """Whether anybody is to be told of it."""
        return self.new_price.minor < self.old_price.minor

    def is_same_as(self, other: "PriceChange") -> bool:
        """Whether both report the same."""
        progress: dict[str, Any] = {
            "traceparent": "",
            "report_time": None,
            "cursor": "",
            "told_count": 0,
            "done": False,
        }
        return replace(self, **progress) == replace(other, **progress)


@dataclass(frozen=True, slots=True)
class PriceChanges:
    """What can be done with price changes."""

    database: Database
    clock: Clock

    async def report(self, change: PriceChange) -> tuple[PriceChange, bool]:
        """Take in a change, and say whether it had been reported before. One insert. Raises PRICE_CHANGE_REUSED."""
        reported = replace(change, report_time=self.clock(), done=not change.is_fall)
        if await insert_once(self.database[PRICE_CHANGES], {"_id": change.change_id, **_to_fields(reported)}):
            return reported, False
        known = await self.get(change.change_id)
        if not known.is_same_as(change):
            raise errors.price_change_reused()
        return known, True

    async def get(self, change_id: str) -> PriceChange:
        """Give a change and how far it was told. One read. Raises PRICE_CHANGE_NOT_FOUND."""
        with reading():
            document = await self.database[PRICE_CHANGES].find_one({"_id": change_id})
        if document is None:
            raise errors.price_change_not_found()
        return _from_document(document)

    async def telling(self, limit: int) -> list[PriceChange]:
        """Give at most `limit` changes of which not everybody was told, longest waiting first. One indexed query."""
        with reading():
            found = self.database[PRICE_CHANGES].find({"telling_since": {"$gt": EPOCH}})
            documents = await found.sort("telling_since", 1).limit(limit).to_list(limit)
        return [_from_document(document) for document in documents]

    async def advance(self, change: PriceChange, *, cursor: str, told: int, done: bool) -> PriceChange | None:
        """Note how far it was told since `change` was read; None where another replica was faster.

        To be called again after a lost reply does no harm: the cursor is where it is then.
        """
        after = replace(change, cursor=cursor, told_count=change.told_count + told, done=done)
        match = {"_id": change.change_id, "cursor": change.cursor, "done": False}
        with reading():
            answer = await self.database[PRICE_CHANGES].replace_one(
                match, {"_id": change.change_id, **_to_fields(after)}
            )
        return after if answer.matched_count else None


def _to_fields(change: PriceChange) -> Document:
    if change.report_time is None:
        raise ValueError("only what was reported is kept")
    fields: Document = asdict(change)
    del fields["change_id"]
    if not change.done:
        fields["telling_since"] = change.report_time
    return {**fields, "expire_time": change.report_time + KEPT}


def _from_document(document: Mapping[str, Any]) -> PriceChange:
    return PriceChange(
        change_id=document["_id"],
        sku=document["sku"],
        name=document["name"],
        old_price=Money(**document["old_price"]),
        new_price=Money(**document["new_price"]),
        link_uri=document["link_uri"],
        change_time=document["change_time"],
        traceparent=document["traceparent"],
        report_time=document["report_time"],
        cursor=document["cursor"],
        told_count=document["told_count"],
        done=document["done"],
    )
