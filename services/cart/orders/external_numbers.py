"""Remembers what the numbers of other systems stand for: the first who tells of one says what it is, and whose.

A claim is made before the order or return itself is written. Where that never came to be (a crash between the two),
the next who tells the same completes it.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from libs.ids import derived_id
from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.once import insert_once
from services.cart.orders.values import External

EXTERNAL_NUMBERS = "external_numbers"
EXTERNAL_NUMBER_INDEXES = (Index(EXTERNAL_NUMBERS, (("customer_id", 1),)),)
SALE = "sale"
RETURN = "return"


@dataclass(frozen=True, slots=True)
class Claim:
    """What one number stands for."""

    kind: str
    """`sale` or `return`: a system may count them apart."""
    external: External
    customer_id: str
    """Who it was told of when it was claimed."""
    content_hash: bytes
    """SHA-256 over all that was told of it but whose it is."""
    order_id: str
    claim_time: datetime


@dataclass(frozen=True, slots=True)
class ExternalNumbers:
    """All numbers that were told here, each once."""

    database: Database

    async def claim(self, claim: Claim) -> Claim:
        """Claim a number, and give the claim that stands: this one, or the one that was there. One write or two steps.

        A claim is removed only with its customer.
        """
        key = number_key(claim.kind, claim.external)
        document = {
            "_id": key,
            "customer_id": claim.customer_id,
            "content_hash": claim.content_hash,
            "order_id": claim.order_id,
            "claim_time": claim.claim_time,
        }
        while not await insert_once(self.database[EXTERNAL_NUMBERS], document):
            with reading():
                found = await self.database[EXTERNAL_NUMBERS].find_one({"_id": key})
            if found is not None:
                return Claim(
                    kind=claim.kind,
                    external=claim.external,
                    customer_id=found["customer_id"],
                    content_hash=bytes(found["content_hash"]),
                    order_id=found["order_id"],
                    claim_time=found["claim_time"],
                )
        return claim


def sale_order_id(external: External) -> str:
    """Give the id of the order that a sale is: one number is one order, whoever tells of it."""
    return derived_id("ord", SALE, external.system, external.number)


def number_key(kind: str, external: External) -> str:
    """Give the key of a number of one kind in one system; neither part has a null character."""
    return hashlib.sha256(f"{kind}\0{external.system}\0{external.number}".encode()).hexdigest()
