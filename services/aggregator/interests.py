"""Decides what is remembered of a customer's interest: products looked at, and the advertisement that they came by.

Pure, and the same in whatever order things become known: each touchpoint is taken in once, late ones too.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from libs.channel import Channel
from omnithread.context.v1 import context_pb2
from services.aggregator import errors
from services.aggregator.values import CameFor, Thread, Touchpoint, View

MAX_VIEWS = 30
MAX_SKU_CHARACTERS = 64


def check_fields(kind: int, subject: str, skus: tuple[str, ...], offer_codes: tuple[str, ...]) -> None:
    """Refuse what does not go with the kind. Raises TOUCHPOINT_FIELDS_INVALID."""
    if kind != context_pb2.TOUCHPOINT_KIND_AD_CLICKED and (skus or offer_codes):
        raise errors.touchpoint_fields_invalid("skus" if skus else "offer_codes", "go with an advertisement only")
    if kind == context_pb2.TOUCHPOINT_KIND_PRODUCT_VIEWED and not 0 < len(subject) <= MAX_SKU_CHARACTERS:
        raise errors.touchpoint_fields_invalid("subject", f"is to be the product's sku, 1 to {MAX_SKU_CHARACTERS}")


def with_interest(thread: Thread, touchpoints: Iterable[Touchpoint]) -> Thread:
    """Remember what touchpoints say of the customer's interest; each is to be given once."""
    views, came_for = thread.views, thread.came_for
    for touchpoint in touchpoints:
        if touchpoint.kind == context_pb2.TOUCHPOINT_KIND_PRODUCT_VIEWED and touchpoint.subject:
            views = joined_views(views, (_view_of(touchpoint),))
        elif touchpoint.kind == context_pb2.TOUCHPOINT_KIND_AD_CLICKED:
            came_for = newer(came_for, _came_for_of(touchpoint))
    return replace(thread, views=views, came_for=came_for)


def joined_views(one: tuple[View, ...], other: tuple[View, ...]) -> tuple[View, ...]:
    """Sum two customers' views, or one's with a new one; the 30 looked at last stay, newest first."""
    by_sku: dict[str, View] = {}
    for view in (*one, *other):
        known = by_sku.get(view.sku)
        by_sku[view.sku] = view if known is None else _together(known, view)
    return tuple(sorted(by_sku.values(), key=_age, reverse=True)[:MAX_VIEWS])


def newer(one: CameFor | None, other: CameFor | None) -> CameFor | None:
    """Give the one by which the customer came later."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda came: (came.occur_time, came.campaign_id, came.skus, came.offer_codes))


def was_interested(thread: Thread, sku: str, *, since: datetime, at: datetime) -> bool:
    """Tell whether the customer knew a product at a time, and looked at it after `since`."""
    return any(view.sku == sku and view.last_time >= since and view.first_time <= at for view in thread.views)


def _view_of(touchpoint: Touchpoint) -> View:
    channel = Channel(touchpoint.channel_id, touchpoint.channel_kind)
    return View(touchpoint.subject, 1, touchpoint.occur_time, touchpoint.occur_time, channel)


def _came_for_of(touchpoint: Touchpoint) -> CameFor:
    return CameFor(
        campaign_id=touchpoint.subject,
        skus=touchpoint.skus,
        offer_codes=touchpoint.offer_codes,
        channel=Channel(touchpoint.channel_id, touchpoint.channel_kind),
        occur_time=touchpoint.occur_time,
    )


def _together(one: View, other: View) -> View:
    return View(
        sku=one.sku,
        count=one.count + other.count,
        first_time=min(one.first_time, other.first_time),
        last_time=max(one.last_time, other.last_time),
        last_channel=max(one, other, key=lambda view: (view.last_time, view.last_channel.id)).last_channel,
    )


def _age(view: View) -> tuple[datetime, str]:
    return view.last_time, view.sku
