"""The asyncio client's interceptor for calls that stream both ways: imports."""

from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from grpc import aio

from omnithread.outgoing import headers
from omnithread.tokens import TokenSource


class OutgoingImport(aio.StreamStreamClientInterceptor):
    """Prepares them with token, trace and journey. As other streams they have no deadline unless the caller gives one.

    What breaks is not tried again here: an import is taken up by its caller after the last row that was answered.
    """

    def __init__(self, *, tokens: TokenSource) -> None:
        self._tokens = tokens

    async def intercept_stream_stream(
        self, continuation: Callable[..., Any], client_call_details: aio.ClientCallDetails, request_iterator: Any
    ) -> AsyncIterator[Any]:
        """Open the streams."""
        details = aio.ClientCallDetails(
            method=client_call_details.method,
            timeout=client_call_details.timeout,
            metadata=aio.Metadata(*headers(client_call_details.metadata or (), token=await self._tokens.get())),
            credentials=client_call_details.credentials,
            wait_for_ready=client_call_details.wait_for_ready,
        )
        return cast("AsyncIterator[Any]", await continuation(details, request_iterator))
