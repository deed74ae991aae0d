"""Translates words: what is searched for, and cards."""

import hashlib
from datetime import timedelta
from itertools import pairwise

from libs.errors import invalid_field
from libs.timestamps import from_timestamp, to_timestamp
from omnithread.common.v1 import channel_pb2
from omnithread.context.v1 import context_pb2
from omnithread.context.v1 import journey_service_pb2 as pb
from services.aggregator.journey_convert import journey_to_proto
from services.aggregator.searching.behind import Freshness
from services.aggregator.searching.cards import SHOWN_STEPS, Card
from services.aggregator.searching.money_convert import totals_to_proto
from services.aggregator.searching.places import kinds_of, written
from services.aggregator.searching.searches import BY_LAST_ACT, BY_START, Wanted

MAX_CURRENCIES = 5


def wanted_from_request(request: pb.SearchJourneysRequest) -> Wanted:
    """Read what is searched for. Raises INVALID_FIELD."""
    way = written(request.path)
    if any(before == after for before, after in pairwise(way)):
        raise invalid_field("path", "names a kind of channel twice in a row")
    if request.exact_path and not way:
        raise invalid_field("exact_path", "without a path")
    if request.going_on and request.outcome:
        raise invalid_field("going_on", "together with an outcome")
    if request.HasField("stuck_for") and request.outcome:
        raise invalid_field("stuck_for", "together with an outcome")
    from_time = from_timestamp(request.from_time, field="from_time") if request.HasField("from_time") else None
    to_time = from_timestamp(request.to_time, field="to_time") if request.HasField("to_time") else None
    if from_time is not None and to_time is not None and from_time >= to_time:
        raise invalid_field("to_time", "not after from_time")
    return Wanted(
        way=way,
        exact_way=request.exact_path,
        outcome=request.outcome,
        going_on=request.going_on,
        goal_id=request.goal_id,
        field=BY_START if request.time_field == pb.JOURNEY_TIME_FIELD_START else BY_LAST_ACT,
        from_time=from_time,
        to_time=to_time,
        stuck_for=_seconds(request) if request.HasField("stuck_for") else None,
        channel_id=request.channel_id,
        has_problem=request.has_problem,
    )


def search_name(request: pb.SearchJourneysRequest) -> str:
    """Give a short name of what is searched for: a page token of one search is of no use for another."""
    search = pb.SearchJourneysRequest()
    search.CopyFrom(request)
    search.ClearField("page_token")
    search.ClearField("page_size")
    return hashlib.sha256(search.SerializeToString(deterministic=True)).hexdigest()


def card_to_proto(card: Card) -> pb.JourneyCard:
    """Write a card."""
    trail = card.trail
    return pb.JourneyCard(
        journey=journey_to_proto(card.span, customer_id=card.customer_id),
        path=kinds_of(trail.way[:SHOWN_STEPS]),
        step_count=trail.step_count,
        last_touchpoint_kind=context_pb2.TouchpointKind.ValueType(trail.last_kind),
        last_channel=channel_pb2.Channel(
            id=trail.last_channel_id, kind=channel_pb2.ChannelKind.ValueType(trail.last_channel_kind)
        ),
        stuck_since=to_timestamp(card.last_time) if card.goes_on else None,
        problem_count=trail.problem_count,
        last_problem_reason=trail.last_problem,
        order_count=trail.order_count,
        order_totals=totals_to_proto(trail.totals, most=MAX_CURRENCIES),
    )


def freshness_to_proto(freshness: Freshness, *, days_behind: int = 0) -> pb.JourneyFreshness:
    """Write how far behind an answer is."""
    return pb.JourneyFreshness(
        computed_time=to_timestamp(freshness.computed_time),
        customers_behind=freshness.customers_behind,
        days_behind=days_behind,
    )


def _seconds(request: pb.SearchJourneysRequest) -> timedelta:
    return timedelta(seconds=request.stuck_for.seconds, microseconds=request.stuck_for.nanos // 1000)
