"""What the numbers of a process mean: rates and times of the last minute, what lags, what waits.

What a process does not tell is None, never 0: nobody should read "nothing waits" where nobody counted.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.console.operations.samples import Sample

CALLS, CALL_SECONDS = "omnithread_calls_total", "omnithread_call_seconds_bucket"
REQUESTS, REQUEST_SECONDS = "omnithread_http_requests_total", "omnithread_http_request_seconds_bucket"
UNPUBLISHED, OLDEST_UNPUBLISHED = "omnithread_events_unpublished", "omnithread_event_oldest_unpublished_seconds"
LAG, BEHIND, PARKED = (
    "omnithread_consumer_lag_seconds",
    "omnithread_consumer_records_behind",
    "omnithread_streams_parked",
)
WATCHERS, WATCH_SECONDS = "omnithread_watchers", "omnithread_watch_change_seconds_bucket"
WAITING, OVERDUE, DEAD = "omnithread_messages_waiting", "omnithread_messages_overdue", "omnithread_dead_letters_waiting"
WANTED = frozenset(
    (
        CALLS,
        CALL_SECONDS,
        REQUESTS,
        REQUEST_SECONDS,
        UNPUBLISHED,
        OLDEST_UNPUBLISHED,
        LAG,
        BEHIND,
        PARKED,
        WATCHERS,
        WATCH_SECONDS,
        WAITING,
        OVERDUE,
        DEAD,
    )
)
COUNTERS = frozenset((CALLS, CALL_SECONDS, REQUESTS, REQUEST_SECONDS, WATCH_SECONDS))

FAULTS = frozenset(("UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"))
"""Codes that are ours to mend; others tell the caller what is wrong with the call."""

Key = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a process told at one time."""

    time: float
    """In seconds, of a clock that never turns back."""
    samples: tuple[Sample, ...]
    counters: Mapping[Key, float]


def reading_of(samples: Iterable[Sample], *, time: float) -> Reading:
    """Keep the samples, with the counters by their names and labels."""
    kept = tuple(samples)
    return Reading(
        time=time,
        samples=kept,
        counters={_key(sample): sample.value for sample in kept if sample.name in COUNTERS},
    )


@dataclass(frozen=True, slots=True)
class Calls:
    """What was answered within some seconds, or since the process started."""

    seconds: float | None
    """None: since the start, since nothing is known from before."""
    answered: float
    faults: float
    refused: float
    median_seconds: float | None
    slow_seconds: float | None
    """95 of 100 were faster; both are upper bounds, and infinity where they are above the largest bound."""

    @property
    def per_second(self) -> float | None:
        """How many a second; None where it is not known over how long."""
        return self.answered / self.seconds if self.seconds else None


