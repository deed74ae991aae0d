"""Writes judgements as fields of documents, compactly, and reads them back: a customer's record holds many of them."""

from collections.abc import Mapping
from typing import Any, cast

from services.messaging.deciding.judgement import Finding, GateVerdict, Judgement, Verdict


def judgement_to_fields(judgement: Judgement) -> dict[str, Any]:
    """Write a judgement; facts and inputs as `name=value`, which have no `=` in their names."""
    return {
        "time": judgement.time,
        "traceparent": judgement.traceparent,
        "verdict": judgement.verdict,
        "reason": judgement.reason,
        "until": judgement.until,
        "findings": [
            [finding.gate, finding.verdict, finding.reason, *(f"{name}={value}" for name, value in finding.facts)]
            for finding in judgement.findings
        ],
        "inputs": [f"{source}={version}" for source, version in judgement.inputs],
    }


def judgement_from(fields: Mapping[str, Any]) -> Judgement:
    """Read a judgement."""
    return Judgement(
        time=fields["time"],
        traceparent=fields["traceparent"],
        verdict=cast("Verdict", fields["verdict"]),
        reason=fields["reason"],
        until=fields["until"],
        findings=tuple(
            Finding(gate, cast("GateVerdict", verdict), reason, tuple(_pair(fact) for fact in facts))
            for gate, verdict, reason, *facts in fields["findings"]
        ),
        inputs=tuple((source, int(version)) for source, version in map(_pair, fields["inputs"])),
    )


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value
