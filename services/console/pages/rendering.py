"""Turns templates into pages. Every value is escaped; templates hold no scripts and no styles of their own."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from services.console.pages.static_files import CONSOLE, StaticFiles
from services.console.pages.words import filters
from services.console.web.failures import Failure
from services.console.web.requests import TOKEN_FIELD, WRITTEN, fields_of, session_of, session_or_none
from services.console.web.sessions import Sessions

HTML = "text/html"
LARGE_AT_ONCE = 2
ARGUMENT = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the navigation."""

    path: str
    words: str

    def is_at(self, path: str) -> bool:
        """Whether a page belongs to it."""
        if self.path == "/":
            return path == "/" or path.startswith("/customers")
        return path == self.path or path.startswith(f"{self.path}/")


NAVIGATION: Sequence[Entry] = (
    Entry("/", "Customers"),
    Entry("/conversations", "Conversations"),
    Entry("/journeys", "Journeys"),
    Entry("/traces", "Traces"),
    Entry("/campaigns", "Campaigns"),
    Entry("/offers", "Offers"),
    Entry("/templates", "Templates"),
    Entry("/operations", "Operations"),
)


class Rendering:
    """Makes pages.

    A template `show.html` in the folder `templates` of the group `customers` is called `customers/show.html`; each page
    extends `page.html`. Beside the values given, templates have `request`, `agent`, `csrf()` (the hidden field of every
    form), `static(name)`, and the filters of `words.py`.
    """

    def __init__(self, *, sessions: Sessions, static: StaticFiles, time_zone: str, folders: Path = CONSOLE) -> None:
        self._sessions = sessions
        self._static = static
        self._time_zone = time_zone
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._navigation: Sequence[Entry] = ()
        self._places: frozenset[str] = frozenset()
        groups = {path.parent.name: FileSystemLoader(path) for path in sorted(folders.glob("*/templates"))}
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(folders / "pages" / "templates"), PrefixLoader(groups)]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(filters(ZoneInfo(time_zone)))
        self._environment.globals["static"] = static.address
        self._environment.globals["leads"] = lambda path: path in self._places

    def show_places(self, paths: frozenset[str]) -> None:
        """Tell which addresses there are: the navigation has those, and `leads("/traces/{}")` in templates asks."""
        self._places = frozenset(ARGUMENT.sub("{}", path) for path in paths)
        self._navigation = [entry for entry in NAVIGATION if entry.path in paths]

    def page(self, request: Request, template: str, /, *, status: int = 200, **values: object) -> Response:
        """Give a page as an answer."""
        return Response(self.part(request, template, **values), status_code=status, media_type=HTML)

    async def large_page(self, request: Request, template: str, /, *, status: int = 200, **values: object) -> Response:
        """Give a page that takes long to make, beside everything else: other pages are kept up to date meanwhile.

        Few are made at once, so that somebody who loads many keeps others waiting no longer than they wait themselves.
        """
        async with self._large:
            return await asyncio.to_thread(self.page, request, template, status=status, **values)

    def part(self, request: Request, template: str, /, **values: object) -> str:
        """Give a template as text: a page, or a part of one."""
        session = session_or_none(request)
        return self._environment.get_template(template).render(
            request=request,
            agent=session.agent if session else None,
            navigation=self._navigation if session else (),
            path=request.url.path,
            time_zone=self._time_zone,
            csrf=lambda _request=None: self._csrf(request),
            **values,
        )

    def failure(self, request: Request, failure: Failure) -> Response:
        """Say why something is not shown or was not done."""
        fields = fields_of(request)
        written = [text for name in WRITTEN for text in fields.get(name, ()) if text.strip()]
        return self.page(request, "failure.html", status=failure.status, failure=failure, written=written)

    def _csrf(self, request: Request) -> Markup:
        token = self._sessions.form_token(session_of(request))
        return Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN_FIELD, token)
