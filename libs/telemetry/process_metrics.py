"""How a process of the suite is: what it was built from, whether it is ready, whether it keeps up."""

import asyncio
from platform import python_version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from libs.telemetry.resource import suite_version

LOOP_DELAY_SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
LOOP_LOOK_SECONDS = 0.25


class ProcessMetrics:
    """How a process of the suite is."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.ready = Gauge(
            "omnithread_ready", "1 while new calls are welcome; 0 while MongoDB does not answer.", registry=registry
        )
        self._failures = Counter(
            "omnithread_background_failures",
            "How often background work ended by itself and was started again, by its name.",
            ["part"],
            registry=registry,
        )
        self._delay_seconds = Histogram(
            "omnithread_loop_delay_seconds",
            "How much later than asked for the event loop woke up: what every call waits beside its own work.",
            buckets=LOOP_DELAY_SECONDS_BUCKETS,
            registry=registry,
        )

    def failed(self, part: str) -> None:
        """Count a failure of background work."""
        self._failures.labels(part).inc()

    async def watch_loop(self) -> None:
        """Measure the event loop's delay, four times a second, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            asked = loop.time() + LOOP_LOOK_SECONDS
            await asyncio.sleep(LOOP_LOOK_SECONDS)
            self._delay_seconds.observe(max(0.0, loop.time() - asked))


def note_build(registry: CollectorRegistry, program: str) -> None:
    """Say which program of which version this is, once for each registry."""
    built = Gauge(
        "omnithread_build_info",
        "1, with the program, its version and Python's as labels.",
        ["program", "version", "python"],
        registry=registry,
    )
    built.labels(program, suite_version(), python_version()).set(1)
