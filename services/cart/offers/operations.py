"""Coordinates offers: write a draft, let it count, end it. Documents that belong to no customer."""

from dataclasses import dataclass, replace
from typing import NoReturn

from libs.clock import Clock
from libs.errors import conflict, etag_mismatch
from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.documents import DocumentOutcome, Documents, SavedDocument
from libs.mongo.once import insert_once
from libs.mongo.values import Decision
from libs.origin import Stamp
from libs.rpc.channels import ChannelRegistry
from services.cart import errors
from services.cart.offers.book import MOST_ACTIVE, MOST_OFFERS, OfferBook
from services.cart.offers.fields import OFFER_VERSIONS, terms_from_fields, terms_to_fields
from services.cart.offers.terms import check_terms
from services.cart.offers.values import Offer, OfferState, OfferTerms
from services.cart.redemption.codes import Codes

MOST_TRIES = 5


class _NotPrepared(Exception):
    """The offer has another text meanwhile than the one that was made ready. No caller sees this."""


@dataclass(frozen=True, slots=True)
class Offers:
    """What can be done with offers."""

    documents: Documents[Offer]
    database: Database
    book: OfferBook
    codes: Codes
    channels: ChannelRegistry
    clock: Clock
    most_offers: int = MOST_OFFERS
    most_active: int = MOST_ACTIVE

    async def save(self, offer_id: str, terms: OfferTerms, *, etag: str, stamp: Stamp) -> DocumentOutcome[Offer]:
        """Write the draft of a new offer, or of the next version of one."""
        check_terms(offer_id, terms, self.channels)
        is_full = len(await self.documents.versions(self.most_offers)) >= self.most_offers

        def decide(saved: SavedDocument[Offer]) -> Decision[Offer, NoReturn]:
            if not saved.exists and is_full:
                raise errors.offer_limit(self.most_offers, active=False)
            if etag and (not saved.exists or etag != saved.etag()):
                raise etag_mismatch()
            create_time = saved.state.create_time or self.clock()
            return Decision(replace(saved.state, draft=terms, create_time=create_time))

        return await self.documents.run(offer_id, stamp, decide)

    async def activate(self, offer_id: str, *, etag: str, stamp: Stamp) -> DocumentOutcome[Offer]:
        """Let the draft count as the next version.

        The text that counted until now is kept before it is replaced, so that no crash loses what an order names.
        A shared code is the offer's from then on, also when it has ended.
        """
        others = await self.book.committed()
        for _ in range(MOST_TRIES):
            offer = (await self.documents.get(offer_id)).state
            await self._keep_text(offer)
            if offer.draft is not None and offer.draft.shared_code:
                await self.codes.claim([offer.draft.shared_code], offer_id, shared=True)

            def decide(saved: SavedDocument[Offer], prepared: Offer = offer) -> Decision[Offer, NoReturn]:
                _check_found(saved, etag)
                offer = saved.state
                if offer.draft is None:
                    raise errors.offer_has_no_draft()
                if offer.state is not OfferState.ACTIVE and len(others.offers) >= self.most_active:
                    raise errors.offer_limit(self.most_active, active=True)
                if (offer.version, offer.draft) != (prepared.version, prepared.draft):
                    raise _NotPrepared
                state = OfferState.ACTIVE
                return Decision(replace(offer, state=state, version=offer.version + 1, terms=offer.draft, draft=None))

            try:
                outcome = await self.documents.run(offer_id, stamp, decide)
            except _NotPrepared:
                continue
            await self.book.committed()
            return outcome
        raise conflict()

    async def end(self, offer_id: str, *, etag: str, stamp: Stamp) -> DocumentOutcome[Offer]:
        """Let an offer count no more; a draft that waited goes."""

        def decide(saved: SavedDocument[Offer]) -> Decision[Offer, NoReturn]:
            _check_found(saved, etag)
            return Decision(replace(saved.state, state=OfferState.ENDED, draft=None))

        outcome = await self.documents.run(offer_id, stamp, decide)
        await self.book.committed()
        return outcome

    async def get(
        self, offer_id: str, *, version: int = 0, draft: bool = False
    ) -> tuple[SavedDocument[Offer], OfferTerms | None, int]:
        """Give an offer with one of its texts, and of which version that is (the next one's for a draft).

        Raises OFFER_NOT_FOUND.
        """
        saved = await self.documents.get(offer_id)
        offer = saved.state
        if not saved.exists:
            raise errors.offer_not_found()
        if version in {0, offer.version}:
            wants_draft = offer.draft is not None and (draft or offer.terms is None) and not version
            return saved, offer.draft if wants_draft else offer.terms, offer.version
        with reading():
            kept = await self.database[OFFER_VERSIONS].find_one({"_id": _text_id(offer_id, version)})
        if kept is None:
            raise errors.offer_not_found()
        return saved, terms_from_fields(kept["terms"]), version

    async def page(
        self, *, state: OfferState | None, after_id: str, limit: int
    ) -> tuple[list[SavedDocument[Offer]], str]:
        """Give one page by id, and the id after which the next one begins, empty at the end."""
        match = {"state": str(state)} if state else {}
        found = await self.documents.page(after_key=after_id, limit=limit + 1, match=match)
        return found[:limit], found[limit - 1].key if len(found) > limit else ""

    async def _keep_text(self, offer: Offer) -> None:
        """Keep the text that counts, or counted last: under its version it never changes."""
        if offer.terms is not None:
            text = {"_id": _text_id(offer.offer_id, offer.version), "terms": terms_to_fields(offer.terms)}
            await insert_once(self.database[OFFER_VERSIONS], text)


def _text_id(offer_id: str, version: int) -> str:
    return f"{offer_id}:{version}"


def _check_found(saved: SavedDocument[Offer], etag: str) -> None:
    if not saved.exists:
        raise errors.offer_not_found()
    if etag and etag != saved.etag():
        raise etag_mismatch()
