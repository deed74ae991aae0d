"""What the aggregator reads from its environment beside what all services read."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from libs.settings import ServiceSettings


def _existing_zone(name: str) -> str:
    ZoneInfo(name)
    return name


class AggregatorSettings(ServiceSettings):
    """The settings of the aggregator."""

    most_answer_seconds: float = Field(default=5.0, gt=0, le=60)
    """How long an answer may take at most, however much time the caller has: a service that hangs is then named."""
    journeys_file: Path | None = None
    """What a journey is (`libs/journey_rules.py`), the same as cart's; empty means the built-in rules."""
    journey_sweep_seconds: float = Field(default=60.0, gt=0, le=3600)
    """How often every replica looks for journeys that are over; an announcement is late by at most this."""
    most_watchers: int = Field(default=5000, ge=1, le=100_000)
    """How many streams may watch contexts at once on this replica; docs/live-context.md says what they cost."""
    most_channel_watchers: int = Field(default=2500, ge=1, le=100_000)
    """How many of them may be one channel's."""
    most_customer_watchers: int = Field(default=50, ge=1, le=10_000)
    """How many of them may watch one customer."""
    watch_look_seconds: float = Field(default=300.0, ge=1, le=86_400)
    """How often a watched context is read without a change having been heard of, for what no event tells: an offer that
    begins, a price that ends."""
    watch_write_seconds: float = Field(default=10.0, ge=1, le=300)
    """How long an update may wait for its watcher to take it; then the stream is cut."""
    kept_contexts: int = Field(default=5000, ge=0, le=1_000_000)
    """How many contexts this replica keeps in memory, for those who are content with one from a moment ago; 0: none."""
    kept_context_bytes: int = Field(default=64 * 1024 * 1024, ge=0, le=16 * 1024**3)
    """How much memory they may take, about."""
    trouble_sweep_seconds: float = Field(default=5.0, gt=0, le=3600)
    """How often every replica asks cart what it refused; such touchpoints are late by at most this."""
    interest_days: float = Field(default=90.0, gt=0, le=400)
    """For how long after they looked at a product customers are told that its price fell."""
    price_sweep_seconds: float = Field(default=2.0, gt=0, le=3600)
    """How often every replica looks for prices that fell and of which somebody is still to be told."""
    erasure_sweep_seconds: float = Field(default=5.0, gt=0, le=3600)
    """How often every replica looks for erasures that wait for a service which did not answer."""
    erasure_again_seconds: float = Field(default=900.0, gt=0, le=86_400)
    """How long after an erasure is done every service is asked once more, for what a slow writer put there since."""
    company_time_zone: Annotated[str, AfterValidator(_existing_zone)] = "UTC"
    """IANA name of the zone by whose days journeys are counted in reports."""
    card_sweep_seconds: float = Field(default=1.0, gt=0, le=3600)
    """How often every replica looks for customers whose journeys are to be put anew into searches and reports."""
    day_sweep_seconds: float = Field(default=2.0, gt=0, le=3600)
    """How often every replica looks for days of reports that are to be counted anew."""
