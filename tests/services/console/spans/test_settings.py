"""Where spans come from is said without contradictions, or the console does not start."""

import pytest

from services.console.settings import ConsoleSettings


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"spans_from": "tempo"}, "needs spans_address"),
        ({"spans_from": "jaeger", "spans_address": "jaeger:16686"}, "needs spans_address"),
        ({"spans_from": "tempo", "spans_address": "http://tempo:3200", "spans_listen": "127.0.0.1:0"}, "elsewhere"),
        ({"spans_kept_days": 0}, "spans_kept_days"),
    ],
)
def test_what_contradicts_itself_is_refused(given: dict[str, object], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        ConsoleSettings(**given)  # type: ignore[arg-type]  # of many types


def test_spans_are_kept_here_unless_somebody_else_has_them() -> None:
    assert ConsoleSettings().spans_from == "own"
    elsewhere = ConsoleSettings(spans_from="tempo", spans_address="https://tempo.example.com")
    assert elsewhere.spans_listen == ""
