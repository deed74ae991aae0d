"""Leaves out of a context what is personal, where nobody has said that the customer is there. Pure."""

import hashlib
from dataclasses import replace

from omnithread.context.v1 import context_pb2
from omnithread.context.v1.context_pb2 import (
    SECTION_MESSAGING,
    SECTION_PREFERENCES,
    SECTION_PROBLEM_REASON_WITHHELD,
    SECTION_PROFILE,
)
from services.aggregator.context import ETAG_CHARACTERS, ContextRead, Problem

PERSONAL = frozenset({SECTION_PROFILE, SECTION_PREFERENCES, SECTION_MESSAGING})


def without_person(read: ContextRead, wanted: frozenset[int]) -> ContextRead:
    """Give a context, read without the personal sections, also without past orders, notes of staff and views.

    What the customer looked at in other journeys is nobody's business; what an advertisement showed in this one stays.
    The sections that were wanted are named as withheld.
    """
    context = context_pb2.CustomerContext()
    context.CopyFrom(read.context)
    if context.HasField("cart"):
        context.cart.ClearField("recent_orders")
        context.cart.cart.ClearField("notes")
        context.cart.cart.ClearField("past_carts")  # they name the orders
    if context.HasField("journey"):
        context.journey.ClearField("viewed_products")
    # The whole of these sections in the same versions has another one.
    context.etag = hashlib.sha256(f"withheld\0{read.context.etag}".encode()).hexdigest()[:ETAG_CHARACTERS]
    problems = [problem for problem in read.problems if problem.section not in PERSONAL]
    problems += [Problem(section, SECTION_PROBLEM_REASON_WITHHELD) for section in sorted(PERSONAL & wanted)]
    return replace(read, context=context, problems=tuple(problems))
