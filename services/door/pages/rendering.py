"""Turns a page into HTML. Every value is escaped; the templates have no scripts and no styles of their own."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.door.pages.looks import Look
from services.door.pages.words import say

FILES = Path(__file__).with_name("files")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is shown to a customer."""

    template: str
    """`unsubscribe.html`."""
    language: str
    look: Look
    values: Mapping[str, object] = field(default_factory=dict)
    status: int = 200


def render(page: Page) -> str:
    """Give the page as HTML."""
    return (
        _environment()
        .get_template(page.template)
        .render(
            **page.values,
            language=page.language,
            look=page.look,
            style_version=style_version(),
            t=partial(say, page.language),
        )
    )


@cache
def static_file(name: str) -> bytes:
    """Give a file of ours, read once."""
    return (FILES / name).read_bytes()


@cache
def style_version() -> str:
    """Give what changes when the style sheet does."""
    return hashlib.sha256(static_file("style.css")).hexdigest()[:8]


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FILES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
