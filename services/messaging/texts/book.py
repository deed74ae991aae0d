"""Coordinates templates: documents that belong to no customer."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from libs.clock import Clock
from libs.errors import etag_mismatch
from libs.mongo.documents import DocumentOutcome, Documents, SavedDocument
from libs.mongo.values import Decision
from libs.origin import Stamp
from services.messaging import errors
from services.messaging.texts.templates import Template, faults_of


@dataclass(frozen=True, slots=True)
class TemplateBook:
    """What can be done with templates."""

    documents: Documents[Template]
    clock: Clock

    async def put(self, template: Template, *, etag: str, stamp: Stamp) -> DocumentOutcome[Template]:
        """Make the template or its next version. Raises TEMPLATE_INVALID, ETAG_MISMATCH."""
        faults = await asyncio.to_thread(faults_of, template)  # texts may take tenths of a second
        if faults:
            raise errors.template_invalid(faults)

        def decide(saved: SavedDocument[Template]) -> Decision[Template, NoReturn]:
            if etag and (not saved.exists or etag != saved.etag()):
                raise etag_mismatch()
            return Decision(replace(template, put_time=self.clock()))

        return await self.documents.run(template.template_id, stamp, decide)

    async def get(self, template_id: str) -> SavedDocument[Template]:
        """Give the newest version. Raises TEMPLATE_NOT_FOUND."""
        saved = await self.documents.get(template_id)
        if not saved.exists:
            raise errors.template_not_found(template_id)
        return saved

    async def find(self, template_id: str) -> SavedDocument[Template] | None:
        """Give the newest version, None where there is none."""
        saved = await self.documents.get(template_id)
        return saved if saved.exists else None

    async def page(self, *, after_id: str, limit: int) -> tuple[Sequence[SavedDocument[Template]], str]:
        """Give one page by id, and the id after which the next one begins, empty at the end."""
        found = await self.documents.page(after_key=after_id, limit=limit + 1)
        return found[:limit], found[limit - 1].key if len(found) > limit else ""