@dataclass(frozen=True, slots=True)
class Reader:
    """How far one consumer is with what the others announce."""

    reader: str
    areas: tuple[str, ...]
    lag_seconds: float | None
    """Of the area that it is furthest behind with."""
    slowest: str
    """That area; empty where it is behind with none."""
    behind: float | None
    """Of all areas, what it did not fetch yet."""
    parked: float | None
    """Customers' streams that a failure parked, of all areas."""


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the page says of one process."""

    calls: Calls | None
    unpublished: float | None
    oldest_unpublished_seconds: float | None
    readers: tuple[Reader, ...]
    watchers: float | None
    watch_slow_seconds: float | None
    waiting: float | None
    overdue: float | None
    dead: float | None


def figures_of(now: Reading, before: Reading | None) -> Figures:
    """Work out what a process told now, and since an earlier reading where there is one."""
    return Figures(
        calls=_calls(now, before),
        unpublished=_sum(now, UNPUBLISHED),
        oldest_unpublished_seconds=_most(now, OLDEST_UNPUBLISHED),
        readers=_readers(now),
        watchers=_sum(now, WATCHERS),
        watch_slow_seconds=quantile(_grown(now, before, WATCH_SECONDS), 0.95),
        waiting=_sum(now, WAITING),
        overdue=_sum(now, OVERDUE),
        dead=_sum(now, DEAD),
    )


def quantile(buckets: Mapping[Key, float], share: float) -> float | None:
    """Give the bound below which `share` of what a histogram counted lies; None where it counted nothing."""
    by_bound: dict[float, float] = {}
    for (_, labels), number in buckets.items():
        bound = _number(dict(labels).get("le", ""))
        if bound is not None:
            by_bound[bound] = by_bound.get(bound, 0.0) + number
    total = max(by_bound.values(), default=0.0)
    if total <= 0:
        return None
    return next((bound for bound in sorted(by_bound) if by_bound[bound] >= share * total), math.inf)


def _calls(now: Reading, before: Reading | None) -> Calls | None:
    """Count gRPC calls, or a door's requests. Health checks are neither."""
    for name, seconds, is_fault, is_refused in (
        (CALLS, CALL_SECONDS, _fault_code, _refused_code),
        (REQUESTS, REQUEST_SECONDS, _fault_status, _refused_status),
    ):
        if not any(sample.name == name for sample in now.samples):
            continue
        grown = _grown(now, before, name)
        times = _grown(now, before, seconds)
        return Calls(
            seconds=now.time - before.time if before else None,
            answered=sum(grown.values()),
            faults=_of(grown, is_fault),
            refused=_of(grown, is_refused),
            median_seconds=quantile(times, 0.5),
            slow_seconds=quantile(times, 0.95),
        )
    return None


def _grown(now: Reading, before: Reading | None, name: str) -> dict[Key, float]:
    """Give by how much counters grew; one that fell began anew with its process."""
    grown = {}
    for key, value in now.counters.items():
        if key[0] == name:
            earlier = before.counters.get(key, 0.0) if before else 0.0
            grown[key] = value - earlier if value >= earlier else value
    return grown


def _of(grown: Mapping[Key, float], test: Callable[[Mapping[str, str]], bool]) -> float:
    return sum(number for (_, labels), number in grown.items() if test(dict(labels)))


def _fault_code(labels: Mapping[str, str]) -> bool:
    return labels.get("code") in FAULTS


def _refused_code(labels: Mapping[str, str]) -> bool:
    return labels.get("code") not in FAULTS | {"OK", "CANCELLED"}


def _fault_status(labels: Mapping[str, str]) -> bool:
    return labels.get("status", "").startswith("5")


def _refused_status(labels: Mapping[str, str]) -> bool:
    return labels.get("status", "").startswith("4")


def _readers(now: Reading) -> tuple[Reader, ...]:
    found: dict[str, dict[str, dict[str, float]]] = {}
    for sample in now.samples:
        if sample.name in {LAG, BEHIND, PARKED} and not math.isnan(sample.value):
            told = found.setdefault(sample.labels.get("reader", ""), {}).setdefault(sample.name, {})
            told[sample.labels.get("area", "")] = sample.value
    return tuple(_reader(name, found[name]) for name in sorted(found))


def _reader(name: str, told: Mapping[str, Mapping[str, float]]) -> Reader:
    lags, behind, parked = (told.get(which, {}) for which in (LAG, BEHIND, PARKED))
    slowest = max(lags, key=lambda area: lags[area], default="")
    return Reader(
        reader=name,
        areas=tuple(sorted({area for areas in told.values() for area in areas})),
        lag_seconds=lags.get(slowest),
        slowest=slowest if lags.get(slowest) else "",
        behind=sum(behind.values()) if behind else None,
        parked=sum(parked.values()) if parked else None,
    )


def _values(now: Reading, name: str) -> Sequence[float]:
    return [sample.value for sample in now.samples if sample.name == name and not math.isnan(sample.value)]


def _sum(now: Reading, name: str) -> float | None:
    values = _values(now, name)
    return sum(values) if values else None


def _most(now: Reading, name: str) -> float | None:
    return max(_values(now, name), default=None)


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None


def _key(sample: Sample) -> Key:
    return sample.name, tuple(sorted(sample.labels.items()))
