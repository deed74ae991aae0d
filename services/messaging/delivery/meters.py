"""Counts what happens between us and the providers, for whoever watches the installation.

What could not be sent, and of what nobody knows, is in `omnithread_messages_total` (`delivery/outcomes`): the states
`FAILED`, each a dead letter, and `UNKNOWN`.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from libs.clock import Clock
from services.messaging.delivery.circuit import CircuitState
from services.messaging.delivery.providers import Provider, Providers

OPENNESS = {CircuitState.CLOSED: 0, CircuitState.HALF_OPEN: 1, CircuitState.OPEN: 2}


class Meters:
    """Counters with few values for their labels: providers, outcomes, purposes, reasons."""

    def __init__(self, registry: CollectorRegistry, providers: Providers, clock: Clock) -> None:
        self._handed_over = Counter(
            "omnithread_handed_over",
            "Messages handed to providers, by what came of it.",
            ("provider", "outcome"),
            registry=registry,
        )
        self._waits = Counter(
            "omnithread_provider_waits",
            "How often a message had to wait for a provider's rate, room or circuit.",
            ("provider",),
            registry=registry,
        )
        self._receipts = Counter(
            "omnithread_receipts",
            "What providers reported, by what became of it.",
            ("provider", "kind", "outcome"),
            registry=registry,
        )
        registry.register(_Circuits(providers, clock))

    def handed_over(self, provider: Provider, outcome: str) -> None:
        """Count one handing over, or one look-up."""
        self._handed_over.labels(provider.provider_id, outcome).inc()

    def waited(self, provider: Provider) -> None:
        """Count one that had to wait."""
        self._waits.labels(provider.provider_id).inc()

    def receipt(self, provider_id: str, kind: str, outcome: str) -> None:
        """Count one receipt, or one report that was refused as a whole."""
        self._receipts.labels(provider_id, kind, outcome).inc()


class _Circuits(Collector):
    """How the providers are at the moment of asking."""

    def __init__(self, providers: Providers, clock: Clock) -> None:
        self._providers = providers
        self._clock = clock

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Give the gauges."""
        circuits = GaugeMetricFamily(
            "omnithread_provider_circuit", "0 asked, 1 tried again, 2 left alone.", labels=["provider"]
        )
        in_flight = GaugeMetricFamily(
            "omnithread_provider_in_flight", "Messages being handed over.", labels=["provider"]
        )
        waiting = GaugeMetricFamily(
            "omnithread_provider_waiting", "Messages that wait for their turn.", labels=["provider"]
        )
        for provider in self._providers.all:
            names = [provider.provider_id]
            circuits.add_metric(names, OPENNESS[provider.circuit.state(self._clock())])
            in_flight.add_metric(names, provider.in_flight)
            waiting.add_metric(names, provider.turns.waiting)
        return (circuits, in_flight, waiting)
