"""The confirmation link of a double opt-in: a yes counts when the one who reads at the address says it again."""

from dataclasses import dataclass

from starlette.responses import Response

from libs.web.bodies import read_form
from omnithread.preference.v1 import preference_internal_service_pb2 as pb
from services.door.acts.forms import form_of
from services.door.acts.links import Links
from services.door.acts.seen import Seen
from services.door.showing import Showing
from services.door.web.gate import Asked

KIND = pb.LINK_KIND_CONFIRM


@dataclass(frozen=True, slots=True)
class Confirming:
    """Answers confirmation links."""

    showing: Showing
    links: Links
    body_seconds: float

    async def show(self, asked: Asked) -> Response:
        """Show what would be confirmed."""
        seen = Seen(self.showing, asked.request, await self.links.show(asked.argument, KIND))
        if seen.view.standing == pb.LINK_STANDING_DONE:
            return await seen.said("confirm_already")
        if seen.view.standing == pb.LINK_STANDING_ENDED:
            return await seen.said("confirm_over")
        return await seen.page("confirm.html", seen.facts())

    async def act(self, asked: Asked) -> Response:
        """Confirm."""
        form_of(await read_form(asked.request, within_seconds=self.body_seconds), {"confirm"})
        before = Seen(self.showing, asked.request, await self.links.show(asked.argument, KIND))
        proof = before.proof("confirm_text", source="public-pages/confirm")
        view = await self.links.use(asked.argument, proof, confirm=pb.ConfirmAction())
        after = Seen(self.showing, asked.request, view)
        if view.standing == pb.LINK_STANDING_ENDED:
            return await after.said("confirm_over")
        return await after.said("confirmed", done=True)
