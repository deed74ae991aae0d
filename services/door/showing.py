"""Makes answers of pages: the words and the look that belong to a link, and the headers that belong to a page."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from libs.web.headers import KEPT
from libs.web.refusals import Refused, unknown_link
from services.door.pages.brands import Brands
from services.door.pages.languages import page_language
from services.door.pages.rendering import Page, render, static_file
from services.door.pages.words import WORDS
from services.door.web.gate import Asked
from services.door.web.headers import page_policy

NO_VALUES: Mapping[str, object] = {}
STYLE_SUFFIX = ".css"
BAD_REQUEST = "BAD_REQUEST"


@dataclass(frozen=True, slots=True)
class Showing:
    """Shows pages."""

    brands: Brands
    default_language: str

    def language_of(self, request: Request, of_link: str) -> str:
        """Give the language of a page behind a link that says `of_link`."""
        accepted = request.headers.get("accept-language", "")
        return page_language(of_link=of_link, accept_language=accepted, default=self.default_language)

    async def page(
        self,
        request: Request,
        template: str,
        values: Mapping[str, object] = NO_VALUES,
        *,
        brand_id: str = "",
        language: str = "",
        status: int = 200,
        goes_on_to: str = "",
    ) -> Response:
        """Show a page; `goes_on_to` is the origin to which an answer to its form redirects."""
        page = Page(
            template=template,
            language=self.language_of(request, language),
            look=await self.brands.look(brand_id),
            values=values,
            status=status,
        )
        policy = page_policy(image_origin=page.look.logo_origin, goes_on_to=goes_on_to)
        return Response(
            render(page),
            status_code=page.status,
            media_type="text/html",
            headers={"content-security-policy": policy, "content-language": page.language},
        )

    async def refusal(self, refused: Refused, request: Request) -> Response:
        """Show why something was not done."""
        reason = refused.reason if f"refused_title_{refused.reason}" in WORDS[self.default_language] else BAD_REQUEST
        response = await self.page(request, "refusal.html", {"reason": reason}, status=refused.status)
        response.headers.update(refused.headers)
        return response

    async def look(self, asked: Asked) -> Response:
        """Give the style sheet of a brand. Raises UNKNOWN for anything else under its address."""
        brand_id, dot, suffix = asked.argument.partition(STYLE_SUFFIX)
        if not dot or suffix:
            raise unknown_link()
        look = await self.brands.look(brand_id)
        return Response(look.style, media_type="text/css", headers=KEPT)

    async def style(self, _asked: Asked) -> Response:
        """Give the style sheet of all pages."""
        return Response(static_file("style.css"), media_type="text/css", headers=KEPT)

    async def icon(self, _asked: Asked) -> Response:
        """Give the picture of the browser's tab."""
        return Response(static_file("icon.svg"), media_type="image/svg+xml", headers=KEPT)
