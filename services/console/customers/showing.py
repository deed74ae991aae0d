"""The page of one customer, and the page of one message to them."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from libs.telemetry.journey import add_journey_labels
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest
from omnithread.messaging.v1.explanation_service_pb2 import ExplainMessageRequest
from services.console.console import Console
from services.console.customers.guessing import CUSTOMER_ID
from services.console.customers.recent import RecentCustomers
from services.console.customers.seen import COLUMNS, Seen, seen_of
from services.console.web.failures import nothing_here
from services.console.web.requests import session_of, signed_in


@dataclass(frozen=True, slots=True)
class Showing:
    """Shows them."""

    console: Console
    recent: RecentCustomers

    async def customer(self, request: Request) -> Response:
        """Show a customer; one who was merged leads to the customer who remains."""
        asked: str = request.path_params["customer_id"]
        if not CUSTOMER_ID.fullmatch(asked):
            raise nothing_here()
        client = self.console.clients.of(signed_in(request))
        seen = seen_of(await client.context.GetCustomerContext(GetCustomerContextRequest(customer_id=asked)))
        if seen.customer_id != asked:
            return RedirectResponse(f"/customers/{seen.customer_id}?from={asked}", status_code=303)
        add_journey_labels(customer_id=seen.customer_id, journey_id=seen.journey_id)
        self.recent.note(session_of(request).session_id, seen.customer_id)
        return self.console.rendering.page(
            request,
            "customers/show.html",
            seen=seen,
            came_from=_came_from(request, seen),
            columns=[[(part, seen.values(part)) for part in column] for column in COLUMNS],
        )

    async def message(self, request: Request) -> Response:
        """Show why a customer got a message, or did not."""
        customer_id, message_id = request.path_params["customer_id"], request.path_params["message_id"]
        if not CUSTOMER_ID.fullmatch(customer_id) or not CUSTOMER_ID.fullmatch(message_id):
            raise nothing_here()
        add_journey_labels(customer_id=customer_id)
        client = self.console.clients.of(signed_in(request))
        answer = await client.explanations.ExplainMessage(
            ExplainMessageRequest(customer_id=customer_id, message_id=message_id)
        )
        return self.console.rendering.page(
            request, "customers/message.html", customer_id=customer_id, explanation=answer.explanation
        )


def _came_from(request: Request, seen: Seen) -> str:
    """Give the merged customer under whose id this one was asked for; nothing that the address only claims."""
    claimed = request.query_params.get("from", "")
    merged = {merge.source_customer_id for merge in seen.context.profile.merges}
    return claimed if claimed in merged else ""
