"""Remembers journeys: the fields of a customer's record, and the documents of touchpoints and of old journeys."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from libs.channel import Channel
from libs.mongo.migrate import due_index, member_index
from libs.mongo.values import Member, RecordShape
from services.aggregator.event_convert import event_to_proto
from services.aggregator.events import Event, JourneyAbsorbed, JourneyStarted, SessionStarted, TouchpointRecorded
from services.aggregator.journey_spans import due_time
from services.aggregator.journey_values import UNKNOWN, End, Journey, Reached, Span, Tick, Timeline
from services.aggregator.values import CameFor, Entrance, Heard, Session, Thread, Touchpoint, View

TOUCHPOINTS = "touchpoints"
"""Every touchpoint, by customer and time. None is ever moved: its journey follows from its time."""
JOURNEYS = "journeys"
"""The journeys that no longer fit into the record, as they were when they left it."""
JOURNEY_DUE_TIME = "journey_due_time"
"""When the newest journey is over, unless the customer acts; the sweep finds records by it."""
CARDS_STATE = "cards_state"
"""0 with every write: what is kept ready of the customer's journeys for searches is to be made anew."""
VIEWS = "views"
"""What the customer looked at; who looked at a product is found by it."""
OLD_DONE_TIME = "done_order_placed_time"
INDEXES = (member_index(TOUCHPOINTS), member_index(JOURNEYS), due_index(JOURNEY_DUE_TIME))

Fields = dict[str, Any]
"""What MongoDB keeps: names to values of any kind."""


def thread_to_fields(thread: Thread) -> Fields:
    """Write the state as top-level fields of the record, always all of them."""
    timeline = thread.timeline
    return {
        "journeys": [_fields_of(journey) for journey in timeline.journeys],
        "loose_times": list(timeline.loose_times),
        "first_time": timeline.first_time,
        "looked_time": timeline.looked_time,
        "retired_id": timeline.retired_id,
        "retired_until_time": timeline.retired_until_time,
        "ticks": [[tick.time, tick.channel_id] for tick in timeline.ticks],
        "ends": [_end_to_fields(end) for end in timeline.ends],
        "goals": [_fields_of(reached) for reached in timeline.goals],
        JOURNEY_DUE_TIME: due_time(timeline),
        "sessions": [_fields_of(session) for session in thread.sessions],
        "recent_touchpoints": [_fields_of(touchpoint) for touchpoint in thread.recent_touchpoints],
        "heard": [_fields_of(heard) for heard in thread.heard],
        "entrances": [_fields_of(entrance) for entrance in thread.entrances],
        "merges": thread.merges,
        VIEWS: [_view_to_fields(view) for view in thread.views],
        "trouble_times": list(thread.trouble_times),
        "came_for": _came_for_to_fields(thread.came_for) if thread.came_for else None,
        CARDS_STATE: 0,
    }


def thread_from_document(document: Mapping[str, Any]) -> Thread:
    """Read the state from a record."""
    return Thread(
        timeline=Timeline(
            journeys=tuple(_journey_from_fields(fields) for fields in document["journeys"]),
            loose_times=tuple(document["loose_times"]),
            first_time=document["first_time"],
            looked_time=document["looked_time"],
            retired_id=document["retired_id"],
            retired_until_time=document["retired_until_time"],
            ticks=tuple(Tick(time, channel_id) for time, channel_id in document.get("ticks", ())),
            ends=tuple(_end_from_fields(*fields) for fields in document.get("ends", ())),
            goals=tuple(Reached(**fields) for fields in document.get("goals", ())),
        ),
        sessions=tuple(Session(**fields) for fields in document["sessions"]),
        recent_touchpoints=tuple(_touchpoint_from_fields(fields) for fields in document["recent_touchpoints"]),
        heard=tuple(Heard(**fields) for fields in document["heard"]),
        entrances=tuple(Entrance(**fields) for fields in document.get("entrances", ())),
        merges=document.get("merges", 0),
        views=tuple(_view_from_fields(fields) for fields in document.get(VIEWS, ())),
        came_for=_came_for_from_fields(document["came_for"]) if document.get("came_for") else None,
        trouble_times=tuple(document.get("trouble_times", ())),
    )


def touchpoint_to_member(touchpoint: Touchpoint) -> Member:
    """Write a touchpoint as a member of the customer's list."""
    fields = _fields_of(touchpoint)
    return Member(
        collection=TOUCHPOINTS,
        id=fields.pop("touchpoint_id"),
        document={**fields, "sort_time": fields.pop("occur_time")},
    )


