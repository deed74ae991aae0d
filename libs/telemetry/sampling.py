"""Which spans are kept: whole journeys, every start of a session, every failure; each with its journey's labels."""

import hashlib
from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

from libs.telemetry.journey import LABELS, NO_LABELS

ALWAYS_SAMPLED_SUFFIX = "/StartSession"
CALLER = "omnithread.caller"
"""Attribute of the server span of a call by one of the suite's own services: its name."""
FAILED = "omnithread.failed"
"""Attribute of the span that is made after the fact for a failed call whose own span was not kept."""
DROPPED = SamplingResult(Decision.DROP)


class JourneySampler(Sampler):
    """Keeps a journey with all of its traces, or none of them but its session starts and failures.

    Where a trace enters this process (a remote parent or none), it is kept if the parent is, or the span starts a
    session, or the journey's number falls below the ratio; so a caller's flag only adds.
    Inside the process a span goes with its parent.
    What an earlier command caused and no journey is known of goes with that command, which has decided already: it is
    named by the parent or, where the work has a trace of its own, by the links. So does a call by another part of the
    suite: what it dropped as nobody's begins nothing here.
    A call to another part without parent, journey or links (a sweep that looks whether there is work) is dropped.
    What is kept begins with the labels of the present work, those of drivers included; what a span says itself stays.
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
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,  # noqa: ARG002  the SDK's signature
    ) -> SamplingResult:
        """Decide for one span."""
        parent = get_current_span(parent_context).get_span_context()
        labels = LABELS.get()
        journey_id = labels.journey_id
        if attributes and attributes.get(FAILED):
            keep = True
        elif parent.is_valid and not parent.is_remote:
            keep = parent.trace_flags.sampled
        elif parent.is_valid and parent.trace_flags.sampled:
            keep = True
        elif not journey_id and _is_caused_here(kind, attributes) and (parent.is_valid or links):
            keep = any(link.context.trace_flags.sampled for link in links or ())
        elif not journey_id and kind is SpanKind.CLIENT:
            keep = False
        else:
            keep = name.endswith(ALWAYS_SAMPLED_SUFFIX) or self._in_ratio(journey_id or f"{trace_id:032x}")
        if not keep:
            return DROPPED
        own = attributes or {}
        labelled = {**labels.attributes(), **own} if labels is not NO_LABELS else own
        return SamplingResult(Decision.RECORD_AND_SAMPLE, labelled)

    def get_description(self) -> str:
        """Name the sampler and its ratio."""
        return f"JourneySampler{{{self._ratio}}}"

    def _in_ratio(self, key: str) -> bool:
        if self._ratio >= 1:
            return True
        return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) < self._ratio * 2**64


def _is_caused_here(kind: SpanKind | None, attributes: Attributes) -> bool:
    """Whether a part of the suite is the cause, and not a channel, which knows nothing of our ratio."""
    return kind is not SpanKind.SERVER or bool(attributes and attributes.get(CALLER))
