"""Coordinates brands: documents that belong to no customer, and which of them speaks where."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from libs.clock import Clock
from libs.errors import etag_mismatch
from libs.mongo.documents import DocumentOutcome, Documents, SavedDocument
from libs.mongo.values import Decision
from libs.origin import Stamp
from libs.rpc.channels import ChannelRegistry
from libs.timestamps import EPOCH
from services.messaging import errors
from services.messaging.texts.brands import Brand, brand_faults
from services.messaging.texts.voice import known_names


@dataclass(frozen=True, slots=True)
class BrandBook:
    """What can be done with brands."""

    documents: Documents[Brand]
    channels: ChannelRegistry
    default_id: str
    """The brand that speaks where no other does."""
    default_name: str
    """How it is called while nobody put it; may be empty."""
    clock: Clock

    async def put(self, brand: Brand, *, etag: str, stamp: Stamp) -> DocumentOutcome[Brand]:
        """Make the brand or its next version. Raises BRAND_INVALID, ETAG_MISMATCH."""
        faults = brand_faults(brand)
        if faults:
            raise errors.brand_invalid(faults)

        def decide(saved: SavedDocument[Brand]) -> Decision[Brand, NoReturn]:
            if etag and (not saved.exists or etag != saved.etag()):
                raise etag_mismatch()
            return Decision(replace(brand, put_time=self.clock()))

        return await self.documents.run(brand.brand_id, stamp, decide)

    async def get(self, brand_id: str) -> SavedDocument[Brand]:
        """Give a brand; the default one for an empty id, be it that nobody put it. Raises BRAND_NOT_FOUND."""
        saved = await self.documents.get(brand_id or self.default_id)
        if saved.exists:
            return saved
        if saved.key == self.default_id:
            return SavedDocument(saved.key, self._unput(), version=0, update_time=EPOCH, exists=False)
        raise errors.brand_not_found(brand_id)

    async def find(self, brand_id: str) -> Brand:
        """Give a brand, the default one where there is none of this id: somebody always speaks. Two reads at most."""
        if brand_id and brand_id != self.default_id:
            saved = await self.documents.get(brand_id)
            if saved.exists:
                return saved.state
        return (await self.get("")).state

    async def of_channel(self, channel_id: str) -> Brand:
        """Give the brand of a channel; the default one for what no channel caused."""
        channel = self.channels.find(channel_id)
        return await self.find(channel.brand if channel else "")

    async def snippet_names(self) -> frozenset[str]:
        """Give the snippets that templates may use: those of the default brand, and ours."""
        return known_names(await self.find(""))

    async def page(self, *, after_id: str, limit: int) -> tuple[Sequence[SavedDocument[Brand]], str]:
        """Give one page by id, and the id after which the next one begins, empty at the end."""
        found = await self.documents.page(after_key=after_id, limit=limit + 1)
        return found[:limit], found[limit - 1].key if len(found) > limit else ""

    def _unput(self) -> Brand:
        return Brand(brand_id=self.default_id, name=self.default_name, default_language="en")
