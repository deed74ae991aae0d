"""Uvicorn's protocol with limits that it lacks: the time until a request's head is there, and its size in any case."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

PIECE_BYTES = 4096
"""h11 bounds heads that are not whole yet only: what comes at once is given to it in pieces, so that none is whole
beyond the limit by more than one of them."""


class PatientProtocol(H11Protocol):
    """One connection; whoever sends a head byte by byte, or nothing at all, is cut off."""

    head_seconds = 10.0
    """Since the connection was made, or since the first byte of a later head: more bytes do not begin anew."""
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take in bytes; while a request is being answered, nothing of the next one is waited for."""
        for start in range(0, len(data), PIECE_BYTES):
            if self.transport.is_closing():  # it was refused already
                return
            super().data_received(data[start : start + PIECE_BYTES])
        if self.cycle is None or self.cycle.response_complete:
            self._wait()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self.head_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()


def patient_protocol(head_seconds: float) -> type[PatientProtocol]:
    """Give the protocol with this patience."""
    return type("PatientProtocol", (PatientProtocol,), {"head_seconds": head_seconds})
