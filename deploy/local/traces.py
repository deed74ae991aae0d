"""The receiver of spans as a child process, and how to read from it."""

import asyncio
import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

from deploy.local.ports import LOOPBACK, accepts
from deploy.local.server import Server
from deploy.local.state import ROOT
from services.console.spans.plain import span_of
from services.console.spans.values import Span

READ_TIMEOUT_SECONDS = 5.0


class TraceReceiver(Server[str]):
    """Its address is the OTLP endpoint (`OTEL_EXPORTER_OTLP_ENDPOINT`)."""

    def __init__(self, *, data_dir: Path, port: int) -> None:
        self.file = data_dir / "spans.jsonl"
        """All that it took, as OTLP JSON lines, beside FILE.1 and so on where there was much."""
        super().__init__(
            command=[sys.executable, "-m", "services.console.spans", str(port), str(self.file)],
            data_dir=data_dir,
            address=f"http://{LOOPBACK}:{port}",
            port=port,
            responds=lambda _: accepts(port),
            name="traces",
            cwd=ROOT,
        )

    async def trace(self, trace_id: str) -> list[Span]:
        """Give the spans of a trace that have arrived, by start."""
        return await trace_kept_at(self.address, trace_id)

    async def journey(self, journey_id: str) -> list[list[Span]]:
        """Give the traces of a journey that have arrived, by start."""
        answer = await self._read(f"/api/journeys/{journey_id}")
        return [_spans(trace["spans"]) for trace in answer["traces"]]

    async def _read(self, path: str) -> Any:  # noqa: ANN401  JSON
        return await asyncio.to_thread(_get, f"{self.address}{path}")


async def trace_kept_at(address: str, trace_id: str) -> list[Span]:
    """Give the spans of a trace that have arrived at a receiver, by start."""
    return _spans((await asyncio.to_thread(_get, f"{address}/api/traces/{trace_id}"))["spans"])


def _get(url: str) -> Any:  # noqa: ANN401  JSON
    with urllib.request.urlopen(url, timeout=READ_TIMEOUT_SECONDS) as answer:  # noqa: S310  our own http address
        return json.load(answer)


def _spans(plain: list[dict[str, Any]]) -> list[Span]:
    return [span_of(one) for one in plain]
