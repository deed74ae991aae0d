"""What is done twice may be done late: effects are believed once two looks at them agree."""

from collections.abc import Sequence
from typing import Any, cast

import bson
import pytest

from tests.faults.retries import comparing
from tests.faults.retries.comparing import wrong_effects
from tests.faults.retries.differing import told_differences
from tests.faults.retries.telling import told_document


async def looked_at(monkeypatch: pytest.MonkeyPatch, *looks: Sequence[str]) -> list[str]:
    """Give what comes of these differences, one look after the other; the last one stays."""
    left = list(looks)

    async def look(*_: object) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    monkeypatch.setattr(comparing, "_differences", look)
    monkeypatch.setattr(comparing, "SETTLED_SECONDS", 0.01)
    monkeypatch.setattr(comparing, "LATE_SECONDS", 0.01)
    return await wrong_effects(cast("Any", None), [], [])


async def test_a_second_effect_that_comes_late_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await looked_at(monkeypatch, [], ["sent twice"]) == ["sent twice"]


async def test_effects_that_stay_the_same_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not await looked_at(monkeypatch, [], [])


def test_only_what_differs_is_told() -> None:
    wanted = ['{"_id": "a", "lines": [1, 2], "name": "Anna"}', '{"_id": "b", "state": "SENT"}']
    found = ['{"_id": "b", "state": "SKIPPED"}', '{"_id": "a", "lines": [1, 2, 2], "name": "Anna"}', '{"_id": "c"}']
    assert told_differences(wanted, found) == [
        "a lines: + 2",
        'b state: "SENT" became "SKIPPED"',
        '+ {"_id": "c"}',
    ]


def test_that_a_message_waited_for_a_silent_service_tells_of_the_fault_and_not_of_the_call() -> None:
    waited, sent = {"verdict": "WAIT", "reason": "SOURCE_AWAY"}, {"verdict": "ALLOW", "reason": ""}
    one, other = (
        told_document(bson.encode({"_id": "x", "judgements": judgements}), name="messaging.records", key="x")
        for judgements in ([waited, sent], [sent])
    )
    assert one == other
    assert one is not None
    assert "ALLOW" in one
