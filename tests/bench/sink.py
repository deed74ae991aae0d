"""Takes spans over OTLP/HTTP and throws them away: `python -m tests.bench.sink PORT`.

It remembers how many came, and which names and attributes they had, so that nobody pays for speed with traces.
`GET /` tells both as JSON, and begins anew.
"""

import asyncio
import json
import sys
from collections import Counter, defaultdict
from typing import Any, cast

import uvloop
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from deploy.local.ports import LOOPBACK

END_OF_HEAD = b"\r\n\r\n"


class Tally:
    """What came."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """Of spans, by name."""
        self.shapes: defaultdict[str, set[str]] = defaultdict(set)
        """The attributes of each name of a span."""

    def note(self, body: bytes) -> None:
        """Take in one export."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.counts[span.name] += 1
                    self.shapes[span.name].update(attribute.key for attribute in span.attributes)

    def tell(self) -> bytes:
        """Give all of it, and begin anew."""
        told: dict[str, Any] = {
            "counts": self.counts,
            "shapes": {name: sorted(keys) for name, keys in sorted(self.shapes.items())},
        }
        self.counts = Counter()
        self.shapes.clear()
        return json.dumps(told).encode()


class Connection(asyncio.Protocol):
    """One connection, as HTTP/1.1 has it, as far as exporters use it."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer what is whole."""
        self._buffer += data
        while END_OF_HEAD in self._buffer:
            head, _, rest = self._buffer.partition(END_OF_HEAD)
            length = _length(head)
            if len(rest) < length:
                return
            body, self._buffer = rest[:length], rest[length:]
            assert self._transport is not None
            if head.startswith(b"GET"):
                answer, kind = self._tally.tell(), b"application/json"
            else:
                self._tally.note(body)
                answer, kind = b"", b"application/x-protobuf"
            size = str(len(answer)).encode()
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\nContent-Length: " + size + END_OF_HEAD + answer
            )


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


async def main(port: int) -> None:
    """Serve until killed."""
    tally = Tally()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(tally), LOOPBACK, port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
