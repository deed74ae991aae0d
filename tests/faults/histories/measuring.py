"""What a suite's processes show while they work: memory, delays of events, sizes of records, log lines."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import bson
import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from deploy.local.plan import SERVICES
from deploy.local.ports import LOOPBACK
from deploy.local.suite import Suite
from libs.mongo.connection import connect
from libs.mongo.shapes import RECORDS

PAGE_BYTES = 4096
MEGABYTE = 1024 * 1024
OLDEST_UNPUBLISHED = "omnithread_event_oldest_unpublished_seconds"
PUBLISH_DELAY = "omnithread_event_publish_delay_seconds"


@dataclass(slots=True)
class Memory:
    """The resident memory of processes over time."""

    samples: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """Seconds and megabytes, by process."""

    async def watch(self, suite: Suite, *, every_seconds: float) -> None:
        """Look again and again, until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            for replicas in suite.replicas.values():
                for replica in replicas:
                    self.samples.setdefault(replica.name, []).append((clock(), resident_megabytes(replica.pid or 0)))
            await asyncio.sleep(every_seconds)

    def growth(self) -> Mapping[str, float]:
        """Give by how many megabytes each process grew, by the line that fits its samples best."""
        return {name: slope(samples) * (samples[-1][0] - samples[0][0]) for name, samples in self.samples.items()}


def resident_megabytes(pid: int) -> float:
    """Give the resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES / MEGABYTE


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """Give how much the second numbers rise for each one of the first, by least squares; 0 for fewer than two."""
    count = len(samples)
    mean_x, mean_y = (sum(numbers) / max(1, count) for numbers in zip(*samples, strict=True)) if samples else (0.0, 0.0)
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    return sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread if spread else 0.0


async def publish_delays(suite: Suite) -> Counter[float]:
    """Give how many events were announced within how many seconds after their commit, over all replicas."""
    found: Counter[float] = Counter()
    async for sample in _told(suite, PUBLISH_DELAY):
        if sample.name.endswith("_bucket"):
            found[float(sample.labels["le"])] += int(sample.value)
    return found


async def oldest_unpublished_seconds(suite: Suite) -> float:
    """Give the age of the oldest event that is not announced yet, as the replica says that has it; 0 for none."""
    return max([sample.value async for sample in _told(suite, OLDEST_UNPUBLISHED)], default=0.0)


async def _told(suite: Suite, metric: str) -> AsyncIterator[Sample]:
    async with httpx.AsyncClient() as client:
        for name in SERVICES:
            for ports in suite.plan.ports.replicas(name):
                told = await client.get(f"http://{LOOPBACK}:{ports.metrics}/metrics")
                for family in text_string_to_metric_families(told.text):
                    if family.name == metric:
                        for sample in family.samples:
                            yield sample


def share_within(seconds: float, before: Counter[float], after: Counter[float]) -> float:
    """Give which share of the events between two looks was announced within so many seconds; 1 for none."""
    all_of_them = after[float("inf")] - before[float("inf")]
    return (after[seconds] - before[seconds]) / all_of_them if all_of_them else 1.0


async def largest_record_bytes(suite: Suite) -> int:
    """Give the size of the largest customer record of all services."""
    client = connect(suite.backends.mongo_uri, app_name="tests")
    try:
        largest = 0
        for name in SERVICES:
            async for record in client[suite.plan.database(name)][RECORDS].find():
                largest = max(largest, len(bson.encode(record)))
        return largest
    finally:
        client.close()
