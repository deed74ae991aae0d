"""What was seen, what is sent, and what is known at the other end: the same, whatever happens between."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from libs.timestamps import to_timestamp
from omnithread.cart.v1.price_pb2 import CartPrice
from omnithread.common.v1.event_pb2 import Head
from omnithread.context.v1.context_pb2 import (
    SECTION_CART,
    SECTION_PROBLEM_REASON_UNAVAILABLE,
    CartSection,
    JourneySection,
    OffersSection,
)
from omnithread.live import Live
from omnithread.messaging.v1.messaging_pb2 import MessagingOverview
from omnithread.preference.v1.preference_pb2 import Preferences
from omnithread.profile.v1.profile_pb2 import Profile
from services.aggregator.context import ALL_SECTIONS, FIELDS, BesideCart, ContextRead, Problem, SectionRead, assemble
from services.aggregator.watching.seen import TOKENS, Seen
from services.aggregator.watching.wire import Change, update_of
from tests.services.aggregator.samples import NOON

EMPTY: dict[str, Any] = {  # of six types
    "profile": Profile,
    "cart": CartSection,
    "preferences": Preferences,
    "messaging": MessagingOverview,
    "journey": JourneySection,
    "offers": OffersSection,
}
States = dict[int, int]
"""The versions of the sections that are there."""

customers = st.sampled_from(["mia", "max"])
states = st.dictionaries(st.sampled_from(sorted(ALL_SECTIONS)), st.integers(1, 3))


def read_of(customer_id: str, state: States, *, price_time: datetime = NOON, units: int = 0) -> ContextRead:
    """Give a context with these sections; the others' services are silent."""
    reads = [
        SectionRead(section, customer_id, version, Head(epoch="e", seq=version), message_of(section, version))
        for section, version in state.items()
    ]
    problems = tuple(Problem(s, SECTION_PROBLEM_REASON_UNAVAILABLE) for s in sorted(ALL_SECTIONS - state.keys()))
    price = CartPrice(price_time=to_timestamp(price_time))
    price.total.units = units
    return ContextRead(assemble(customer_id, reads, wanted=ALL_SECTIONS), problems, BesideCart(price))


def message_of(section: int, version: int) -> Any:  # as EMPTY
    message = EMPTY[FIELDS[section]]()
    match section:
        case context if context == SECTION_CART:
            message.cart.version = version
        case _ if isinstance(message, (Profile, Preferences, MessagingOverview)):
            message.version = version
        case _ if isinstance(message, JourneySection):
            message.journey.start_time.CopyFrom(Timestamp(seconds=version))
        case _:
            message.offers.add(offer_id="tea", version=version)
    return message


@given(st.lists(st.tuples(customers, states, st.booleans()), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_who_is_told_only_changes_knows_the_whole_even_where_the_stream_breaks(
    happened: list[tuple[str, States, bool]],
) -> None:
    known, seen = Live(changed_sections_only=False), None
    for customer_id, state, breaks in happened:
        read = read_of(customer_id, state)
        now = Seen.of(read)
        change = Change.between(seen, now)
        if change is not None:
            known.take_in(update_of(read, change, changed_sections_only=True))
            newest = known.newest()
            assert newest is not None
            assert newest.context == read.context
            assert list(newest.problems) == read.problems_to_proto()
        else:
            assert seen == now
        seen = now
        if breaks:
            token = now.to_token(asked_id="mia", wanted=ALL_SECTIONS)
            seen = Seen.from_token(token, asked_id="mia", wanted=ALL_SECTIONS)
            assert seen == now


def test_the_same_price_an_hour_later_is_no_news_and_another_price_is() -> None:
    before = Seen.of(read_of("mia", {SECTION_CART: 1}, units=5))
    later = Seen.of(read_of("mia", {SECTION_CART: 1}, units=5, price_time=NOON + timedelta(hours=1)))
    cheaper = Seen.of(read_of("mia", {SECTION_CART: 1}, units=4))
    assert Change.between(before, later) is None
    assert Change.between(before, cheaper) == Change(sections=(), snapshot=False)


def test_the_first_and_another_customer_are_told_whole() -> None:
    read = read_of("mia", {SECTION_CART: 1})
    assert Change.between(None, Seen.of(read)) == Change((SECTION_CART,), snapshot=True)
    assert Change.between(Seen.of(read_of("max", {SECTION_CART: 1})), Seen.of(read)) == Change(
        (SECTION_CART,), snapshot=True
    )


def test_a_token_for_another_customer_or_other_sections_is_none_and_a_damaged_one_is_refused() -> None:
    token = Seen.of(read_of("mia", {SECTION_CART: 1})).to_token(asked_id="old-mia", wanted=ALL_SECTIONS)
    assert len(token) <= 1024
    assert Seen.from_token(token, asked_id="old-mia", wanted=ALL_SECTIONS) is not None
    assert Seen.from_token(token, asked_id="mia", wanted=ALL_SECTIONS) is None
    assert Seen.from_token(token, asked_id="old-mia", wanted=frozenset({SECTION_CART})) is None
    assert Seen.from_token("", asked_id="old-mia", wanted=ALL_SECTIONS) is None
    for damaged in (token[:-4], token[4:], "x", "ü", token.swapcase()):
        with pytest.raises(OmnithreadError) as refused:
            Seen.from_token(damaged, asked_id="old-mia", wanted=ALL_SECTIONS)
        assert refused.value.reason == "PAGE_TOKEN_INVALID"


@pytest.mark.parametrize(
    "forged",
    [
        {"v": 1},
        {"v": 1, "a": "mia", "b": "", "c": "\ud800", "p": "", "w": "2"},
        {"v": 1, "a": "mia", "b": "", "c": "", "p": "", "w": "2"},
        {"v": 1, "a": "mia", "b": "", "c": "m" * 65, "p": "", "w": "2"},
    ],
)
def test_a_token_that_somebody_made_up_is_damaged(forged: dict[str, str | int]) -> None:
    with pytest.raises(OmnithreadError, match="PAGE_TOKEN_INVALID"):
        Seen.from_token(TOKENS.encode(forged, owner=""), asked_id="mia", wanted=frozenset({SECTION_CART}))
