"""What of a context the scopes of a channel's token leave out: named as withheld, and never a reason to fail. Pure."""

import hashlib
from collections.abc import Mapping

from libs.rpc.call import Call
from libs.sensitive import may_see, withhold
from omnithread.context.v1 import context_pb2
from omnithread.context.v1.context_pb2 import (
    SECTION_CART,
    SECTION_MESSAGING,
    SECTION_OFFERS,
    SECTION_PREFERENCES,
    SECTION_PROBLEM_REASON_WITHHELD,
    SECTION_PROFILE,
)
from services.aggregator.context import ETAG_CHARACTERS, Problem

SCOPES: Mapping[int, str] = {
    SECTION_PROFILE: "profile:read",
    SECTION_CART: "cart:read",
    SECTION_OFFERS: "cart:read",
    SECTION_PREFERENCES: "preference:read",
    SECTION_MESSAGING: "messages:read",
}
"""What a section asks for; the journey comes with `context:read` itself."""
AREA_SCOPES: Mapping[str, str] = {
    "cart": "cart:read",
    "preference": "preference:read",
    "messaging": "messages:read",
}
"""What it asks for to be told what a merge did in an area."""
NOTHING: frozenset[int] = frozenset()


def closed_to(call: Call | None) -> frozenset[int]:
    """Give the sections that the caller's scopes do not open; to the suite's own services all are open."""
    if call is None or call.caller.service:
        return NOTHING
    return frozenset(section for section, scope in SCOPES.items() if scope not in call.caller.scopes)


def areas_closed_to(call: Call | None) -> frozenset[str]:
    """Give the areas of a merge that the caller's scopes do not open."""
    if call is None or call.caller.service:
        return frozenset()
    return frozenset(area for area, scope in AREA_SCOPES.items() if scope not in call.caller.scopes)


def withheld_problems(sections: frozenset[int]) -> list[Problem]:
    """Name sections as withheld."""
    return [Problem(section, SECTION_PROBLEM_REASON_WITHHELD) for section in sorted(sections)]


def for_caller(context: context_pb2.CustomerContext, call: Call | None) -> context_pb2.CustomerContext:
    """Take out what is sensitive, unless the caller may see it; what is left has an etag of its own. In place."""
    if call is None or may_see(call.caller):
        return context
    withhold(context)
    if context.profile.withheld_fields or context.preferences.withheld_fields:
        context.etag = hashlib.sha256(f"not sensitive\0{context.etag}".encode()).hexdigest()[:ETAG_CHARACTERS]
    return context
