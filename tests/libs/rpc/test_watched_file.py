"""A file that is replaced while we run is read again, and a bad replacement makes no noise and does no harm."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from libs.rpc import client
from libs.rpc.watched_file import WatchedFile


class Reading:
    """Counts how often the file was read."""

    def __init__(self) -> None:
        self.times = 0

    def parse(self, text: str) -> str:
        self.times += 1
        if "damaged" in text:
            raise ValueError(text)
        return text


def test_a_bad_replacement_is_tried_and_told_once_however_often_somebody_asks(tmp_path: Path) -> None:
    now, reading, file = [0.0], Reading(), tmp_path / "keys"
    file.write_text("good")
    watched = WatchedFile(file, reading.parse, monotonic=lambda: now[0])
    assert watched.get() == "good"
    with capture_logs() as logs:
        for content in ("damaged", None):
            file.unlink()
            if content is not None:
                file.write_text(content)
            for _ in range(100):
                now[0] += 1
                assert watched.get(look_now=True) == "good"
    assert reading.times == 2
    assert [line["event"] for line in logs] == ["file_not_reloaded"] * 2
    file.write_text("better")
    now[0] += 1
    assert watched.get() == "better"


def test_who_needs_the_newest_looks_ten_times_a_second_at_most(tmp_path: Path) -> None:
    now, reading, file = [0.0], Reading(), tmp_path / "keys"
    file.write_text("good")
    watched = WatchedFile(file, reading.parse, monotonic=lambda: now[0])
    watched.get()
    file.write_text("better than good")
    assert watched.get(look_now=True) == "good"
    now[0] += 0.1
    assert watched.get() == "good"
    assert watched.get(look_now=True) == "better than good"


def test_a_file_that_is_bad_from_the_start_is_told_each_time_until_it_is_good(tmp_path: Path) -> None:
    reading, file = Reading(), tmp_path / "keys"
    watched = WatchedFile(file, reading.parse)
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            watched.get()
    file.write_text("damaged")
    for _ in range(2):
        with pytest.raises(ValueError, match="damaged"):
            watched.get()
    file.write_text("good now")
    assert watched.get() == "good now"


def test_a_token_file_that_is_just_being_written_is_not_taken_up(tmp_path: Path) -> None:
    now, file = [0.0], tmp_path / "token"
    file.write_text("token-1\n")
    watched = WatchedFile(file, client.token_in, monotonic=lambda: now[0])
    for content, token in (("token-1\n", "token-1"), ("", "token-1"), ("token-2\n", "token-2")):
        file.write_text(content)
        now[0] += 2
        assert watched.get() == token
