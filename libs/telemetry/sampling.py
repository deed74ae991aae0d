"""Which spans are kept: whole journeys, every start of a session, every failure."""

import hashlib
from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

from libs.telemetry.journey import LABELS

ALWAYS_SAMPLED_SUFFIX = "/StartSession"
FAILED = "omnithread.failed"
"""Attribute of the span that is made after the fact for a failed call whose own span was not kept."""


class JourneySampler(Sampler):
    """Keeps a journey with all of its traces, or none of them but its session starts and failures.

    Where a trace enters this process (a remote parent or none), it is kept if the parent is, or the span starts a
    session, or the journey's number falls below the ratio; so a caller's flag only adds.
    Inside the process a span goes with its parent.
    A call to another part without parent or journey (a sweep that looks whether there is work) is dropped.
    """

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,  # noqa: ARG002  the SDK's signature, as the next
        trace_state: TraceState | None = None,  # noqa: ARG002
    ) -> SamplingResult:
        """Decide for one span."""
        parent = get_current_span(parent_context).get_span_context()
        if attributes and attributes.get(FAILED):
            keep = True
        elif parent.is_valid and not parent.is_remote:
            keep = parent.trace_flags.sampled
        elif not parent.is_valid and kind is SpanKind.CLIENT and not LABELS.get().journey_id:
            keep = False
        else:
            keep = (
                (parent.is_valid and parent.trace_flags.sampled)
                or name.endswith(ALWAYS_SAMPLED_SUFFIX)
                or self._in_ratio(LABELS.get().journey_id or f"{trace_id:032x}")
            )
        return SamplingResult(Decision.RECORD_AND_SAMPLE if keep else Decision.DROP, attributes if keep else None)

    def get_description(self) -> str:
        """Name the sampler and its ratio."""
        return f"JourneySampler{{{self._ratio}}}"

    def _in_ratio(self, key: str) -> bool:
        if self._ratio >= 1:
            return True
        return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) < self._ratio * 2**64
