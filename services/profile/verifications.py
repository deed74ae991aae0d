"""Remembers one-time codes, each in a document that vanishes a day after the code stopped working.

What must not happen twice is a conditional write: a guess is paid for before it is looked at, and a code is used once.
"""

from collections.abc import Mapping
from typing import Any

from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.once import insert_once
from services.profile.model import CustomerId, Identifier, IdentifierKind
from services.profile.verification import KEPT_AFTERWARDS, MOST_TRIES, Verification

VERIFICATIONS = "verifications"
DELETE_TIME = "delete_time"
CODE = "one_time_code"

INDEXES = (
    Index(VERIFICATIONS, (("customer_id", 1),)),
    Index(VERIFICATIONS, ((DELETE_TIME, 1),), expire_after_seconds=0),
)


class Verifications:
    """All codes."""

    def __init__(self, database: Database) -> None:
        self._collection = database[VERIFICATIONS]

    async def add(self, verification: Verification) -> Verification:
        """Remember one, and give it as it is remembered: that of an earlier copy of the same request stays."""
        identifier = verification.identifier
        is_new = await insert_once(
            self._collection,
            {
                "_id": verification.verification_id,
                "customer_id": verification.customer_id,
                "kind": str(identifier.kind),
                "value": identifier.value,
                "compared_as": identifier.compared_as,
                CODE: verification.code,
                "language": verification.language,
                "create_time": verification.create_time,
                "expire_time": verification.expire_time,
                DELETE_TIME: verification.expire_time + KEPT_AFTERWARDS,
                "tries": len(verification.guesses),
                "guesses": list(verification.guesses),
                "used_by": verification.used_by,
            },
        )
        return verification if is_new else await self.find(verification.verification_id) or verification

    async def find(self, verification_id: str) -> Verification | None:
        """Give one; None where there is none, or no longer. One read by `_id`."""
        with reading():
            found = await self._collection.find_one({"_id": verification_id})
        return _from_document(found) if found else None

    async def pay(self, verification_id: str, guess: str) -> bool:
        """Pay for one guess; False where it cannot be paid: it was before, there are no tries left, or no use."""
        with reading():
            result = await self._collection.update_one(
                {"_id": verification_id, "used_by": "", "tries": {"$lt": MOST_TRIES}, "guesses": {"$ne": guess}},
                {"$inc": {"tries": 1}, "$push": {"guesses": guess}},
            )
        return bool(result.matched_count)

    async def use(self, verification_id: str, guess: str) -> bool:
        """Let one request use the code; False where another one did."""
        with reading():
            result = await self._collection.update_one(
                {"_id": verification_id, "used_by": {"$in": ["", guess]}}, {"$set": {"used_by": guess}}
            )
        return bool(result.matched_count)

    async def give_back(self, verification_id: str, guess: str) -> None:
        """Let the code be used again, since what it was used for was refused."""
        with reading():
            await self._collection.update_one({"_id": verification_id, "used_by": guess}, {"$set": {"used_by": ""}})

    async def forget_code(self, verification_id: str) -> None:
        """Forget the code of one that was used."""
        with reading():
            await self._collection.update_one({"_id": verification_id}, {"$set": {CODE: ""}})

    async def remove(self, verification_id: str) -> None:
        """Remove one that was refused after all."""
        with reading():
            await self._collection.delete_one({"_id": verification_id})


def _from_document(document: Mapping[str, Any]) -> Verification:
    return Verification(
        verification_id=document["_id"],
        customer_id=CustomerId(document["customer_id"]),
        identifier=Identifier(
            kind=IdentifierKind(document["kind"]),
            value=document["value"],
            verified=True,
            compared_as=document["compared_as"],
        ),
        code=document[CODE],
        language=document["language"],
        create_time=document["create_time"],
        expire_time=document["expire_time"],
        guesses=tuple(document["guesses"]),
        used_by=document["used_by"],
    )
