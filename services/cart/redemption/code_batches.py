"""Adds single-use codes to offers, given or drawn by chance; a request that is sent again adds the same ones.

What a request adds is written down before, in a document of its own, so that a retry goes on where a crash ended it.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from libs.clock import Clock
from libs.errors import FieldFault, invalid_field, request_id_reused, request_too_old
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.documents import Documents
from libs.mongo.migrate import Index
from libs.mongo.once import insert_once
from libs.mongo.requests import check_not_ahead
from libs.origin import Stamp
from services.cart import errors
from services.cart.offers.values import CodeRule, Offer
from services.cart.redemption.codes import Codes, normal_code

OFFER_CODE_BATCHES = "offer_code_batches"
INDEXES = (Index(OFFER_CODE_BATCHES, (("expire_time", 1),), expire_after_seconds=0),)
KEPT_FOR = timedelta(days=30)
OLDEST_RETRY = timedelta(days=29)
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Nothing that is mistaken for something else: no 0, O, 1, I, L."""
DRAWN_CHARACTERS = 12
FEWEST_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class Batch:
    """The codes that one request added."""

    codes: tuple[str, ...]
    """In their normal form, those given first."""
    replayed: bool


def drawn_code() -> str:
    """Draw a code that nobody guesses: one of 10^17."""
    return "".join(secrets.choice(ALPHABET) for _ in range(DRAWN_CHARACTERS))


class CodeBatches:
    """Adds codes."""

    def __init__(
        self,
        database: Database,
        *,
        codes: Codes,
        offers: Documents[Offer],
        clock: Clock,
        draw: Callable[[], str] = drawn_code,
    ) -> None:
        self._collection = database[OFFER_CODE_BATCHES]
        self._codes = codes
        self._offers = offers
        self._clock = clock
        self._draw = draw

    async def add(self, offer_id: str, given: Sequence[str], drawn_count: int, *, stamp: Stamp) -> Batch:
        """Add codes of an offer, at most 1000 given ones and 1000 drawn. A few commands for each 1000.

        One that the offer has already is not added twice, and stays used where it was.
        Raises OFFER_NOT_FOUND, OFFER_TERMS_INVALID where the offer takes no single-use codes, OFFER_CODE_TAKEN,
        REQUEST_ID_REUSED, CLOCK_SKEW, REQUEST_TOO_OLD (29 days).
        """
        codes = list(dict.fromkeys(_checked(number, text) for number, text in enumerate(given)))
        kept = await self._kept(stamp)
        replayed = kept is not None
        if kept is None:
            self._check_fresh(stamp)
            await self._check_offer(offer_id)
            kept = await self._keep(self._new(offer_id, codes, drawn_count, stamp), stamp)
        await self._codes.claim(kept["codes"], kept["offer_id"])
        return Batch(codes=tuple(kept["codes"]), replayed=replayed)

    def _new(self, offer_id: str, given: Sequence[str], drawn_count: int, stamp: Stamp) -> Document:
        drawn = (self._draw() for _ in range(drawn_count))
        return {
            "offer_id": offer_id,
            "codes": list(dict.fromkeys((*given, *drawn))),
            "body_hash": stamp.body_hash,
            "expire_time": self._clock() + KEPT_FOR,
        }

    async def _keep(self, batch: Document, stamp: Stamp) -> Document:
        """Write down what is added, unless another try of the same request was faster: then give that one's."""
        if await insert_once(self._collection, {"_id": stamp.request_id, **batch}):
            return batch
        return await self._kept(stamp) or batch

    async def _kept(self, stamp: Stamp) -> Document | None:
        """Find what a request added, whichever channel sent it; earlier versions kept it by channel."""
        keys = [stamp.request_id, f"{stamp.origin.channel_id}:{stamp.request_id}"]
        with reading():
            found = await self._collection.find_one({"_id": {"$in": keys}})
        if found is not None and bytes(found["body_hash"]) != stamp.body_hash:
            raise request_id_reused()
        return found

    async def _check_offer(self, offer_id: str) -> None:
        saved = await self._offers.get(offer_id)
        if not saved.exists:
            raise errors.offer_not_found()
        texts = [text for text in (saved.state.draft, saved.state.terms) if text is not None]
        if not any(text.code_rule is CodeRule.SINGLE_USE for text in texts):
            fault = FieldFault(field="offer_id", description="the offer takes no codes of single use")
            raise errors.offer_terms_invalid((fault,))

    def _check_fresh(self, stamp: Stamp) -> None:
        now = self._clock()
        check_not_ahead(stamp, now)
        if stamp.issue_time is not None and stamp.issue_time < now - OLDEST_RETRY:
            raise request_too_old()


def _checked(number: int, text: str) -> str:
    code = normal_code(text)
    if len(code) < FEWEST_CHARACTERS:
        raise invalid_field(f"codes[{number}]", "has fewer than 8 letters and digits")
    return code
