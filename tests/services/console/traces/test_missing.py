"""A trace that is not there is said to be what it is: expired, not here, on its way, or not to be had."""

from datetime import UTC, datetime, timedelta

import pytest

from services.console.traces.pages import why_missing

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("away", "when", "title", "words"),
    [
        (
            "",
            NOW - 15 * DAY,
            "This trace has expired",
            "Spans are kept for 14 days: these were kept until 25 Nov 2026.",
        ),
        ("", NOW - 13 * DAY, "This trace is not there", "not sampled"),
        ("", NOW - timedelta(seconds=5), "This trace has not arrived yet", "on their way"),
        ("", None, "This trace is not there", "may have expired (spans are kept for 14 days)"),
        ("Tempo cannot be reached", NOW - 15 * DAY, "The spans cannot be had now", "Tempo cannot be reached."),
    ],
)
def test_why_there_is_no_waterfall(away: str, when: datetime | None, title: str, words: str) -> None:
    missing = why_missing(away, when, now=NOW, kept_days=14)
    assert missing.title == title
    assert words in missing.words
