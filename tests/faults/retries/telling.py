"""Tells documents and answers with ids and times blanked, so that customers can be compared."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import bson
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.context.v1.context_events_pb2 import ContextEvent
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_PROBLEM, TouchpointKind
from omnithread.messaging.v1.messaging_events_pb2 import MessagingEvent
from omnithread.preference.v1.preference_events_pb2 import PreferenceEvent
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent

EVENTS: Mapping[str, type[Message]] = {
    "profile": ProfileEvent,
    "cart": CartEvent,
    "preference": PreferenceEvent,
    "messaging": MessagingEvent,
    "aggregator": ContextEvent,
}
BLANKS = (
    (re.compile(r"\b([a-z]{2,4})_[0-9a-z]{26}\b"), r"\1_*"),
    (re.compile(r"\b[A-HJ-NP-Z2-9]{12}\b"), "<code>"),
    (re.compile(r"\*:\d+\b"), "*:<seq>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"), "<time>"),
    (re.compile(r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\b"), "<trace>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b[0-9a-f]{12,}\b"), "<hash>"),
    (re.compile(r"[A-Za-z0-9_-]{32,}"), "<token>"),
)
UNTOLD = frozenset(
    {
        "traceparent",
        "body_hash",
        "update_time",
        "version",
        "seq",
        "heard",
        "settled_count",
        "parked_attempts",
        "attempts",
        "expire_time",
        "one_time_code",
        "revision",
        "offers_edition",
        "segments_edition",
        "channel",
        "channel_id",
    }
)
"""Fields that say nothing of what was done, but when, or after what else: services hear of each other in any order.
What was done twice is there twice: a line of a cart, a request, an event, a message.
"""
EVENTS_OF_ALL = "events"
"""The collection of each service that has what it announced."""
TOUCHPOINTS = "touchpoints"
TOLD_OF_TOUCHPOINTS = frozenset({"ticks", "trouble_times"})
"""What a customer's thread keeps of the times of touchpoints, which are all compared themselves."""
PROBLEM, PROBLEM_NAME = TOUCHPOINT_KIND_PROBLEM, TouchpointKind.Name(TOUCHPOINT_KIND_PROBLEM)
MISSING = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "FAILED"})
"""Why a section was missing in an answer; what is refused has other reasons."""
LATE = ("cursors", "journey_cards")
"""Collections of which a receipt counts what readers and sweeps had made by then."""
A_STEP = re.compile(r"erasure:[a-z-]+:stp_")
SECONDS_NOW = 1_500_000_000


def told_message(message: Message, key: str, without: Iterable[str] = ()) -> str:
    """Tell an answer with ids and times blanked, without some of its fields."""
    plain = json_format.MessageToDict(message, preserving_proto_field_name=True)
    for name in without:
        plain.pop(name, None)
    return json.dumps(_blanked(plain, key), sort_keys=True)


def json_of(message: Message) -> str:
    """Tell an answer as it is."""
    return json.dumps(json_format.MessageToDict(message, preserving_proto_field_name=True), sort_keys=True)


def told_document(raw: bytes, *, name: str, key: str) -> str | None:
    """Tell a document of `service.collection`; None where it tells of the fault itself."""
    document = _without_chance(name, bson.decode(raw))
    if name == f"aggregator.{TOUCHPOINTS}" and _tells_of_a_missing_section(document):
        return None
    opened = _opened(document, name.partition(".")[0])
    if name == f"aggregator.{EVENTS_OF_ALL}":
        recorded = opened["event"].get("touchpoint_recorded", {})
        if recorded.get("kind") == PROBLEM_NAME and recorded.get("subject") in MISSING:
            return None
        if "journey_absorbed" in opened["event"]:
            opened.pop("journey_id")  # a label: the journey of the caller, or of the listener who came first
    return json.dumps(_blanked(opened, key), sort_keys=True, default=str)


def _without_chance(name: str, document: dict[str, Any]) -> dict[str, Any]:
    """Leave out what depends on who came first, by design, and says nothing of what was done."""
    if name == "profile.records":
        # A shortcut: where a crash left it out, the survivor's record is asked instead.
        return {field: value for field, value in document.items() if field != "absorption_done"}
    if name == "profile.identifiers":
        # The call that made a claim leaves its token there, until another call builds on the claim: a retry, too.
        return {field: value for field, value in document.items() if field != "token"}
    if name == "aggregator.erasures":
        # Each step of an erasure that goes on, or is put off, is a request of its own.
        return {**document, "requests": [one for one in document["requests"] if not A_STEP.match(one["id"])]}
    if name.startswith("messaging."):
        return dict(_without_silences(document))
    if name == "aggregator.records":
        recent = [one for one in document.get("recent_touchpoints", ()) if not _tells_of_a_missing_section(one)]
        requests = [one for one in document["requests"] if not one["id"].startswith("trouble:")]
        without = {field: value for field, value in document.items() if field not in TOLD_OF_TOUCHPOINTS}
        return {**without, "recent_touchpoints": recent, "requests": requests}
    return document


def _without_silences(value: Any) -> Any:
    """Leave out that messages waited for a service which did not answer, as often as it was so: that is the fault."""
    if isinstance(value, Mapping):
        return {name: _without_silences(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_silences(inner) for inner in value if not _is_silence(inner)]
    return value


def _is_silence(value: Any) -> bool:
    return isinstance(value, Mapping) and (value.get("verdict"), value.get("reason")) == ("WAIT", "SOURCE_AWAY")


def _tells_of_a_missing_section(touchpoint: Mapping[str, Any]) -> bool:
    """Whether it says what an answer lacked, as often as it was so: it tells of the fault itself."""
    return touchpoint["kind"] == PROBLEM and any("section" in pair for pair in touchpoint["attributes"])


def _opened(value: Any, service: str) -> Any:
    """Read events, which are bytes, as what they say."""
    if isinstance(value, dict):
        return {
            name: _event(inner, service) if name == "event" else _opened(inner, service)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_opened(inner, service) for inner in value]
    return value


def _event(value: Any, service: str) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        event = EVENTS[service].FromString(value)
    except DecodeError:
        return "<bytes>"
    return json_format.MessageToDict(event, preserving_proto_field_name=True)


def _blanked(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        # The token of a head says its `seq` once more.
        untold = UNTOLD | {"token"} if "epoch" in value else UNTOLD
        return {_text(name, key): _blanked(inner, key) for name, inner in value.items() if name not in untold}
    if isinstance(value, list | tuple):
        told = [inner for inner in value if not _counts_cursors(inner)]
        return sorted((_blanked(inner, key) for inner in told), key=lambda inner: json.dumps(inner, sort_keys=True))
    if isinstance(value, str):
        return _text(value, key)
    if isinstance(value, datetime):
        return "<time>"
    if isinstance(value, bytes):
        return "<bytes>"
    if isinstance(value, int | float) and value > SECONDS_NOW:
        return "<time>"
    return value


def _counts_cursors(value: Any) -> bool:
    """Whether it is the row of a receipt that says what readers and sweeps had made by then, or not yet."""
    return isinstance(value, dict) and "erased_count" in value and str(value["collection"]).endswith(LATE)


def _text(value: str, key: str) -> str:
    told = re.sub(re.escape(key), "<key>", value, flags=re.IGNORECASE)
    for pattern, blank in BLANKS:
        told = pattern.sub(blank, told)
    return told
