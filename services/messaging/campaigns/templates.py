"""Asks which of a campaign's templates are there."""

import asyncio

from services.messaging.campaigns.checking import templates_of
from services.messaging.campaigns.definition import Definition
from services.messaging.texts.book import TemplateBook


async def known_templates(book: TemplateBook, definition: Definition) -> dict[str, frozenset[str]]:
    """Give those that were put, with the variables that each needs. One read for each, 10 at most."""
    asked = sorted({template_id for _, template_id in templates_of(definition) if template_id})
    found = await asyncio.gather(*(book.find(template_id) for template_id in asked))
    return {
        template_id: frozenset(saved.state.variable_names)
        for template_id, saved in zip(asked, found, strict=True)
        if saved is not None
    }
