"""Offer codes: which offer a code belongs to, and whether it can still be used.

Each code is one document under its normal form, so a code belongs to one offer and is used by one order, whoever asks
at the same moment. A single-use code is free, reserved for an order, or redeemed by it; a shared one is only claimed.
"""

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from libs.clock import Clock
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.once import insert_all_once
from services.cart.checkout import errors
from services.cart.offers.values import ActiveOffers, CodeRule

OFFER_CODES = "offer_codes"
INDEXES = (
    Index(OFFER_CODES, (("order_id", 1),), sparse=True),
    Index(OFFER_CODES, (("customer_id", 1),), sparse=True),
    Index(OFFER_CODES, (("reserve_time", 1),), sparse=True),
)
NO_CODES: Mapping[str, str] = MappingProxyType({})


class CodeState(enum.StrEnum):
    """What became of a code."""

    SHARED = "shared"
    """Everybody may use it."""
    FREE = "free"
    RESERVED = "reserved"
    REDEEMED = "redeemed"


@dataclass(frozen=True, slots=True)
class Code:
    """One code, as it stands."""

    code: str
    """In its normal form."""
    offer_id: str
    state: CodeState
    order_id: str = ""
    """That it is reserved for, or that redeemed it."""
    customer_id: str = ""
    """Whose order that is, as they were called then."""
    redeem_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class CodesFound:
    """What some codes are, each in one of these; normal form to offer id."""

    usable: Mapping[str, str] = field(default_factory=lambda: NO_CODES)
    used: Mapping[str, str] = field(default_factory=lambda: NO_CODES)
    """Redeemed, or reserved for another order."""
    ended: Mapping[str, str] = field(default_factory=lambda: NO_CODES)
    """Shared ones that no active offer has any more, and those for one order of an offer that has a shared one now."""
    unknown: tuple[str, ...] = ()


NOTHING_ENTERED = CodesFound()


def normal_code(text: str) -> str:
    """Give the form in which codes are kept and compared: upper case, without spaces and hyphens."""
    return "".join(character for character in text.upper() if not character.isspace() and character != "-")


