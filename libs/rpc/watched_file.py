"""A small file that may be replaced while we run: keys that rotate, tokens that are refreshed."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

T = TypeVar("T")
LOOK_EVERY_SECONDS = 1.0


class WatchedFile(Generic[T]):
    """The parsed content of a file, read again when the file changes; looked at once a second at most.

    A replacement that cannot be read is logged, and the last good content stays in use.
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
        self._seen: tuple[int, int, int] | None = None
        self._next_look = float("-inf")

    def get(self, *, look_now: bool = False) -> T:
        """Give the content. Raises OSError or what `parse` raises only while there was no good content yet."""
        now = self._monotonic()
        if self._content is None or look_now or now >= self._next_look:
            self._next_look = now + LOOK_EVERY_SECONDS
            self._look()
        if self._content is None:
            raise FileNotFoundError(self._path)
        return self._content

    def _look(self) -> None:
        try:
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen != self._seen:
                self._content = self._parse(self._path.read_text(encoding="utf-8"))
                self._seen = seen
        except (OSError, ValueError) as error:
            if self._content is None:
                raise
            structlog.get_logger(__name__).warning("file_not_reloaded", path=str(self._path), exc_info=error)