def touchpoint_from_document(document: Mapping[str, Any]) -> Touchpoint:
    """Read a touchpoint back."""
    names = [*(field.name for field in dataclasses.fields(Touchpoint)), OLD_DONE_TIME]
    fields = {"touchpoint_id": document["_id"], "occur_time": document["sort_time"], **document}
    return _touchpoint_from_fields({name: fields[name] for name in names if name in fields})


def span_to_member(span: Span) -> Member:
    """Write a journey as a member of the customer's list."""
    fields = _fields_of(span) | {"goals": [_fields_of(reached) for reached in span.goals]}
    return Member(
        collection=JOURNEYS,
        id=fields.pop("journey_id"),
        document={**fields, "sort_time": fields.pop("start_time")},
    )


def span_from_document(document: Mapping[str, Any]) -> Span:
    """Read a journey back."""
    names = [field.name for field in dataclasses.fields(Span)]
    fields = {"journey_id": document["_id"], "start_time": document["sort_time"], **document}
    found = {name: fields[name] for name in names if name in fields}
    lists = {name: tuple(found[name]) for name in ("joined_ids", "channel_ids")}
    return Span(**{**found, **lists, "goals": tuple(Reached(**reached) for reached in found.get("goals", ()))})


def _fields_of(value: Journey | Span | Reached | Session | Touchpoint | Heard | Entrance) -> Fields:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _journey_from_fields(fields: Mapping[str, Any]) -> Journey:
    return Journey(**{**fields, "joined_ids": tuple(fields["joined_ids"]), "channel_ids": tuple(fields["channel_ids"])})


def _end_to_fields(end: End) -> list[Any]:
    return [end.time, end.placed_time, int(end.reentry.total_seconds()), end.why]


def _end_from_fields(time: datetime, placed_time: datetime, reentry_seconds: int = 0, why: str = UNKNOWN) -> End:
    """An older version noted the two times only."""
    return End(time, placed_time, timedelta(seconds=reentry_seconds), why)


def _touchpoint_from_fields(fields: Mapping[str, Any]) -> Touchpoint:
    lists = {name: tuple(fields.get(name, ())) for name in ("skus", "offer_codes", "goal_ids")}
    # An older version noted of a done order only when that was placed; every such order ended its journey.
    done_time = fields.get(OLD_DONE_TIME)
    older = {"order_placed_time": done_time, "ends": UNKNOWN} if done_time else {}
    fields = {name: value for name, value in fields.items() if name != OLD_DONE_TIME} | older
    return Touchpoint(**{**fields, **lists, "attributes": tuple((key, value) for key, value in fields["attributes"])})


def _view_to_fields(view: View) -> Fields:
    return {
        "sku": view.sku,
        "count": view.count,
        "first_time": view.first_time,
        "last_time": view.last_time,
        "last_channel": view.last_channel.to_fields(),
    }


def _view_from_fields(fields: Mapping[str, Any]) -> View:
    return View(**{**fields, "last_channel": Channel.from_fields(fields["last_channel"])})


def _came_for_to_fields(came_for: CameFor) -> Fields:
    return {
        "campaign_id": came_for.campaign_id,
        "skus": list(came_for.skus),
        "offer_codes": list(came_for.offer_codes),
        "channel": came_for.channel.to_fields(),
        "occur_time": came_for.occur_time,
    }


def _came_for_from_fields(fields: Mapping[str, Any]) -> CameFor:
    return CameFor(
        campaign_id=fields["campaign_id"],
        skus=tuple(fields["skus"]),
        offer_codes=tuple(fields["offer_codes"]),
        channel=Channel.from_fields(fields["channel"]),
        occur_time=fields["occur_time"],
    )


def _members(event: Event) -> Sequence[Member]:
    match event:
        case SessionStarted() | TouchpointRecorded():
            return (touchpoint_to_member(event.touchpoint),)
        case JourneyStarted() | JourneyAbsorbed():
            return tuple(span_to_member(span) for span in event.retired)
    return ()


def _occur_time(event: Event) -> datetime:
    match event:
        case SessionStarted() | TouchpointRecorded():
            return event.touchpoint.occur_time
    return event.occur_time


SHAPE: RecordShape[Thread, Event] = RecordShape(
    empty=lambda _customer_id: Thread(),
    to_fields=thread_to_fields,
    from_document=thread_from_document,
    to_event=event_to_proto,
    members=_members,
    occur_time=_occur_time,
)
