"""The process of one channel: `python -m deploy.demo.channels CHANNEL TOKEN_FILE`.

The customer's acts come as lines of JSON on standard input (`{"act": "put_into_cart", "with": {"sku": "PURSE-17"}}`),
what the channel saw goes back as lines on standard output. Nothing else connects it with the other channels.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import grpc
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

import omnithread
from deploy.demo.channels.call_centre import CallCentre
from deploy.demo.channels.mobile_app import MobileApp
from deploy.demo.channels.store import Store
from deploy.demo.channels.web_shop import WebShop

BACKENDS = {"web-shop": WebShop, "mobile-app": MobileApp, "call-centre": CallCentre, "store-042": Store}
MAX_LINE_BYTES = 1024 * 1024
CALL_TIMEOUT_SECONDS = 15.0  # a laptop may be busy with other things than the play


def set_up_tracing(channel: str) -> TracerProvider:
    """Send this program's spans where the OTEL variables say, as any OpenTelemetry program does."""
    provider = TracerProvider(resource=Resource.create({"service.name": channel}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider


async def serve(channel: str, token_file: Path, root_certificates: bytes) -> None:
    """Answer every line until the input ends."""
    where = omnithread.Addresses(
        profile=os.environ["OMNITHREAD_PROFILE_ADDRESS"],
        cart=os.environ["OMNITHREAD_CART_ADDRESS"],
        preference=os.environ["OMNITHREAD_PREFERENCE_ADDRESS"],
        messaging=os.environ["OMNITHREAD_MESSAGING_ADDRESS"],
        context=os.environ["OMNITHREAD_AGGREGATOR_ADDRESS"],
    )
    reader = asyncio.StreamReader(limit=MAX_LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    # The launcher renews the file; the client asks again shortly before a token runs out.
    async with omnithread.connect(
        where,
        token=lambda: token_file.read_text().strip(),
        root_certificates=root_certificates,
        timeout_seconds=CALL_TIMEOUT_SECONDS,
    ) as suite:
        backend = BACKENDS[channel](suite)
        print(json.dumps({"ready": channel}), flush=True)
        async for line in reader:
            print(await _answer(backend, json.loads(line)), flush=True)


async def _answer(backend: object, order: dict[str, Any]) -> str:
    """Do one act inside a span of its own, so that its calls are one trace."""
    name = str(order["act"])
    with trace.get_tracer("demo").start_as_current_span(name.replace("_", " ")):
        try:
            report = await getattr(backend, name)(**order["with"])
        except grpc.RpcError as error:
            details = omnithread.details_of(error)
            return json.dumps({"failed": f"{details.code.name} {details.reason}: {details.message}"})
        except Exception as error:  # noqa: BLE001  the presenter tells what went wrong
            return json.dumps({"failed": f"{type(error).__name__}: {error}"})
    return json.dumps({"report": report.model_dump(mode="json")})


if __name__ == "__main__":
    spans = set_up_tracing(sys.argv[1])
    try:
        trusted = Path(os.environ["OMNITHREAD_ROOT_CERTIFICATES_FILE"]).read_bytes()
        asyncio.run(serve(sys.argv[1], Path(sys.argv[2]), trusted))
    finally:
        spans.shutdown()
