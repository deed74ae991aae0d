"""Finds out which devices and cookies are used by so many that they say nothing any more: the tablet in the store.

What is counted are known customers who proved who they are on a machine that leads to somebody else. A machine that
is past its limit stays so: it would otherwise lead to its first customer again after a quiet season.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.profile.model import CustomerId
from services.profile.rules import Sharing

REFRESHED = 10
"""A use is noted again when a tenth of the window has passed: a family's tablet costs a write now and then."""


@dataclass(frozen=True, slots=True)
class Use:
    """One customer who used a machine that leads to another one, and when last (roughly)."""

    customer_id: CustomerId
    use_time: datetime


@dataclass(frozen=True, slots=True)
class Uses:
    """Who else used a machine."""

    others: tuple[Use, ...] = ()
    """The last of each customer, oldest first; never more than the limit and one."""
    shared_time: datetime | None = None
    """Since when it identifies nobody; None while it does."""
    revision: int = 0
    """Counts the changes, so that two at once both count."""


def is_news(uses: Uses, customer_id: CustomerId, *, sharing: Sharing, now: datetime) -> bool:
    """Say whether this use has to be noted."""
    if uses.shared_time is not None:
        return False
    known = next((one for one in uses.others if one.customer_id == customer_id), None)
    return known is None or now - known.use_time > sharing.within / REFRESHED


def with_use(
    uses: Uses,
    customer_id: CustomerId,
    *,
    holder_id: CustomerId | None,
    standing: Mapping[CustomerId, CustomerId],
    sharing: Sharing,
    now: datetime,
) -> Uses:
    """Add a use, and say from now on that the machine is shared where that makes too many.

    `holder_id` is the known customer to whom it leads, None where that is a guest; `standing` has who the customers
    are today, since two of them may have become one.
    """
    today = standing.get(customer_id, customer_id)
    newest = {standing.get(one.customer_id, one.customer_id): one.use_time for one in uses.others}
    newest[today] = now
    newest.pop(holder_id or CustomerId(""), None)
    others = tuple(
        Use(customer_id=who, use_time=when)
        for who, when in sorted(newest.items(), key=lambda item: (item[1], item[0]))
        if now - when <= sharing.within
    )
    count = len(others) + (holder_id is not None)
    shared = uses.shared_time or (now if count > sharing.most_customers else None)
    return replace(uses, others=others[-sharing.most_customers - 1 :], shared_time=shared, revision=uses.revision + 1)
