"""Coordinates templates: documents that belong to no customer. What counted before is kept before it is replaced."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from libs.clock import Clock
from libs.errors import FieldFault, conflict, etag_mismatch
from libs.mongo.documents import DocumentOutcome, Documents, SavedDocument
from libs.mongo.values import Decision
from libs.origin import Stamp
from services.messaging import errors
from services.messaging.texts.brand_book import BrandBook
from services.messaging.texts.template_faults import faults_of
from services.messaging.texts.templates import Template
from services.messaging.texts.versions import TemplateVersions

MOST_TRIES = 5

Check = Callable[[SavedDocument[Template]], None]
"""Raises what speaks against a new version."""


@dataclass(frozen=True, slots=True)
class TemplateBook:
    """What can be done with templates."""

    documents: Documents[Template]
    versions: TemplateVersions
    brands: BrandBook
    clock: Clock

    async def put(self, template: Template, *, etag: str, stamp: Stamp) -> DocumentOutcome[Template]:
        """Make the template or its next version. Raises TEMPLATE_INVALID, ETAG_MISMATCH."""
        faults = await self.faults(template)
        if faults:
            raise errors.template_invalid(faults)

        def check(saved: SavedDocument[Template]) -> None:
            if etag and (not saved.exists or etag != saved.etag()):
                raise etag_mismatch()

        return await self.put_checked(template, check, stamp=stamp)

    async def put_checked(
        self, template: Template, check: Check, *, stamp: Stamp, facts: dict[str, str] | None = None
    ) -> DocumentOutcome[Template]:
        """Make the next version, where `check` lets it. Two reads and two writes."""
        for _ in range(MOST_TRIES):
            before = await self.documents.get(template.template_id)
            await self.versions.keep(before)

            def decide(
                saved: SavedDocument[Template], kept: SavedDocument[Template] = before
            ) -> Decision[Template, NoReturn]:
                check(saved)
                if saved.version != kept.version:
                    raise _NotKept
                return Decision(replace(template, put_time=self.clock()), facts=facts or {})

            try:
                return await self.documents.run(template.template_id, stamp, decide)
            except _NotKept:
                continue  # somebody else was faster: what they made counts until now
        raise conflict()

    async def faults(self, template: Template) -> tuple[FieldFault, ...]:
        """Give what is wrong with a template."""
        names = await self.brands.snippet_names()
        return await asyncio.to_thread(faults_of, template, names)  # texts may take tenths of a second

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

    async def version(self, template_id: str, version: int) -> SavedDocument[Template]:
        """Give one version, the newest for 0. Raises TEMPLATE_NOT_FOUND, TEMPLATE_VERSION_NOT_FOUND."""
        newest = await self.get(template_id)
        if version in {0, newest.version}:
            return newest
        kept = await self.versions.get(template_id, version)
        if kept is None or version > newest.version:
            raise errors.template_version_not_found(template_id, version)
        return kept

    async def page(self, *, after_id: str, limit: int) -> tuple[Sequence[SavedDocument[Template]], str]:
        """Give one page by id, and the id after which the next one begins, empty at the end."""
        found = await self.documents.page(after_key=after_id, limit=limit + 1)
        return found[:limit], found[limit - 1].key if len(found) > limit else ""


class _NotKept(Exception):
    """Another version came between; nothing was written."""
