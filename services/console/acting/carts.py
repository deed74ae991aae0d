"""The page on which an agent works on a customer's cart."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from libs.telemetry.journey import add_journey_labels
from omnithread.cart.v1.cart_pb2 import CART_STATE_LOCKED
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest
from services.console.acting.acts import NOTHING_TYPED, Acting, Typed, by_name, named
from services.console.acting.cart_acts import ACTS, MOST_PIECES
from services.console.acting.refusals import Told
from services.console.console import Console
from services.console.web.requests import signed_in


@dataclass(frozen=True, slots=True)
class CartPages:
    """Shows it."""

    console: Console

    @property
    def acting(self) -> Acting:
        """What can be done with a cart."""
        return Acting(self.console, by_name(ACTS), self._page, title="A cart")

    async def page(self, request: Request) -> Response:
        """Show a cart with what can be done; that of a merged customer leads to the customer who remains."""
        return await self._page(request, NOTHING_TYPED, None)

    async def _page(self, request: Request, typed: Typed, told: Told | None) -> Response:
        customer_id, agent = named(request, "customer_id"), signed_in(request)
        add_journey_labels(customer_id=customer_id)
        answer = await self.console.clients.of(agent).cart.GetCart(GetCartRequest(customer_id=customer_id))
        cart = answer.cart
        if cart.customer_id != customer_id and told is None:
            return RedirectResponse(f"/customers/{cart.customer_id}/cart", status_code=303)
        is_locked = cart.state == CART_STATE_LOCKED
        holder = (cart.lock.channel.id, cart.lock.actor_id)
        return self.console.rendering.page(
            request,
            "acting/cart.html",
            status=told.status if told else 200,
            customer_id=cart.customer_id,
            cart=cart,
            price=answer.price,
            is_locked=is_locked,
            is_mine=is_locked and holder == (self.console.settings.channel_id, agent.agent_id),
            most_pieces=MOST_PIECES,
            here=f"/customers/{cart.customer_id}/cart",
            typed=typed,
            told=told,
            done=self.acting.done_words(request),
            new_id=lambda: self.console.new_id("req"),
        )
