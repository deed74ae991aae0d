"""Finding a customer by whatever they can be named with."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from services.console.console import Console


@dataclass(frozen=True, slots=True)
class Finding:
    """The first page."""

    console: Console

    async def page(self, request: Request) -> Response:
        """Ask for a customer."""
        return self.console.rendering.page(request, "customers/find.html")
