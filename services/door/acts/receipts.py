"""What providers report of messages, passed on to messaging as it came: it has the secrets, and checks the signature.

Answers are JSON, for programs. A provider sends again what was answered with 429 or 5xx; that changes nothing twice.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from libs.errors import OmnithreadError
from libs.rpc.status import error_from_rpc
from libs.web.bodies import read_body
from libs.web.refusals import Refused, bad_request, forged, service_away, unknown_link
from libs.webhooks.signing import SIGNATURE_HEADER
from omnithread.messaging.v1.delivery_service_pb2 import (
    RECEIPT_OUTCOME_LATER,
    ReceiptOutcome,
    ReportReceiptsRequest,
)
from services.door.acts.links import refused_of
from services.door.web.gate import Asked

if TYPE_CHECKING:  # the class of stubs on an asyncio channel is known to type checkers only
    from omnithread.messaging.v1.delivery_service_pb2_grpc import DeliveryServiceAsyncStub

MOST_BYTES = 64 * 1024
MOST_SIGNATURE_CHARACTERS = 512
LATER_SECONDS = 30
PREFIX = "RECEIPT_OUTCOME_"


@dataclass(frozen=True, slots=True)
class Receipts:
    """Takes what providers report."""

    messaging: "DeliveryServiceAsyncStub"
    answer_seconds: float
    body_seconds: float

    async def act(self, asked: Asked) -> Response:
        """Pass on one batch, and say what became of each."""
        signature = asked.request.headers.get(SIGNATURE_HEADER, "")
        if not 0 < len(signature) <= MOST_SIGNATURE_CHARACTERS:
            raise forged()
        body = await read_body(asked.request, most_bytes=MOST_BYTES, within_seconds=self.body_seconds)
        if not body:
            raise bad_request()
        request = ReportReceiptsRequest(provider_id=asked.argument, signature=signature, body=body)
        try:
            answer = await self.messaging.ReportReceipts(request, timeout=self.answer_seconds)
        except grpc.aio.AioRpcError as error:
            raise _refused(error_from_rpc(error, dependency="messaging")) from error
        except OmnithreadError as error:
            raise _refused(error) from error
        later = RECEIPT_OUTCOME_LATER in answer.outcomes
        return JSONResponse(
            {"outcomes": [ReceiptOutcome.Name(outcome).removeprefix(PREFIX) for outcome in answer.outcomes]},
            status_code=503 if later else 200,
            headers={"retry-after": str(LATER_SECONDS)} if later else None,
        )


async def refusal(refused: Refused, _request: Request) -> Response:
    """Say why something was not taken, to a program."""
    return JSONResponse({"reason": refused.reason}, status_code=refused.status, headers=dict(refused.headers))


def _refused(error: OmnithreadError) -> Refused | OmnithreadError:
    if error.reason == "SIGNATURE_INVALID":
        return forged()
    if error.reason in {"PROVIDER_NOT_FOUND", "INVALID_FIELD"}:
        return unknown_link()
    if error.reason == "RECEIPTS_INVALID":
        return bad_request()
    found = refused_of(error)
    return found if isinstance(found, Refused) else service_away() if error.status.name == "UNAVAILABLE" else error
