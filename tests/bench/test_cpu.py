"""What processes have used is read as the kernel tells it, whatever their names are and whichever threads end."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench.cpu import CpuCount, cpu_of, resident_bytes, ticks_of, used_seconds

STAT = "4242 (a ) (strange) name) S 1 4242 4242 0 -1 4194560 900 0 0 0 350 50 7 8 20 0 3 0 100 1000000 500"


def _process(proc: Path, threads: dict[int, int], stat: str = STAT) -> None:
    for thread, nanoseconds in threads.items():
        folder = proc / "4242" / "task" / str(thread)
        folder.mkdir(parents=True)
        (folder / "schedstat").write_text(f"{nanoseconds} 123 7\n")
    (proc / "4242" / "stat").write_text(stat)


def test_a_name_with_brackets_hides_nothing() -> None:
    assert ticks_of(STAT) == 400


def test_all_threads_count(tmp_path: Path) -> None:
    _process(tmp_path, {4242: 1_500_000_000, 4243: 250_000_000})
    count = cpu_of(4242, proc=tmp_path, ticks_per_second=100)
    assert count == CpuCount(ticks_seconds=4.0, threads={4242: 1.5, 4243: 0.25})


def test_a_thread_that_begins_meanwhile_counts_from_its_beginning() -> None:
    before = CpuCount(ticks_seconds=1.0, threads={1: 1.0})
    after = CpuCount(ticks_seconds=1.5, threads={1: 1.25, 2: 0.125})
    assert used_seconds(before, after) == pytest.approx(0.375)


def test_where_a_thread_ended_the_count_of_the_whole_process_is_taken() -> None:
    before = CpuCount(ticks_seconds=1.0, threads={1: 1.0, 2: 0.5})
    after = CpuCount(ticks_seconds=1.75, threads={1: 1.25})
    assert used_seconds(before, after) == pytest.approx(0.75)


def test_a_process_that_works_is_seen_to_work_and_one_that_sleeps_is_not() -> None:
    busy = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\ninput()"
    with subprocess.Popen([sys.executable, "-c", busy], stdin=subprocess.PIPE) as process:
        before = cpu_of(process.pid)
        deadline = time.monotonic() + 60
        while used_seconds(before, cpu_of(process.pid)) < 0.25:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert resident_bytes(process.pid) > 1_000_000
        process.communicate(b"\n")


def test_this_very_process_can_be_read() -> None:
    count = cpu_of(os.getpid())
    assert count.ticks_seconds > 0
    lived = sum(count.threads.values())
    assert 0 < lived < 1.2 * count.ticks_seconds + 5  # threads that have ended are in the latter only
