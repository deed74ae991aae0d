"""A small file that may be replaced while we run: keys that rotate, tokens that are refreshed."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

T = TypeVar("T")
LOOK_EVERY_SECONDS = 1.0
LOOK_NOW_EVERY_SECONDS = 0.1


class WatchedFile(Generic[T]):
    """The parsed content of a file, read again when the file changes; looked at once a second at most.

    A replacement that cannot be read is logged once, and the last good content stays in use.
    """

    def __init__(
        self,
        path: Path,
        parse: Callable[[str], T],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._parse = parse
        self._monotonic = monotonic
        self._content: T | None = None
        self.is_stale = False
        """Whether the file, as it was looked at last, cannot be read, and what was in it before is in use."""
        self._tried: tuple[int, int, int] | str | None = None
        """What was last read, or why it could not be looked at."""
        self._looked = float("-inf")

    def get(self, *, look_now: bool = False) -> T:
        """Give the content. Raises OSError or what `parse` raises only while there was no good content yet."""
        now = self._monotonic()
        every_seconds = LOOK_NOW_EVERY_SECONDS if look_now else LOOK_EVERY_SECONDS
        if self._content is None or now >= self._looked + every_seconds:
            self._looked = now
            self._look()
        if self._content is None:
            raise FileNotFoundError(self._path)
        return self._content

    def _look(self) -> None:
        try:
            seen = _print_of(self._path)
            if seen == self._tried and self._content is not None:
                return
            self._tried = seen
            if isinstance(seen, str):
                raise FileNotFoundError(seen)
            self._content = self._parse(self._path.read_text(encoding="utf-8"))
            self.is_stale = False
        except (OSError, ValueError) as error:
            if self._content is None:
                raise
            self.is_stale = True
            structlog.get_logger(__name__).warning("file_not_reloaded", path=str(self._path), exc_info=error)


def _print_of(path: Path) -> tuple[int, int, int] | str:
    try:
        stat = path.stat()
    except OSError as error:
        return str(error)
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
