"""The unsubscribe link: for a person with a browser, and for a mail program's own button (RFC 8058)."""

from dataclasses import dataclass

from starlette.responses import PlainTextResponse, Response

from libs.web.bodies import Fields, one, read_form
from libs.web.refusals import gone
from omnithread.preference.v1 import preference_internal_service_pb2 as pb
from services.door.acts.forms import form_of
from services.door.acts.links import Links, Proof
from services.door.acts.seen import NO_LONGER, Seen
from services.door.pages.words import say
from services.door.showing import Showing
from services.door.web.gate import Asked

KIND = pb.LINK_KIND_UNSUBSCRIBE
THIS, ALL = "unsubscribe", "unsubscribe_all"
SCOPES = {THIS: pb.UNSUBSCRIBE_SCOPE_THIS, ALL: pb.UNSUBSCRIBE_SCOPE_ALL_MARKETING}
ONE_CLICK_FIELD, ONE_CLICK = "List-Unsubscribe", "One-Click"
ONE_CLICK_PROOF = Proof(f"{ONE_CLICK_FIELD}={ONE_CLICK}", "list-unsubscribe-post")


@dataclass(frozen=True, slots=True)
class Unsubscribing:
    """Answers unsubscribe links."""

    showing: Showing
    links: Links
    body_seconds: float

    async def show(self, asked: Asked) -> Response:
        """Show who would hear no more of what."""
        seen = Seen(self.showing, asked.request, await self.links.show(asked.argument, KIND))
        already = seen.view.standing == pb.LINK_STANDING_DONE
        return await seen.page("unsubscribe.html", {**seen.facts(), "already": already})

    async def act(self, asked: Asked) -> Response:
        """Unsubscribe."""
        fields = await read_form(asked.request, within_seconds=self.body_seconds)
        if one(fields, ONE_CLICK_FIELD) == ONE_CLICK:
            return await self._one_click(asked)
        return await self._pressed(asked, fields)

    async def _one_click(self, asked: Asked) -> Response:
        view = await self._use(asked, THIS, ONE_CLICK_PROOF)
        if over := NO_LONGER.get(view.standing):
            raise gone(over)
        return PlainTextResponse(say(self.showing.language_of(asked.request, view.language), "one_click_done") + "\n")

    async def _pressed(self, asked: Asked, fields: Fields) -> Response:
        form = form_of(fields, SCOPES)
        before = Seen(self.showing, asked.request, await self.links.show(asked.argument, KIND))
        proof = before.proof(f"{form}_button", source="public-pages/unsubscribe")
        after = Seen(self.showing, asked.request, await self._use(asked, form, proof))
        if form == ALL:
            return await after.said("unsubscribed_all", done=True, of_all=True)
        return await after.said("unsubscribed", done=True)

    async def _use(self, asked: Asked, form: str, proof: Proof) -> pb.LinkView:
        action = pb.UnsubscribeAction(scope=SCOPES[form])
        return await self.links.use(asked.argument, proof, unsubscribe=action)
