"""Writes cards as documents, and reads them."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from libs.mongo.connection import Document
from services.aggregator.searching.cards import Card, marks_of
from services.aggregator.searching.trails import Trail
from services.aggregator.store import span_from_document, span_to_member

CARDS = "journey_cards"
"""One document for each journey, `_id` is the journey's id. It goes with its customer."""
WITHOUT_TRAILS: Mapping[str, int] = {"settled": 0, "trail.turns": 0, "trail.pairs": 0}
"""What searches leave out."""
ONLY_SPANS: Mapping[str, int] = {"trail": 0, "settled": 0, "marks": 0}


def card_to_document(card: Card) -> Document:
    """Write a card."""
    span = span_to_member(card.span)
    return {
        "_id": card.span.journey_id,
        "customer_id": card.customer_id,
        "start_time": card.start_time,
        "last_time": card.last_time,
        "span": dict(span.document),
        "generation": card.generation,
        "version": card.version,
        "uncounted": card.uncounted,
        "untold": card.token,
        "marks": marks_of(card),
        "trail": trail_to_fields(card.trail),
        "settled": trail_to_fields(card.settled),
    }


def card_from_document(document: Mapping[str, Any]) -> Card:
    """Read a card; what was left out of it is empty."""
    trail = document.get("trail")
    settled = document.get("settled")
    return Card(
        customer_id=document["customer_id"],
        span=span_from_document({**document["span"], "_id": document["_id"]}),
        trail=trail_from_fields(trail) if trail else Trail(),
        settled=trail_from_fields(settled) if settled else Trail(),
        generation=document["generation"],
        version=document["version"],
        uncounted=document["uncounted"],
    )


def trail_to_fields(trail: Trail) -> Document:
    """Write a trail."""
    return {
        "count": trail.count,
        "last_time": trail.last_time,
        "last_id": trail.last_id,
        "way": trail.way,
        "step_count": trail.step_count,
        "here": trail.here,
        "here_time": trail.here_time,
        "turns": [[before, after, _pairs_of(counts)] for (before, after), counts in trail.turns.items()],
        "did": trail.did,
        "did_time": trail.did_time,
        "pairs": [[before, after, _pairs_of(counts)] for (before, after), counts in trail.pairs.items()],
        "kinds": _pairs_of(trail.kinds),
        "last_kind": trail.last_kind,
        "last_channel_id": trail.last_channel_id,
        "last_channel_kind": trail.last_channel_kind,
        "has_act": trail.has_act,
        "problem_count": trail.problem_count,
        "last_problem": trail.last_problem,
        "order_count": trail.order_count,
        "totals": [[currency_code, str(nanos)] for currency_code, nanos in trail.totals.items()],
    }


def trail_from_fields(fields: Mapping[str, Any]) -> Trail:
    """Read a trail."""
    return Trail(
        **{
            **fields,
            "turns": {(before, after): _counts(found) for before, after, found in fields.get("turns", ())},
            "pairs": {(before, after): _counts(found) for before, after, found in fields.get("pairs", ())},
            "kinds": _counts(fields["kinds"]),
            "totals": Counter({currency_code: int(nanos) for currency_code, nanos in fields["totals"]}),
        }
    )


def _pairs_of(counts: Mapping[int, int]) -> list[list[int]]:
    return [[key, count] for key, count in sorted(counts.items())]


def _counts(pairs: list[list[int]]) -> Counter[int]:
    return Counter({one[0]: one[1] for one in pairs})
