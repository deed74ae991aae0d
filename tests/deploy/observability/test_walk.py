"""A journey is walked by links alone, from a file that anybody may have written."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.observability import marks
from deploy.observability.marks import read_marks
from deploy.observability.walk import NoWay, main, walk

JOURNEY = "jrn_1"


@dataclass(frozen=True)
class Seen:
    """A touchpoint and what was known when it was heard of."""

    day: int
    links: Mapping[str, int]
    """The kind of each link, and the day of the touchpoint that it leads to."""


def trace_of(day: int) -> str:
    return f"{day:032x}"


def heard_in(days: Iterable[int]) -> list[Seen]:
    """What the aggregator writes where the touchpoints of these days are heard of in this order."""
    known: list[int] = []
    seen: list[Seen] = []
    for day in days:
        earlier, later = [one for one in known if one < day], [one for one in known if one > day]
        links = {"previous-touchpoint": max(earlier)} if earlier else {}
        seen.append(Seen(day, {**links, **({"next-touchpoint": min(later)} if later else {})}))
        known.append(day)
    return seen


def export_of(seen: Seen, *, journey_id: str = JOURNEY) -> dict[str, Any]:
    attributes = {
        "journey.id": journey_id,
        "touchpoint.id": f"tch_{seen.day}",
        "touchpoint.kind": "PRODUCT_VIEWED",
        "touchpoint.time": f"2026-10-{seen.day:02d}T10:00:00+00:00",
        "touchpoint.channel.id": ("web-shop", "store-042")[seen.day % 2],
    }
    links = [
        {
            "traceId": trace_of(day),
            "spanId": "00000000000000aa",
            "attributes": pairs({"link.kind": kind, "touchpoint.id": f"tch_{day}"}),
        }
        for kind, day in seen.links.items()
    ]
    span = {
        "traceId": trace_of(seen.day),
        "spanId": f"{seen.day:016x}",
        "name": "process omnithread.cart.v1.events",
        "startTimeUnixNano": "1",
        "endTimeUnixNano": "2",
        "attributes": pairs(attributes),
        "links": links,
    }
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


def pairs(values: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]


def written(path: Path, seen: Sequence[Seen]) -> Path:
    path.write_text("".join(json.dumps(export_of(one)) + "\n" for one in seen))
    return path


@settings(max_examples=100, deadline=None)
@given(days=st.lists(st.integers(1, 28), min_size=1, max_size=12, unique=True), start=st.integers(0, 11))
def test_in_whatever_order_they_were_heard_of_all_are_found_from_any_of_them(
    tmp_path_factory: pytest.TempPathFactory, days: list[int], start: int
) -> None:
    file = written(tmp_path_factory.mktemp("walk") / "spans.jsonl", heard_in(days))
    found = walk(read_marks(file), trace_of(days[start % len(days)]))
    assert [mark.touchpoint_id for mark in found.path] == [f"tch_{day}" for day in sorted(days, reverse=True)]
    assert found.is_whole


def test_a_touchpoint_whose_spans_are_gone_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "spans.jsonl", [one for one in heard_in([1, 2, 3, 4]) if one.day != 2])
    assert main([str(file), trace_of(4)]) == 1
    told = capsys.readouterr().out
    assert "not in the file: tch_2" in told
    assert f"of the journey, and not linked to: PRODUCT_VIEWED {trace_of(1)}" in told


def test_the_way_is_printed_from_the_last_to_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "spans.jsonl", heard_in([1, 2, 3]))
    assert main([str(file), trace_of(2)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "jrn_1: 3 touchpoints on 2 channels over 2 days"
    assert [line.split()[4] for line in told[1:4]] == [trace_of(3), trace_of(2), trace_of(1)]
    assert told[2].endswith("<- here")
    assert told[4] == "none is missing"


def test_a_trace_that_a_touchpoint_caused_leads_to_it(tmp_path: Path) -> None:
    file = written(tmp_path / "spans.jsonl", heard_in([1, 2]))
    reminder = {
        "traceId": "f" * 32,
        "spanId": "f" * 16,
        "name": "message due",
        "links": [{"traceId": trace_of(1), "spanId": "00000000000000aa"}],
    }
    with file.open("a") as more:
        more.write(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [reminder]}]}]}) + "\n")
    assert len(walk(read_marks(file), "f" * 32).path) == 2
    with pytest.raises(NoWay):
        walk(read_marks(file), "e" * 32)


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[]",
        b"{}",
        b'{"resourceSpans": 7}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "zz", "links": 3}]}]}]}',
        b"[" * 100_000,
        b"\xff\xfe\x00",
        json.dumps(export_of(Seen(1, {}), journey_id="\x1b[2J")).replace("2026-10-01", "99999-99-99").encode(),
    ],
)
def test_what_is_no_export_is_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str], line: bytes) -> None:
    file = written(tmp_path / "spans.jsonl", heard_in([2, 3]))
    with file.open("ab") as more:
        more.write(line + b"\n")
    assert main([str(file), trace_of(3)]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_a_wrong_question_is_answered_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere"), trace_of(1)]) == 2
    assert main([str(tmp_path), "no-trace"]) == 2
    assert main([]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_one_trace_of_very_many_journeys_is_refused_before_memory_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "spans.jsonl"
    with path.open("w") as file:
        for number in range(20):
            file.write(json.dumps(export_of(Seen(1, {}), journey_id=f"jrn_{number}")) + "\n")
    monkeypatch.setattr(marks, "MOST_PAIRS", 10)
    assert main([str(path), trace_of(1)]) == 2
    assert "more than 10 to keep" in capsys.readouterr().err
