"""Coordinates drafts: what is being written of a template, beside what counts."""

from dataclasses import dataclass
from typing import NoReturn

from libs.errors import FieldFault, etag_mismatch
from libs.mongo.documents import DocumentOutcome, Documents, SavedDocument
from libs.mongo.values import Decision
from libs.origin import Stamp
from services.messaging import errors
from services.messaging.texts.book import TemplateBook
from services.messaging.texts.fields import Draft
from services.messaging.texts.templates import Template

DRAFT_VERSION = "draft_version"


@dataclass(frozen=True, slots=True)
class Drafts:
    """What can be done with drafts: one per template."""

    documents: Documents[Draft]
    book: TemplateBook

    async def save(self, template: Template, *, etag: str, stamp: Stamp) -> DocumentOutcome[Draft]:
        """Keep a draft, be it full of faults. Raises ETAG_MISMATCH."""

        def decide(saved: SavedDocument[Draft]) -> Decision[Draft, NoReturn]:
            if etag and (saved.state.template is None or etag != saved.etag()):
                raise etag_mismatch()
            return Decision(Draft(template.template_id, template))

        return await self.documents.run(template.template_id, stamp, decide)

    async def get(self, template_id: str) -> tuple[SavedDocument[Draft], Template]:
        """Give the draft. Raises TEMPLATE_DRAFT_NOT_FOUND."""
        saved = await self.documents.get(template_id)
        if saved.state.template is None:
            raise errors.template_draft_not_found(template_id)
        return saved, saved.state.template

    async def publish(self, template_id: str, *, etag: str, stamp: Stamp) -> DocumentOutcome[Template]:
        """Make the draft the next version, and clear it away. A retry does what a crash left undone.

        Raises TEMPLATE_DRAFT_NOT_FOUND, TEMPLATE_INVALID, ETAG_MISMATCH.
        """
        draft = await self.documents.get(template_id)
        template = draft.state.template
        faults = await self.book.faults(template) if template else ()

        def check(_saved: SavedDocument[Template]) -> None:
            if template is None:
                raise errors.template_draft_not_found(template_id)
            if etag and etag != draft.etag():
                raise etag_mismatch()
            if faults:
                raise errors.template_invalid(faults)

        outcome = await self.book.put_checked(
            template or Template(draft.state.template_id),
            check,
            stamp=stamp,
            facts={DRAFT_VERSION: str(draft.version)},
        )
        await self._clear(template_id, version=int(outcome.facts[DRAFT_VERSION]), stamp=stamp)
        return outcome

    async def faults(self, template: Template) -> tuple[FieldFault, ...]:
        """Give what is wrong with a draft."""
        return await self.book.faults(template)

    async def _clear(self, template_id: str, *, version: int, stamp: Stamp) -> None:
        def decide(saved: SavedDocument[Draft]) -> Decision[Draft, NoReturn]:
            if saved.version != version:
                raise _WrittenSince
            return Decision(Draft(saved.state.template_id))

        try:
            await self.documents.run(template_id, Stamp.internal(f"published:{stamp.request_id}", stamp.origin), decide)
        except _WrittenSince:
            return  # a newer draft stays


class _WrittenSince(Exception):
    """The draft is another one by now; nothing was written."""
