"""The store's backend: a till that scans loyalty cards."""

from opentelemetry.trace import format_trace_id, get_current_span

import omnithread
from deploy.demo.channels.look import look, price, view
from deploy.demo.views import Sale, View
from omnithread.cart.v1.cart_service_pb2 import CheckoutRequest, GetCartRequest, PickupChoice, SeenLine
from omnithread.cart.v1.order_pb2 import PAYMENT_STATE_PAID
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_STORE_VISITED
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest

STORE_ID = "042"


class Store:
    """What happens behind the till."""

    def __init__(self, suite: omnithread.Omnithread) -> None:
        self._suite = suite
        self._session: omnithread.Session | None = None

    @property
    def session(self) -> omnithread.Session:
        """The customer at the till."""
        if self._session is None:
            raise LookupError("no card was scanned")
        return self._session

    async def hand_out_card(self, card: str, email: str, phone: str, given_name: str, family_name: str) -> View:
        """Long ago: somebody takes a loyalty card and shows who they are."""
        self._session = await self._suite.start_session(
            [
                omnithread.loyalty_card(card, verified=True),
                omnithread.email(email, verified=True),
                omnithread.phone(phone, verified=True),
            ],
            given_name=given_name,
            family_name=family_name,
        )
        return await self.look()

    async def scan_picture(self, token: str) -> View:
        """The customer shows the picture on the telephone; nobody has said who they are."""
        self._session = await self._suite.start_session([], handover_token=token)
        return view(self.session.started)

    async def scan(self, card: str) -> View:
        """The customer shows the loyalty card too, in the same visit."""
        with self.session.carry():
            self._session = await self._suite.start_session([omnithread.loyalty_card(card, verified=True)])
        with self.session.carry():
            await self._suite.context.RecordTouchpoint(
                RecordTouchpointRequest(
                    customer_id=self.session.customer_id, kind=TOUCHPOINT_KIND_STORE_VISITED, subject=STORE_ID
                )
            )
        return await self.look()

    async def sell(self, payment_reference: str) -> Sale:
        """The customer pays what is in the cart, as the till shows it."""
        with self.session.carry():
            seen = await self._suite.cart.GetCart(GetCartRequest(customer_id=self.session.customer_id))
            sold = await self._suite.cart.Checkout(
                CheckoutRequest(
                    customer_id=self.session.customer_id,
                    etag=seen.cart.etag,
                    seen_lines=[SeenLine(line_id=line.line_id, quantity=line.quantity) for line in seen.cart.lines],
                    expected_total=seen.price.total,
                    pickup=PickupChoice(store_id=STORE_ID),
                    payment_reference=payment_reference,
                    payment_state=PAYMENT_STATE_PAID,
                )
            )
        return Sale(
            order_id=sold.order.order_id,
            total=price(sold.order.total),
            trace_id=format_trace_id(get_current_span().get_span_context().trace_id),
        )

    async def look(self) -> View:
        """What the till shows of the customer now."""
        with self.session.carry():
            return await look(self._suite, self.session.customer_id)
