"""One run of the benchmark, as it is kept: which code, which machine, and every figure with all of its rounds."""

import asyncio
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from tests.bench.figures import Figure

PACKAGES = ("grpcio", "motor", "pymongo", "protobuf", "uvloop", "opentelemetry-sdk", "SecantusDB", "noida-db")


@dataclass(frozen=True, slots=True)
class Run:
    """All of one run."""

    figures: Sequence[Figure]
    revision: str
    """Of the code; `-dirty` where it was changed since."""
    machine: Mapping[str, Any] = field(default_factory=dict)
    effort: Mapping[str, Any] = field(default_factory=dict)
    took_time: str = ""

    def to_json(self) -> str:
        """Give it for a file."""
        told = {
            "revision": self.revision,
            "took_time": self.took_time,
            "machine": dict(self.machine),
            "effort": dict(self.effort),
            "figures": [figure.to_plain() for figure in self.figures],
        }
        return json.dumps(told, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read it back. Raises ValueError for what is none."""
        told = json.loads(text)
        try:
            figures = [Figure.from_plain(plain) for plain in told.pop("figures")]
            return cls(figures=figures, **told)
        except (AttributeError, KeyError, TypeError) as fault:
            raise ValueError(f"this is no run of the benchmark: {fault}") from None


def machine() -> dict[str, Any]:
    """Say what it ran on."""
    return {
        "cpus": os.cpu_count(),
        "processor": _processor(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
        **{name: version(name) for name in PACKAGES},
    }


async def revision(root: Path) -> str:
    """Name the code that is measured."""
    process = await asyncio.create_subprocess_exec(
        "git", "describe", "--always", "--dirty", "--abbrev=12", cwd=root, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    return told.decode().strip() or "unknown"


def now() -> str:
    """Give the time, for the record."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
