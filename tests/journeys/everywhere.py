"""Every place where the suite may leave something behind, as raw text.

Databases, topics with their headers, log files, exported spans, metrics with their exemplars.
"""

import asyncio
import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

from aiokafka import AIOKafkaConsumer

from deploy.local.plan import SERVICES
from deploy.local.ports import LOOPBACK
from deploy.local.suite import Suite
from libs.mongo.connection import connect

QUIET_SECONDS = 2.0
"""Long after the processes export their spans, and the relay publishes."""
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
"""The form that has exemplars."""


class SpansRecorder:
    """An OTLP endpoint that keeps what is sent to it as it came."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.address = ""


@contextmanager
def spans_recorder() -> Iterator[SpansRecorder]:
    """Record while inside."""
    recorder = SpansRecorder()

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            recorder.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
            pass

    server = ThreadingHTTPServer((LOOPBACK, 0), Take)
    recorder.address = f"http://{LOOPBACK}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def found(suite: Suite, spans: SpansRecorder, words: Iterable[str]) -> dict[str, set[str]]:
    """Give the places where any of the words is found, by kind of place."""
    wanted = [word.lower() for word in words]
    places = {
        "databases": await _databases(suite),
        "topics": await _topics(suite),
        "logs": await asyncio.to_thread(_logs, suite),
        "metrics": await asyncio.to_thread(_metrics, suite),
        "spans": {f"body {number}": _text(body) for number, body in enumerate(spans.bodies)},
    }
    assert all(places.values()), "every kind of place has something in it"
    hits = {kind: {place for place, text in texts.items() if _has(text, wanted)} for kind, texts in places.items()}
    return {kind: named for kind, named in hits.items() if named}


async def _databases(suite: Suite) -> dict[str, str]:
    client = connect(suite.backends.mongo_uri, app_name="search")
    texts: dict[str, str] = {}
    try:
        for service in SERVICES:
            database = client[suite.plan.database(service)]
            for collection in await database.list_collection_names():
                documents = await database[collection].find().to_list(None)
                texts[f"{service}.{collection}"] = "\n".join(_value(document) for document in documents)
    finally:
        client.close()
    return texts


async def _topics(suite: Suite) -> dict[str, str]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=suite.backends.kafka_bootstrap_servers, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.subscribe([topic for topic in await consumer.topics() if topic.startswith(suite.plan.prefix)])
        texts: dict[str, str] = {}
        while batch := await consumer.getmany(timeout_ms=int(QUIET_SECONDS * 1000)):
            for partition, records in batch.items():
                said = "".join(_text(part) for one in records for part in (one.key, one.value, *_flat(one.headers)))
                texts[partition.topic] = texts.get(partition.topic, "") + said
        return texts
    finally:
        await consumer.stop()


def _logs(suite: Suite) -> dict[str, str]:
    return {str(file): file.read_text(errors="replace") for file in suite.plan.state_dir.rglob("*.log")}


def _metrics(suite: Suite) -> dict[str, str]:
    ports = {name: ports.metrics for name, ports in suite.plan.ports.services.items()}
    ports["door"] = suite.plan.ports.door_metrics
    texts: dict[str, str] = {}
    for name, port in ports.items():
        asked = Request(f"http://{LOOPBACK}:{port}/metrics", headers={"Accept": OPEN_METRICS})
        with urlopen(asked, timeout=30) as answer:  # noqa: S310  our own address
            texts[name] = answer.read().decode()
    return texts


def _flat(headers: Iterable[tuple[str, bytes]]) -> list[bytes | str]:
    return [part for header in headers for part in header]


def _value(value: Any) -> str:  # whatever a document holds
    match value:
        case dict():
            return " ".join(_value(part) for pair in value.items() for part in pair)
        case list():
            return " ".join(_value(one) for one in value)
        case bytes():
            return _text(value)
    return str(value)


def _text(part: bytes | str | None) -> str:
    return part.decode("latin-1") if isinstance(part, bytes) else part or ""


def _has(text: str, wanted: Iterable[str]) -> bool:
    lower = text.lower()
    return any(word in lower or json.dumps(word)[1:-1] in lower for word in wanted)
