"""What the processes of a suite log: a line that nobody expects fails the test, and each expected one has its reason.

Services, door and console write JSON; what is below a warning is always expected. The embedded servers, the mailbox and
the receiver of spans write plain lines.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOG = "server.log"
HARMLESS = frozenset({"debug", "info"})
OF_OTHERS = frozenset({"mongo", "kafka", "mailbox", "traces"})
"""Programs that are not ours, or only for development: of what they say, only what looks like trouble counts."""
PLAIN_TROUBLE = re.compile(r"Traceback|panicked|\b(?:ERROR|CRITICAL|FATAL)\b")
MOST_SHOWN = 20
ANYTHING = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """Lines that a test may find."""

    reason: str
    event: str = ANYTHING
    """The event's name, or the beginning of a plain line."""
    errors: tuple[str, ...] = ()
    """With what the type of the error on it may begin; empty where any may be. A line without an error is covered."""
    never: tuple[str, ...] = ()
    """What the text of the error, or the reason on the line, must not hold."""
    part: str = ANYTHING
    """Of which process."""

    def covers(self, part: str, line: str, told: dict[str, Any] | None) -> bool:
        """Whether this is such a line; `told` is what it says where it is JSON."""
        if self.part not in (ANYTHING, part):
            return False
        if told is None:
            return line.startswith(self.event)
        if not str(told.get("event", "")).startswith(self.event):
            return False
        if any(word in _text_of(told) for word in self.never):
            return False
        error = error_of(told)
        return not self.errors or not error or error.startswith(self.errors)


@dataclass(slots=True)
class LogWatch:
    """Reads what was logged since it was made, or since it was last asked."""

    folder: Path
    """With one folder for each process."""
    _read: dict[Path, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What is there already is not looked at."""
        for path in self.folder.glob(f"*/{LOG}"):
            self._read[path] = path.stat().st_size

    def new_lines(self) -> Iterator[tuple[str, str]]:
        """Give each new line with the name of the process."""
        for path in sorted(self.folder.glob(f"*/{LOG}")):
            with path.open("rb") as log:
                log.seek(self._read.get(path, 0))
                content = log.read()
            self._read[path] = self._read.get(path, 0) + len(content)
            for line in content.decode(errors="replace").splitlines():
                if line.strip():
                    yield path.parent.name, line.strip()


def unexpected(lines: Iterable[tuple[str, str]], expected: Iterable[Expected]) -> list[str]:
    """Give the lines that nobody expects, each kind once with how often it came; at most 20 kinds."""
    known = tuple(expected)
    counted: Counter[str] = Counter()
    for part, line in lines:
        told = _told(line)
        if told is not None and told.get("level") in HARMLESS:
            continue
        if told is None and part in OF_OTHERS and not PLAIN_TROUBLE.search(line):
            continue
        if not any(one.covers(part, line, told) for one in known):
            counted[f"{part}: {_kind(line, told)}"] += 1
    return [f"{kind} ({count} times)" for kind, count in counted.most_common(MOST_SHOWN)]


def error_of(told: dict[str, Any]) -> str:
    """Name the type of the error that a line tells of; empty where it tells of none."""
    return str(told.get("exception_type", "") or told.get("error", ""))


def _text_of(told: dict[str, Any]) -> str:
    return " ".join(str(told.get(name, "")) for name in ("exception_text", "exception_cause", "reason", "error"))


def _told(line: str) -> dict[str, Any] | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _kind(line: str, told: dict[str, Any] | None) -> str:
    if told is None:
        return line[:200]
    return f"{told.get('level')} {told.get('event')} {error_of(told)}".strip()
