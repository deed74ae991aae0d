"""Asks a method with an empty request, and says what is wrong with the answer."""

from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor

from omnithread import details_of
from tests.services.access.callers import LET_IN, STATUS, Attempt

CALL_SECONDS = 60.0
FAULTS = frozenset({"UNKNOWN", "INTERNAL", "UNIMPLEMENTED"})
"""What nobody is told who is let in."""


async def told(  # a channel of bytes, which the stubs of grpc do not know
    channel: Any, method: MethodDescriptor, token: str
) -> tuple[grpc.StatusCode, str, str]:
    """Call with an empty request; give status, reason and the scope that was named."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    try:
        if method.client_streaming:
            # It sends nothing: whoever writes while they are refused may hear of their own broken stream instead.
            await channel.stream_stream(path)(iter(()), timeout=CALL_SECONDS, metadata=metadata).read()
        elif method.server_streaming:
            await channel.unary_stream(path)(b"", timeout=CALL_SECONDS, metadata=metadata).read()
        else:
            await channel.unary_unary(path)(b"", timeout=CALL_SECONDS, metadata=metadata)
    except grpc.aio.AioRpcError as error:
        details = details_of(error)
        return error.code(), details.reason, details.metadata.get("scope", "")
    return grpc.StatusCode.OK, "", ""


def fault(attempt: Attempt, found: tuple[grpc.StatusCode, str, str]) -> str:
    """Say what is wrong with an answer; empty where nothing is."""
    code, reason, scope = found
    if attempt.reason == LET_IN:
        return f"was refused: {code.name} {reason}" if reason in STATUS or code.name in FAULTS else ""
    wanted = (STATUS[attempt.reason], attempt.reason, attempt.scope)
    return "" if found == wanted else f"got {code.name} {reason} {scope} instead of {attempt.reason} {attempt.scope}"
