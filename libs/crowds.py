"""What keeps a service upright in a crowd: its admission and its channels' quotas, as the settings say."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry

from libs.clock import Clock
from libs.rpc.admission import Admission
from libs.rpc.channels import ChannelRegistry
from libs.rpc.limit import Limit, LimitBounds
from libs.rpc.quotas import Allowance, Quotas
from libs.settings import ServiceSettings
from libs.telemetry.metrics import AdmissionMetrics


def admission_and_quotas(
    settings: ServiceSettings, *, channels: ChannelRegistry, registry: CollectorRegistry, clock: Clock
) -> tuple[Admission, Quotas]:
    """Make both, counted in `registry`; allowances are those of `channels`, which may change."""
    metrics = AdmissionMetrics(registry)
    admission = Admission(limit=Limit(LimitBounds(most=settings.most_calls_at_once)), on_shed=metrics.shed)
    metrics.in_flight.set_function(lambda: admission.in_flight)
    metrics.limit.set_function(lambda: admission.limit)
    usual = Allowance(
        calls_per_second=settings.channel_calls_per_second,
        burst=settings.channel_burst,
        calls_per_day=settings.channel_calls_per_day,
    )
    of, allowed = channels.now(), channels.allowances(usual)

    def own() -> Mapping[str, Allowance]:
        nonlocal of, allowed
        if channels.now() is not of:
            of, allowed = channels.now(), channels.allowances(usual)
        return allowed

    return admission, Quotas(usual=usual, own=own, clock=clock, on_limited=metrics.rate_limited)
