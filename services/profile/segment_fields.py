"""Segments and memberships as fields of documents, and as the contract's messages."""

from collections.abc import Mapping
from typing import Any

from libs.mongo.documents import DocumentShape, SavedDocument
from libs.timestamps import to_timestamp
from omnithread.profile.v1 import profile_pb2, segment_pb2
from services.profile.model import Membership, Standing
from services.profile.segments import Condition, Operator, Segment
from services.profile.trait_values import value_from_proto, write_value

SEGMENTS = "segments"
EDITION, DUE_TIME = "segments_edition", "segments_due_time"
"""The fields that the sweep looks for."""

Fields = dict[str, Any]
"""What MongoDB keeps: names to values of any kind."""

OPERATORS = {
    Operator.EXISTS: segment_pb2.SEGMENT_OPERATOR_EXISTS,
    Operator.EQUAL: segment_pb2.SEGMENT_OPERATOR_EQUAL,
    Operator.LESS: segment_pb2.SEGMENT_OPERATOR_LESS,
    Operator.AT_MOST: segment_pb2.SEGMENT_OPERATOR_AT_MOST,
    Operator.GREATER: segment_pb2.SEGMENT_OPERATOR_GREATER,
    Operator.AT_LEAST: segment_pb2.SEGMENT_OPERATOR_AT_LEAST,
    Operator.WITHIN_DAYS: segment_pb2.SEGMENT_OPERATOR_WITHIN_DAYS,
    Operator.OLDER_THAN_DAYS: segment_pb2.SEGMENT_OPERATOR_OLDER_THAN_DAYS,
}
_FROM_OPERATORS = {number: one for one, number in OPERATORS.items()}


def marks_of(standing: Standing) -> Fields:
    """Write when to look again: what nobody is told of."""
    return {EDITION: standing.edition, DUE_TIME: standing.due_time}


def standing_to_fields(standing: Standing) -> Fields:
    """Write memberships as top-level fields of the record."""
    return {
        "segments": [
            {"segment_id": one.segment_id, "segment_version": one.segment_version, "enter_time": one.enter_time}
            for one in standing.memberships
        ],
        **marks_of(standing),
    }


def standing_from_document(document: Mapping[str, Any]) -> Standing:
    """Read memberships from a record; there are none in one from before there were segments."""
    return Standing(
        memberships=tuple(Membership(**one) for one in document.get("segments", ())),
        edition=document.get(EDITION) or 0,
        due_time=document.get(DUE_TIME),
    )


def memberships_to_proto(standing: Standing) -> list[profile_pb2.SegmentMembership]:
    """Write to which segments a customer belongs."""
    return [
        profile_pb2.SegmentMembership(
            segment_id=one.segment_id,
            segment_version=one.segment_version,
            enter_time=to_timestamp(one.enter_time),
        )
        for one in standing.memberships
    ]


def segment_to_fields(segment: Segment) -> Fields:
    """Write a segment as fields of its document."""
    return {
        "description": segment.description,
        "active": segment.active,
        "all_of": [
            [
                {
                    "field": condition.field,
                    "operator": str(condition.operator),
                    "value": condition.value,
                    "negated": condition.negated,
                }
                for condition in group
            ]
            for group in segment.all_of
        ],
    }


def segment_from_document(document: Mapping[str, Any]) -> Segment:
    """Read a segment from its document."""
    return Segment(
        segment_id=document["_id"],
        description=document["description"],
        active=document["active"],
        all_of=tuple(
            tuple(Condition(**{**one, "operator": Operator(one["operator"])}) for one in group)
            for group in document["all_of"]
        ),
    )


SEGMENT_SHAPE: DocumentShape[Segment] = DocumentShape(
    empty=lambda segment_id: Segment(segment_id=segment_id),
    to_fields=segment_to_fields,
    from_document=segment_from_document,
)


def segment_from_proto(said: segment_pb2.Segment) -> Segment:
    """Read a segment. Errors: INVALID_FIELD for a time that is none."""
    return Segment(
        segment_id=said.segment_id,
        description=said.description,
        active=said.active,
        all_of=tuple(
            tuple(
                _condition_from_proto(one, place=f"segment.all_of[{group_index}].any_of[{index}]")
                for index, one in enumerate(group.any_of)
            )
            for group_index, group in enumerate(said.all_of)
        ),
    )


def segment_to_proto(saved: SavedDocument[Segment]) -> segment_pb2.Segment:
    """Write a segment as it is kept."""
    segment = saved.state
    return segment_pb2.Segment(
        segment_id=segment.segment_id,
        description=segment.description,
        all_of=[
            segment_pb2.SegmentGroup(any_of=[condition_to_proto(condition) for condition in group])
            for group in segment.all_of
        ],
        active=segment.active,
        version=saved.version,
        etag=saved.etag(),
        update_time=to_timestamp(saved.update_time),
    )


def condition_to_proto(condition: Condition) -> segment_pb2.SegmentCondition:
    """Write a condition."""
    said = segment_pb2.SegmentCondition(
        field=condition.field, operator=OPERATORS[condition.operator], negated=condition.negated
    )
    write_value(said, condition.value)
    return said


def _condition_from_proto(said: segment_pb2.SegmentCondition, *, place: str) -> Condition:
    return Condition(
        field=said.field,
        operator=_FROM_OPERATORS[said.operator],
        value=value_from_proto(said, field=f"{place}.time_value"),
        negated=said.negated,
    )
