"""A request's body -> OTLP: unpacked and parsed within limits, whoever sent it. And OTLP as JSON, both ways.

OTLP's JSON differs from protobuf's own in two things: ids are hexadecimal, and enums are numbers.
"""

import base64
import json
import re
import zlib
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_UNPACKED_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 100
PROTOBUF = "application/x-protobuf"
JSON = "application/json"
IDS = ("traceId", "spanId", "parentSpanId")
HEX = re.compile(r"(?:[0-9a-fA-F]{16}){1,2}")

Plain = dict[str, Any]  # JSON


class Refused(Exception):
    """A request that gets nothing but its status."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


def export_of(body: bytes, *, content_type: str, encoding: str) -> ExportTraceServiceRequest:
    """Read a request's body. Raises Refused."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in {PROTOBUF, JSON}:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    plain = unpacked(body, encoding.strip().lower())
    try:
        return ExportTraceServiceRequest.FromString(plain) if kind == PROTOBUF else from_json(plain)
    except (DecodeError, ValueError) as error:
        raise Refused(HTTPStatus.BAD_REQUEST) from error


def unpacked(body: bytes, encoding: str) -> bytes:
    """Undo the content encoding, never beyond `MAX_UNPACKED_BYTES`. Raises Refused."""
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "deflate"):
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # finds out by itself which of the two it is
    try:
        plain = unpacker.decompress(body, MAX_UNPACKED_BYTES)
    except zlib.error as error:
        raise Refused(HTTPStatus.BAD_REQUEST) from error
    if not unpacker.eof:
        raise Refused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE if len(plain) == MAX_UNPACKED_BYTES else HTTPStatus.BAD_REQUEST
        )
    return plain


def from_json(text: bytes) -> ExportTraceServiceRequest:
    """Read OTLP JSON; ids may be hexadecimal, as OTLP says, or Base64, as some write them. Raises ValueError."""
    try:
        plain = json.loads(text)
        if not isinstance(plain, dict):
            raise TypeError("not an object")
        _turn_ids(plain, _as_base64)
        return json_format.ParseDict(
            plain, ExportTraceServiceRequest(), ignore_unknown_fields=True, max_recursion_depth=MAX_DEPTH
        )
    except (json_format.ParseError, RecursionError, TypeError, AttributeError) as error:
        raise ValueError("not OTLP JSON") from error


def to_json(export: ExportTraceServiceRequest) -> str:
    """Write OTLP JSON, on one line."""
    plain = json_format.MessageToDict(export, use_integers_for_enums=True)
    _turn_ids(plain, _as_hexadecimal)
    return json.dumps(plain, separators=(",", ":"), ensure_ascii=False)


def _turn_ids(plain: Plain, turn: Callable[[str], str]) -> None:
    for span in _spans(plain):
        for holder in (span, *_listed(span, "links")):
            for name in IDS:
                if isinstance(holder.get(name), str):
                    holder[name] = turn(holder[name])


def _spans(plain: Plain) -> Iterator[Plain]:
    for resource in _listed(plain, "resourceSpans"):
        for scope in _listed(resource, "scopeSpans"):
            yield from _listed(scope, "spans")


def _listed(holder: Plain, name: str) -> list[Plain]:
    found = holder.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _as_base64(text: str) -> str:
    return base64.b64encode(bytes.fromhex(text)).decode() if HEX.fullmatch(text) else text


def _as_hexadecimal(text: str) -> str:
    return base64.b64decode(text).hex()
