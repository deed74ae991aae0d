"""What exporters send is read as it was meant, and what is none of it is refused."""

import gzip
import json
import zlib
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.spans.file import SpanFile
from services.console.spans.reading import MAX_ATTRIBUTES, spans_of
from services.console.spans.taking import (
    JSON,
    MAX_UNPACKED_BYTES,
    PROTOBUF,
    Refused,
    export_of,
    from_json,
    to_json,
)
from tests.services.console.spans.samples import export, text, wire_span

BOMB = gzip.compress(bytes(MAX_UNPACKED_BYTES + 1))
CUT_OFF = gzip.compress(b"{}", mtime=0)[:-4]  # no time in it: the workers that share the tests must name them alike
DEEP = b'{"resourceSpans":' + b"[" * 100_000


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
def test_a_span_is_read_as_it_was_sent(kind: str, encoding: str) -> None:
    sent = export(wire_span(linked=7))
    body = sent.SerializeToString() if kind == PROTOBUF else to_json(sent).encode()
    packed = {"": body, "gzip": gzip.compress(body), "deflate": zlib.compress(body)}[encoding]
    (one,) = spans_of(export_of(packed, content_type=f"{kind}; charset=utf-8", encoding=encoding))
    assert (one.trace_id, one.span_id, one.parent_span_id) == ("0" * 31 + "1", "0" * 15 + "1", "")
    assert (one.name, one.service, one.kind, one.error) == ("AddItem", "cart", "server", "CART_EMPTY")
    assert (one.journey_id, one.duration_ns) == ("jrn_1", 500)
    assert [(link.trace_id[-1], link.attributes) for link in one.links] == [("7", {"link.kind": "previous-touchpoint"})]
    assert [event.name for event in one.events] == ["exception"]


def test_json_has_ids_in_hexadecimal_and_enums_as_numbers() -> None:
    (span,) = json.loads(to_json(export(wire_span())))["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert (span["traceId"], span["spanId"], span["kind"]) == ("0" * 31 + "1", "0" * 15 + "1", 2)
    assert span["startTimeUnixNano"] == "1700000000000000000"


def test_ids_in_base64_are_understood_as_well() -> None:
    line = json.dumps(
        {
            "resourceSpans": [
                {"scopeSpans": [{"spans": [{"traceId": "AAAAAAAAAAAAAAAAAAAAAQ==", "spanId": "AAAAAAAAAAE="}]}]}
            ]
        }
    )
    assert [one.trace_id for one in spans_of(from_json(line.encode()))] == ["0" * 31 + "1"]


@pytest.mark.parametrize(
    ("body", "kind", "encoding", "status"),
    [
        (b"\xff\xff", PROTOBUF, "", HTTPStatus.BAD_REQUEST),
        (b"[]", JSON, "", HTTPStatus.BAD_REQUEST),
        (b"{", JSON, "", HTTPStatus.BAD_REQUEST),
        (b'{"resourceSpans": 7}', JSON, "", HTTPStatus.BAD_REQUEST),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": 5}]}]}]}', JSON, "", HTTPStatus.BAD_REQUEST),
        (DEEP, JSON, "", HTTPStatus.BAD_REQUEST),
        (b"{}", "text/plain", "", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        (b"{}", "", "", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        (b"zz", PROTOBUF, "br", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        (b"zz", PROTOBUF, "gzip", HTTPStatus.BAD_REQUEST),
        (CUT_OFF, JSON, "gzip", HTTPStatus.BAD_REQUEST),
        (BOMB, PROTOBUF, "gzip", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ],
)
def test_what_is_no_trace_is_refused(body: bytes, kind: str, encoding: str, status: HTTPStatus) -> None:
    with pytest.raises(Refused) as refused:
        export_of(body, content_type=kind, encoding=encoding)
    assert refused.value.status == status


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_being_refused(body: bytes) -> None:
    for kind in (PROTOBUF, JSON):
        try:
            list(spans_of(export_of(body, content_type=kind, encoding="")))
        except Refused:
            continue


def test_what_cannot_be_drawn_is_brought_within_bounds() -> None:
    late, nameless = wire_span(1), wire_span(2)
    late.start_time_unix_nano, late.end_time_unix_nano = 2**64 - 1, 5
    late.attributes.extend(text(f"key-{number}", "x") for number in range(1000))
    nameless.span_id = bytes(8)
    (one,) = spans_of(export(late, nameless))
    assert (one.start_ns, one.duration_ns) == (2**64 - 1, 0)
    assert len(one.attributes) == MAX_ATTRIBUTES


def test_a_file_of_spans_is_turned_over_when_it_is_full_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "traces" / "spans.jsonl"
    size = len(to_json(export(wire_span(1)))) + 1
    kept = SpanFile(path, max_bytes=2 * size, older_files=1)
    for number in range(1, 7):
        kept.write(export(wire_span(number)))
    files = sorted(path.parent.iterdir())
    assert [one.name for one in files] == ["spans.jsonl", "spans.jsonl.1"]
    assert {one.stat().st_mode & 0o777 for one in files} == {0o600}
    lines = [line for one in reversed(files) for line in one.read_bytes().splitlines()]
    assert [span.span_id[-1] for line in lines for span in spans_of(from_json(line))] == ["3", "4", "5", "6"]


def test_what_a_process_says_of_itself_takes_room_too_however_small_its_spans_are() -> None:
    sent = export(wire_span(1), wire_span(2), service="c" * 4000)
    sizes = [one.size_bytes for one in spans_of(sent)]
    assert sum(sizes) >= sent.ByteSize() - 100
