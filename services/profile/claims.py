"""Remembers who holds each identifier: one document per identifier, whose `_id` is its key.

A claim is the truth, the identifiers on a customer's record are a copy of it. Whoever inserts a claim first has it,
without an index over customers, and on any shard.

A claim is made before the record is written. Until the record has it, the claim carries the token of the call that
made it: that call may withdraw it. Another call that builds on it confirms it first, which takes the token off.

The claim of a device or cookie also counts who else uses it (`sharing`). Where that are too many it stays and leads
to nobody, so that nobody claims it anew, and no erasure of its first customer begins the count again.
"""

from collections.abc import Collection as Many
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.channel import Channel
from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.once import insert_once
from services.profile.model import CustomerId
from services.profile.sharing import Use, Uses

IDENTIFIERS = "identifiers"
CONFIRMED = ""
SHARED_TIME = "shared_time"
NO_USES = Uses()
NOBODY = CustomerId("")


class Overtaken(Exception):
    """Somebody else changed what this was decided on: look again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds an identifier: a customer, or one who was merged away since and leads to the one who lives."""

    key: str
    customer_id: CustomerId
    claim_time: datetime
    channel: Channel
    token: str
    """Of the call that made it, empty when another call confirmed it."""
    uses: Uses = NO_USES
    """Who else uses the device or cookie."""
    led_to: CustomerId = NOBODY
    """Whom a device or cookie named that leads to nobody any more."""

    @property
    def first_id(self) -> CustomerId:
        """Give to whom the identifier was linked first, whether or not it leads there."""
        return self.led_to or self.customer_id


class Claims:
    """The claims of all customers."""

    def __init__(self, database: Database) -> None:
        self._collection = database[IDENTIFIERS]

    async def find(self, keys: Iterable[str]) -> dict[str, Claim]:
        """Give the claims that exist, by key. One query by `_id`."""
        wanted = sorted(set(keys))
        if not wanted:
            return {}
        with reading():
            rows = await self._collection.find({"_id": {"$in": wanted}}).to_list(length=len(wanted))
        return {
            row["_id"]: Claim(
                key=row["_id"],
                customer_id=CustomerId(row["customer_id"]),
                claim_time=row["claim_time"],
                channel=Channel(id=row["channel"]["id"], kind=row["channel"]["kind"]),
                token=row["token"],
                uses=_uses_from(row),
                led_to=CustomerId(row.get("led_to", NOBODY)),
            )
            for row in rows
        }

    async def keys_of(self, customer_ids: Sequence[str]) -> list[str]:
        """Give the keys of all claims that name one of these customers. One indexed query."""
        with reading():
            found = self._collection.find({"customer_id": {"$in": list(customer_ids)}}, {"_id": 1})
            return [row["_id"] async for row in found]

    async def make(self, claims: Sequence[Claim]) -> None:
        """Make claims one after the other. Raises Overtaken at the first that somebody else has."""
        for claim in claims:
            document = {
                "_id": claim.key,
                "customer_id": claim.customer_id,
                "claim_time": claim.claim_time,
                "channel": {"id": claim.channel.id, "kind": claim.channel.kind},
                "token": claim.token,
            }
            if not await insert_once(self._collection, document):
                raise Overtaken

    async def confirm(self, claims: Iterable[Claim]) -> None:
        """Build on claims that other calls made. Raises Overtaken where one was withdrawn meanwhile."""
        for claim in claims:
            if not claim.token:
                continue
            with reading():
                result = await self._collection.update_one(
                    {"_id": claim.key, "customer_id": claim.customer_id, "token": {"$in": [claim.token, CONFIRMED]}},
                    {"$set": {"token": CONFIRMED}},
                )
            if not result.matched_count:
                raise Overtaken

    async def withdraw(self, keys: Many[str], *, token: str) -> None:
        """Take back what the call with this token claimed and nobody built on."""
        if keys:
            with reading():
                await self._collection.delete_many({"_id": {"$in": sorted(keys)}, "token": token})

    async def release(self, claims: Iterable[Claim]) -> None:
        """Remove claims, each only as it was read."""
        for claim in claims:
            with reading():
                await self._collection.delete_one(
                    {"_id": claim.key, "customer_id": claim.customer_id, "token": claim.token}
                )

    async def drop(self, keys: Many[str], *, customer_ids: Many[str]) -> None:
        """Remove the claims of identifiers that had to make room, where they lead to these customers."""
        if keys:
            with reading():
                await self._collection.delete_many(
                    {
                        "_id": {"$in": sorted(keys)},
                        "customer_id": {"$in": sorted(customer_ids)},
                    }
                )

    async def note_uses(self, claim: Claim, uses: Uses) -> bool:
        """Note who else uses a device or cookie; False where somebody else noted something meanwhile, or it is gone."""
        noted: dict[str, Any] = {
            "others": [{"customer_id": one.customer_id, "use_time": one.use_time} for one in uses.others],
            SHARED_TIME: uses.shared_time,
            "uses_revision": uses.revision,
        }
        if uses.shared_time is not None:
            noted |= {"others": [], "customer_id": NOBODY, "led_to": claim.customer_id}
        with reading():
            result = await self._collection.update_one(
                {
                    "_id": claim.key,
                    "customer_id": claim.customer_id,
                    "uses_revision": {"$in": [claim.uses.revision, *([None] if claim.uses.revision == 0 else [])]},
                },
                {"$set": noted},
            )
        return bool(result.matched_count)


def _uses_from(row: Mapping[str, Any]) -> Uses:
    """Read who else uses it; nobody has, where nothing was noted yet."""
    return Uses(
        others=tuple(Use(CustomerId(one["customer_id"]), one["use_time"]) for one in row.get("others", ())),
        shared_time=row.get(SHARED_TIME),
        revision=row.get("uses_revision", 0),
    )
