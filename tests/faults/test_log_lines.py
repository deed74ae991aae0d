"""A line that nobody expects is found, and one that is expected for one reason does not hide another."""

import json
from pathlib import Path

import pytest

from tests.faults.expected_lines import DATABASE_AWAY, UNDER_KILLS
from tests.faults.log_lines import LOG, LogWatch, unexpected


def line(level: str, event: str, error: str = "", text: str = "") -> tuple[str, str]:
    told = {"event": event, "level": level, **({"exception_type": error, "exception_text": text} if error else {})}
    return "cart", json.dumps(told)


def test_what_says_that_somebody_is_away_is_expected_while_parts_are_killed() -> None:
    lines = [
        line("warning", "relay_sweep_failed", "pymongo.errors.AutoReconnect"),
        line("warning", "heads_sweep_failed", "libs.events.streams.OwnerAway"),
        line("info", "whatever"),
    ]
    assert unexpected(lines, UNDER_KILLS) == []
    assert len(unexpected(lines, ())) == 2


def test_another_error_at_the_same_place_is_not() -> None:
    assert unexpected([line("warning", "relay_sweep_failed", "KeyError")] * 3, UNDER_KILLS) == [
        "cart: warning relay_sweep_failed KeyError (3 times)"
    ]
    assert unexpected([line("error", "call_failed", "ValueError")], UNDER_KILLS)


@pytest.mark.parametrize(
    ("event", "error", "text"),
    [
        ("messages_not_sent", "libs.errors.OmnithreadError", "INTERNAL: An error of ours."),
        ("relaying_failed", "libs.errors.OmnithreadError", "RECORD_TOO_LARGE: The record would grow."),
        ("heads_sweep_failed", "grpc.aio._call.AioRpcError", "status = StatusCode.INTERNAL"),
        ("stream_parked", "grpc.aio._call.AioRpcError", "status = StatusCode.RESOURCE_EXHAUSTED"),
    ],
)
def test_an_error_of_ours_is_a_fault_though_others_of_its_type_are_expected(event: str, error: str, text: str) -> None:
    assert unexpected([line("warning", event, error, text)], UNDER_KILLS)
    assert (
        unexpected([line("warning", event, error, "DEPENDENCY_UNAVAILABLE, StatusCode.UNAVAILABLE")], UNDER_KILLS) == []
    )


def test_a_line_that_does_not_say_how_bad_it_is_counts() -> None:
    assert unexpected([("cart", json.dumps({"event": "whatever"}))], UNDER_KILLS)


def test_what_is_no_json_is_unexpected_of_our_own_processes_and_of_servers_only_where_it_looks_like_trouble() -> None:
    assert unexpected([("cart", "Segmentation fault")], UNDER_KILLS)
    assert unexpected([("kafka", "press Ctrl-C to stop")], UNDER_KILLS) == []
    assert unexpected([("kafka", "thread 'main' panicked at")], UNDER_KILLS)


def test_only_what_is_new_is_looked_at(tmp_path: Path) -> None:
    log = tmp_path / "cart" / LOG
    log.parent.mkdir()
    log.write_text("old\n")
    watch = LogWatch(tmp_path)
    with log.open("a") as more:
        more.write("new\n\n")
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile" / LOG).write_text("of another process\n")
    assert list(watch.new_lines()) == [("cart", "new"), ("profile", "of another process")]
    assert list(watch.new_lines()) == []


def test_only_where_mongodb_is_killed_may_a_service_say_that_it_is_away() -> None:
    for event in ("not_ready", "audit_waits"):
        said = [("cart", json.dumps({"level": "warning", "event": event, "reason": "DEPENDENCY_UNAVAILABLE"}))]
        assert unexpected(said, UNDER_KILLS)
        assert unexpected(said, DATABASE_AWAY) == []
    assert unexpected(
        [("cart", json.dumps({"level": "warning", "event": "audit_waits", "reason": "INTERNAL"}))], DATABASE_AWAY
    )
