"""Translates an import's words: rows into what an Identify takes, and what came of them into answers."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from libs.channel import Channel
from libs.errors import OmnithreadError, invalid_field
from libs.mongo.requests import MAX_AHEAD
from libs.origin import Origin, Stamp
from libs.rpc.call import Call
from libs.rpc.import_stream import faulty_field, is_refusal
from libs.telemetry.propagation import current_traceparent
from libs.timestamps import from_timestamp
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_SYSTEM
from omnithread.profile.v1 import customer_import_service_pb2 as pb
from services.profile.convert import identifiers_from_proto, traits_from_proto
from services.profile.linking import Introduction
from services.profile.model import CustomerId, Trait
from services.profile.outcomes import IdentifyOutcome
from services.profile.requests import OUTCOMES
from services.profile.rules import IdentityRules


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a row, or what would in a dry run."""

    outcome: IdentifyOutcome
    customer_id: CustomerId | None
    """None where a dry run would create somebody."""


def introduction_from_row(
    row: pb.CustomerRow, *, source: str, channel: Channel, now: datetime, rules: IdentityRules
) -> Introduction:
    """Read what a row tells. Errors: IDENTIFIER_INVALID, INVALID_FIELD, each naming the field of the row."""
    traits, _ = traits_from_proto(row.traits, field="traits", channel=channel, now=now, removable=False)
    return Introduction(
        identifiers=identifiers_from_proto(row.identifiers, rules=rules),
        traits=tuple(_as_stated(trait, row, index=index, source=source, now=now) for index, trait in enumerate(traits)),
        given_name=row.given_name,
        family_name=row.family_name,
        is_history=True,
    )


def stamp_of_row(start: pb.ImportStart, row: pb.CustomerRow, call: Call) -> Stamp:
    """Make the command that a row is: the same import and number are the same command, whenever they come again.

    It is no act of the customer, so it comes from the suite, in the name of the channel that imports.
    """
    name = f"{call.caller.channel_id}\0{start.import_id}\0{row.number}"
    body = start.source.encode() + b"\0" + row.SerializeToString(deterministic=True)
    return Stamp(
        request_id=f"import:{hashlib.sha256(name.encode()).hexdigest()[:40]}",
        body_hash=hashlib.sha256(body).digest(),
        issue_time=None,
        origin=Origin(
            channel_id=call.caller.channel_id,
            channel_kind=CHANNEL_KIND_SYSTEM,
            actor_id=call.caller.actor_id,
            traceparent=current_traceparent() or call.traceparent,
        ),
    )


def result_of(row: pb.CustomerRow, done: Done) -> pb.ImportRowResult:
    """Answer a row that was carried out."""
    return pb.ImportRowResult(
        number=row.number,
        state=pb.IMPORT_ROW_STATE_DONE,
        outcome=OUTCOMES[done.outcome],
        customer_id=done.customer_id or "",
    )


def failure_of(row: pb.CustomerRow, error: OmnithreadError) -> pb.ImportRowResult:
    """Answer a row that was not."""
    state = pb.IMPORT_ROW_STATE_REFUSED if is_refusal(error) else pb.IMPORT_ROW_STATE_FAILED
    return pb.ImportRowResult(number=row.number, state=state, reason=error.reason, field=faulty_field(error))


def _as_stated(trait: Trait, row: pb.CustomerRow, *, index: int, source: str, now: datetime) -> Trait:
    said, field = row.traits[index], f"traits[{index}].update_time"
    if not said.HasField("update_time"):
        raise invalid_field(field, "a row states when it was true")
    time = from_timestamp(said.update_time, field=field)
    if time > now + MAX_AHEAD:
        raise invalid_field(field, "is in the future")
    return replace(trait, update_time=time, source=trait.source or source)
