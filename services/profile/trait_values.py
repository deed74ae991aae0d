"""Translates the values of traits and of what segments compare them with: text, number, yes or no, time."""

from datetime import datetime

from libs.timestamps import from_timestamp, to_timestamp
from omnithread.profile.v1 import profile_pb2, segment_pb2
from services.profile.model import TraitValue

WithValue = profile_pb2.Trait | segment_pb2.SegmentCondition


def value_from_proto(said: WithValue, *, field: str) -> TraitValue | None:
    """Read a value, None where there is none; `field` is the path of a time in the request. Errors: INVALID_FIELD."""
    match said.WhichOneof("value"):
        case "string_value":
            return said.string_value
        case "number_value":
            return said.number_value
        case "bool_value":
            return said.bool_value
        case "time_value":
            return from_timestamp(said.time_value, field=field)
    return None


def write_value(said: WithValue, value: TraitValue | None) -> None:
    """Write a value; None leaves it out."""
    match value:
        case None:
            pass
        case bool():  # before float: a yes is no number
            said.bool_value = value
        case str():
            said.string_value = value
        case datetime():
            said.time_value.CopyFrom(to_timestamp(value))
        case _:
            said.number_value = value
