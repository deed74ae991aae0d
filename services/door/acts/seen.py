"""What every page behind a link of preference's has in common."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from omnithread.preference.v1 import preference_internal_service_pb2 as pb
from services.door.acts.links import Proof
from services.door.pages.words import say
from services.door.showing import Showing

NO_LONGER: Mapping[pb.LinkStanding.ValueType, str] = {
    pb.LINK_STANDING_EXPIRED: "EXPIRED",
    pb.LINK_STANDING_NOTHING_KEPT: "ERASED",
}
GONE = 410


@dataclass(frozen=True, slots=True)
class Seen:
    """A link's view on its way to a page."""

    showing: Showing
    request: Request
    view: pb.LinkView

    @property
    def language(self) -> str:
        """In which language the page is."""
        return self.showing.language_of(self.request, self.view.language)

    async def page(self, template: str, values: Mapping[str, object]) -> Response:
        """Show a page in the link's language and brand; of a link that works no more, say so instead."""
        over = NO_LONGER.get(self.view.standing)
        return await self.showing.page(
            self.request,
            "refusal.html" if over else template,
            {"reason": over} if over else values,
            brand_id=self.view.brand,
            language=self.view.language,
            status=GONE if over else 200,
        )

    async def said(self, words: str, *, done: bool = False, of_all: bool = False) -> Response:
        """Show a page that only says something: the words `<words>_title`, `_done` where it was just done, `_text`.

        `of_all`: it is about everything, and not about this purpose and way alone.
        """
        facts = self.facts() | ({"purpose": "", "way": ""} if of_all else {})
        return await self.page("said.html", {"words": words, "done": done, **facts})

    def facts(self) -> dict[str, object]:
        """Give what the link is about, for the list of facts."""
        way = say(self.language, f"way_{self.view.delivery_kind}") if self.view.delivery_kind else ""
        return {
            "address": self.view.masked_contact_point,
            "purpose": self.view.purpose_label or self.view.purpose,
            "way": way,
        }

    def proof(self, key: str, *, source: str) -> Proof:
        """Give what the customer read before pressing, with the words for `key`."""
        words = say(self.language, key)
        purpose = self.view.purpose_label or self.view.purpose
        return Proof(f"{words} ({purpose})" if purpose else words, source)
