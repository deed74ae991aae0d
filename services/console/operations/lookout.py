"""Looks at all processes of the suite at once, at most every two seconds, however many people watch."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import grpc
import httpx

from services.console.operations.asking import NotAnswering, health_at, numbers_at, ready_at
from services.console.operations.figures import Figures, Reading, figures_of
from services.console.operations.places import Place

FRESH_SECONDS = 2.0
WINDOW_SECONDS = 60.0
SPACING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Health:
    """What a service says of itself at its public address."""

    name: str
    address: str
    answer: str | NotAnswering

    @property
    def well(self) -> bool:
        """Whether it serves."""
        return self.answer == "serving"

    @property
    def words(self) -> str:
        """As a person reads it."""
        return self.answer if isinstance(self.answer, str) else f"not answering: {self.answer.why}"


@dataclass(frozen=True, slots=True)
class Process:
    """What one process tells."""

    name: str
    address: str
    figures: Figures | None
    problem: str
    """Why there are no figures; empty where there are."""


@dataclass(frozen=True, slots=True)
class View:
    """Everything, as it was at one time."""

    health: tuple[Health, ...]
    processes: tuple[Process, ...]


@dataclass(slots=True)
class Past:
    """Readings of one process, oldest first: some seconds apart, and none older than the window."""

    readings: deque[Reading] = field(default_factory=deque)

    def keep(self, reading: Reading) -> Reading | None:
        """Keep one, and give the oldest within the window, where there is an earlier one."""
        kept = self.readings
        while kept and reading.time - kept[0].time > WINDOW_SECONDS:
            kept.popleft()
        before = kept[0] if kept else None
        if not kept or reading.time - kept[-1].time >= SPACING_SECONDS:
            kept.append(reading)
        return before


class Lookout:
    """Asks, and remembers the last minute."""

    def __init__(
        self,
        *,
        services: Sequence[Place],
        http_services: Sequence[Place],
        metrics: Sequence[Place],
        credentials: grpc.ChannelCredentials | None,
        now: Callable[[], float],
    ) -> None:
        """`services` answer gRPC health, `http_services` `/readyz`, `metrics` `/metrics`; `now` never turns back.

        Without `credentials` the services are asked in plaintext.
        """
        self._services = tuple(services)
        self._http_services = tuple(http_services)
        self._metrics = tuple(metrics)
        self._credentials = credentials
        self._now = now
        self._past: Mapping[Place, Past] = {place: Past() for place in self._metrics}
        self._lock = asyncio.Lock()
        self._looked = -math.inf
        self._view = View(health=(), processes=())

    async def look(self) -> View:
        """Give how everything is, not older than two seconds. It takes as long as one process has to answer."""
        async with self._lock:
            if self._now() - self._looked >= FRESH_SECONDS:
                self._view = await self._ask()
                self._looked = self._now()
            return self._view

    async def _ask(self) -> View:
        # One client for one look: connections to what restarts meanwhile are of no use the next time.
        async with httpx.AsyncClient(timeout=None, trust_env=False, follow_redirects=False) as http:  # noqa: S113  each question has its own limit
            health, processes = await asyncio.gather(
                asyncio.gather(
                    *(self._health(place) for place in self._services),
                    *(self._ready(place, http) for place in self._http_services),
                ),
                asyncio.gather(*(self._process(place, http) for place in self._metrics)),
            )
        return View(health=tuple(health), processes=tuple(processes))

    async def _health(self, place: Place) -> Health:
        return Health(place.name, place.address, await health_at(place.address, credentials=self._credentials))

    async def _ready(self, place: Place, http: httpx.AsyncClient) -> Health:
        return Health(place.name, place.address, await ready_at(place.address, http))

    async def _process(self, place: Place, http: httpx.AsyncClient) -> Process:
        reading = await numbers_at(place.address, http, now=self._now())
        if isinstance(reading, NotAnswering):
            return Process(place.name, place.address, figures=None, problem=reading.why)
        before = self._past[place].keep(reading)
        return Process(place.name, place.address, figures=figures_of(reading, before), problem="")