class Codes:
    """All codes."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._collection = database[OFFER_CODES]
        self._clock = clock

    async def find(self, codes: Iterable[str]) -> dict[str, Code]:
        """Give those that exist of some codes in normal form. One query, none where no code is given."""
        wanted = sorted(set(codes))
        if not wanted:
            return {}
        with reading():
            documents = await self._collection.find({"_id": {"$in": wanted}}).to_list(len(wanted))
        return {document["_id"]: _code(document) for document in documents}

    async def look_up(self, codes: Sequence[str], offers: ActiveOffers, *, for_order_id: str = "") -> CodesFound:
        """Say which codes can be used; what is reserved for `for_order_id` can be, by that order.

        One query, none where all are codes that everybody may use.
        """
        normal = list(dict.fromkeys(normal_code(code) for code in codes))
        shared = {code: offers.by_shared_code[code] for code in normal if code in offers.by_shared_code}
        found = await self.find(code for code in normal if code not in shared)

        def can_be_used(code: Code) -> bool:
            own = code.state is CodeState.RESERVED and code.order_id == for_order_id
            return code.state is CodeState.FREE or own

        def is_of_one(code: Code) -> bool:
            offer = offers.by_id.get(code.offer_id)
            # Under another rule nothing would be reserved, and it could be used again and again.
            is_outdated = offer is not None and offer.terms.code_rule is CodeRule.SHARED
            return code.state is not CodeState.SHARED and not is_outdated

        of_one = {key: code for key, code in found.items() if is_of_one(code)}
        return CodesFound(
            usable=shared | {key: code.offer_id for key, code in of_one.items() if can_be_used(code)},
            used={key: code.offer_id for key, code in of_one.items() if not can_be_used(code)},
            ended={key: code.offer_id for key, code in found.items() if key not in of_one},
            unknown=tuple(code for code in normal if code not in shared and code not in found),
        )

    async def claim(self, codes: Iterable[str], offer_id: str, *, shared: bool = False) -> None:
        """Let codes in normal form belong to an offer, single-use ones or shared ones; safe to repeat.

        Nothing is claimed where one is known to belong to another offer, or is of the other kind; where somebody
        claims the same at this very moment, some may be. Two queries. Raises OFFER_CODE_TAKEN.
        """
        wanted = list(dict.fromkeys(codes))
        _refuse_taken(await self.find(wanted), offer_id, shared=shared)
        state = CodeState.SHARED if shared else CodeState.FREE
        now = self._clock()
        await insert_all_once(
            self._collection,
            [{"_id": code, "offer_id": offer_id, "state": str(state), "add_time": now} for code in wanted],
        )
        _refuse_taken(await self.find(wanted), offer_id, shared=shared)

    async def reserve(self, code: str, offer_id: str, *, order_id: str, customer_id: str) -> None:
        """Keep a code for an order; safe to repeat. One conditional write. Raises OFFER_CODE_USED."""
        match = {
            "_id": code,
            "offer_id": offer_id,
            "$or": [{"state": CodeState.FREE.value}, {"state": CodeState.RESERVED.value, "order_id": order_id}],
        }
        fields = {
            "state": CodeState.RESERVED.value,
            "order_id": order_id,
            "customer_id": customer_id,
            "reserve_time": self._clock(),
        }
        with reading():
            answer = await self._collection.update_one(match, {"$set": fields})
        if not answer.matched_count:
            raise errors.offer_code_used()

    async def is_any_reserved(self, order_id: str) -> bool:
        """Say whether a code is reserved for an order. One indexed query."""
        with reading():
            return await self._collection.find_one(_reserved_for(order_id), {"_id": 1}) is not None

    async def confirm(self, order_id: str, codes: Iterable[str]) -> None:
        """Let an order that was placed have these of the codes reserved for it, and free the others. Safe to repeat."""
        counted = sorted(codes)
        redeemed = {"state": CodeState.REDEEMED.value, "redeem_time": self._clock()}
        with reading():
            await self._collection.update_many(
                {**_reserved_for(order_id), "_id": {"$in": counted}},
                {"$set": redeemed, "$unset": {"reserve_time": ""}},
            )
            await self._free({**_reserved_for(order_id), "_id": {"$nin": counted}})

    async def keep(self, order_id: str) -> None:
        """Let all codes reserved for an order count as used: nobody can say any more whether it was placed."""
        redeemed = {"state": CodeState.REDEEMED.value, "redeem_time": self._clock()}
        with reading():
            await self._collection.update_many(
                _reserved_for(order_id), {"$set": redeemed, "$unset": {"reserve_time": ""}}
            )

    async def release(self, order_id: str) -> None:
        """Free the codes reserved for an order that was not placed, and surely never will be. Safe to repeat."""
        with reading():
            await self._free(_reserved_for(order_id))

    async def overdue(self, before: datetime, limit: int) -> list[tuple[str, str]]:
        """Give order and customer of at most `limit` reservations from before a time, the oldest first."""
        with reading():
            cursor = self._collection.find({"reserve_time": {"$lte": before}}, {"order_id": 1, "customer_id": 1})
            documents = await cursor.sort("reserve_time", 1).limit(limit).to_list(limit)
        return [(document["order_id"], document["customer_id"]) for document in documents]

    async def _free(self, match: Document) -> None:
        nobodys = {"order_id": "", "customer_id": "", "reserve_time": ""}
        await self._collection.update_many(match, {"$set": {"state": CodeState.FREE.value}, "$unset": nobodys})


def code_without_person(document: Document) -> Document:
    """Give what stays of a code when whoever used it is forgotten: that it was used, not by which order.

    One that was just reserved counts as used, since nobody can say any more what became of its order.
    """
    kept = {"offer_id": document["offer_id"], "state": CodeState.REDEEMED.value, "add_time": document["add_time"]}
    redeem_time = document.get("redeem_time") or document.get("reserve_time")
    return {**kept, "redeem_time": redeem_time}


def _reserved_for(order_id: str) -> Document:
    return {"order_id": order_id, "state": CodeState.RESERVED.value}


def _refuse_taken(found: Mapping[str, Code], offer_id: str, *, shared: bool) -> None:
    for key, code in sorted(found.items()):
        if code.offer_id != offer_id or (code.state is CodeState.SHARED) is not shared:
            raise errors.offer_code_taken(key)


def _code(document: Document) -> Code:
    return Code(
        code=document["_id"],
        offer_id=document["offer_id"],
        state=CodeState(document["state"]),
        order_id=document.get("order_id", ""),
        customer_id=document.get("customer_id", ""),
        redeem_time=document.get("redeem_time"),
    )
