"""Links that take a customer from a mail to their cart on any device: each is a hand-over that cart makes.

Whoever has the link can go on with the cart, so it is in the mail and nowhere else: what is kept of the text has a
masked one.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
import structlog

from libs.errors import OmnithreadError, Status, is_passing
from libs.rpc.status import error_from_rpc
from omnithread.cart.v1.cart_internal_service_pb2 import CreateResumeLinkRequest
from services.messaging.deciding.sources import TIMEOUT_SECONDS, SourceAway

if TYPE_CHECKING:  # the class of stubs on an asyncio channel is known to type checkers only
    from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceAsyncStub

PLACE = "{token}"
MASK = "…"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ResumeLink:
    """One link, as it goes out and as it is kept."""

    link: str = field(repr=False)
    masked: str


@dataclass(frozen=True, slots=True)
class ResumeLinks:
    """Asks cart for links."""

    cart: "CartInternalServiceAsyncStub"
    template: str
    """Where links lead, with `{token}`; empty where mails have none."""
    lifetime_seconds: int

    async def of(self, customer_id: str, message_id: str) -> ResumeLink | None:
        """Give the link for a message, the same one for every try; None where there is none to be had.

        Raises SourceAway where cart does not answer.
        """
        if not self.template:
            return None
        request = CreateResumeLinkRequest(
            customer_id=customer_id,
            link_template=self.template,
            lifetime_seconds=self.lifetime_seconds,
            request_id=f"resume-link:{message_id}",
        )
        try:
            answer = await self.cart.CreateResumeLink(request, timeout=TIMEOUT_SECONDS)
        except (grpc.aio.AioRpcError, OmnithreadError) as raised:
            error = raised if isinstance(raised, OmnithreadError) else error_from_rpc(raised, dependency="cart")
            if error.status is Status.INTERNAL or is_passing(error):
                raise SourceAway("cart") from raised
            # The mail is worth sending without it: its text has something else to say then.
            log.warning("no_resume_link", message_id=message_id, reason=error.reason)
            return None
        return ResumeLink(link=answer.link, masked=self.template.replace(PLACE, MASK))
