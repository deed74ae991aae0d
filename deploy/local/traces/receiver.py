"""The receiver as a child process, and how to read from it."""

import asyncio
import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

from deploy.local.ports import LOOPBACK, accepts
from deploy.local.server import Server
from deploy.local.traces.spans import Span

ROOT = Path(__file__).resolve().parents[3]
READ_TIMEOUT_SECONDS = 5.0


class TraceReceiver(Server[str]):
    """Its address is the OTLP endpoint (`OTEL_EXPORTER_OTLP_ENDPOINT`), and the page that a person opens."""

    def __init__(self, *, data_dir: Path, port: int) -> None:
        super().__init__(
            command=[sys.executable, "-m", "deploy.local.traces", str(port)],
            data_dir=data_dir,
            address=f"http://{LOOPBACK}:{port}",
            port=port,
            responds=lambda _: accepts(port),
            name="traces",
            cwd=ROOT,
        )

    async def trace(self, trace_id: str) -> list[Span]:
        """Give the spans of a trace that have arrived, by start."""
        return _spans((await self._read(f"/api/traces/{trace_id}"))["spans"])

    async def journey(self, journey_id: str) -> list[list[Span]]:
        """Give the traces of a journey that have arrived, by start."""
        answer = await self._read(f"/api/journeys/{journey_id}")
        return [_spans(trace["spans"]) for trace in answer["traces"]]

    async def _read(self, path: str) -> Any:  # noqa: ANN401  JSON
        return await asyncio.to_thread(_get, f"{self.address}{path}")


def _get(url: str) -> Any:  # noqa: ANN401  JSON
    with urllib.request.urlopen(url, timeout=READ_TIMEOUT_SECONDS) as answer:  # noqa: S310  our own http address
        return json.load(answer)


def _spans(plain: list[dict[str, Any]]) -> list[Span]:
    return [Span(**{**one, "linked_trace_ids": tuple(one["linked_trace_ids"])}) for one in plain]
