"""How much CPU processes have used, all of their threads, as the kernel counts it.

The scheduler's own count is exact to the nanosecond and is kept for each thread, so a thread that has ended takes its
share with it; the count of the whole process keeps that share, in ticks of 10 ms. Where no thread ended meanwhile the
first is used, and else the second.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
NANOSECONDS = 1e9
USER_TICKS, SYSTEM_TICKS = 11, 12
"""Places in `stat` after the name in brackets, which may hold anything."""
KB = 1024


@dataclass(frozen=True, slots=True)
class CpuCount:
    """What one process had used at one moment."""

    ticks_seconds: float
    """Of the process, those of its threads that have ended included."""
    threads: Mapping[int, float]
    """Seconds of each thread that lives."""


def cpu_of(pid: int, *, proc: Path = PROC, ticks_per_second: float | None = None) -> CpuCount:
    """Read a process's count. Raises OSError where there is no such process."""
    ticks = ticks_per_second or os.sysconf("SC_CLK_TCK")
    return CpuCount(
        ticks_seconds=ticks_of((proc / str(pid) / "stat").read_text()) / ticks,
        threads=_threads(proc / str(pid) / "task"),
    )


def used_seconds(before: CpuCount, after: CpuCount) -> float:
    """Give what was used between two counts of one process."""
    if before.threads.keys() <= after.threads.keys():
        return sum(seconds - before.threads.get(thread, 0.0) for thread, seconds in after.threads.items())
    return after.ticks_seconds - before.ticks_seconds


def ticks_of(stat: str) -> int:
    """Give the ticks that a line of `stat` tells, in user and in system mode."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[USER_TICKS]) + int(fields[SYSTEM_TICKS])


def resident_bytes(pid: int, *, proc: Path = PROC) -> int:
    """Give how much memory a process holds. Raises OSError where there is no such process."""
    for line in (proc / str(pid) / "status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmRSS":
            return int(value.split()[0]) * KB
    raise ProcessLookupError(pid)  # it has ended, and waits to be taken away


def _threads(folder: Path) -> dict[int, float]:
    found: dict[int, float] = {}
    for thread in folder.iterdir():
        try:
            told = (thread / "schedstat").read_text()
        except OSError:  # it ended while we looked
            continue
        found[int(thread.name)] = int(told.split()[0]) / NANOSECONDS
    return found
