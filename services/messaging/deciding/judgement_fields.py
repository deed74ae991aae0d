"""Writes judgements as fields of documents, compactly, and reads them back: a customer's record holds many of them."""

from collections.abc import Mapping
from typing import Any, cast

from services.messaging.deciding.judgement import Finding, GateVerdict, Judgement, Verdict

BETWEEN = "\t"


def judgement_to_fields(judgement: Judgement) -> dict[str, Any]:
    """Write a judgement: a finding as one text with tabs between gate, verdict, reason and each `name=value`."""
    return {
        "time": judgement.time,
        "traceparent": judgement.traceparent,
        "verdict": judgement.verdict,
        "reason": judgement.reason,
        "until": judgement.until,
        "findings": [_written(finding) for finding in judgement.findings],
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
        findings=tuple(map(_read, fields["findings"])),
        inputs=tuple((source, int(version)) for source, version in map(_pair, fields["inputs"])),
    )


def _written(finding: Finding) -> str:
    facts = (f"{name}={value}".replace(BETWEEN, " ") for name, value in finding.facts)
    return BETWEEN.join((finding.gate, finding.verdict, finding.reason, *facts))


def _read(text: str) -> Finding:
    gate, verdict, reason, *facts = text.split(BETWEEN)
    return Finding(gate, cast("GateVerdict", verdict), reason, tuple(map(_pair, facts)))


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value
