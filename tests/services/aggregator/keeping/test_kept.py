"""What is kept is bounded, and never passes for newer than it is, whatever is heard while it is read or after."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from libs.rpc.call import Caller
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.common.v1.event_pb2 import EventHeader, Head
from omnithread.context.v1.context_pb2 import (
    SECTION_CART,
    SECTION_JOURNEY,
    SECTION_MESSAGING,
    SECTION_PREFERENCES,
    SECTION_PROBLEM_REASON_UNAVAILABLE,
    SECTION_PROFILE,
    CartSection,
    JourneySection,
)
from omnithread.context_token import ContextToken
from omnithread.messaging.v1.messaging_pb2 import MessagingOverview
from omnithread.preference.v1.preference_pb2 import Preferences
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent
from omnithread.profile.v1.profile_pb2 import Merge, Profile
from services.aggregator.context import ALL_SECTIONS, AREAS, ContextRead, Problem, SectionRead, assemble
from services.aggregator.keeping.contexts import answer_of
from services.aggregator.keeping.kept import Kept, KeptContexts
from services.aggregator.keeping.new_enough import LONGEST_KEPT, Wish, sections_to_ask
from services.aggregator.subject import Subject

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
CALLER = Caller(channel_id="web-shop", channel_kind=1)
MESSAGES: dict[int, Message] = {
    SECTION_PROFILE: Profile(),
    SECTION_CART: CartSection(),
    SECTION_PREFERENCES: Preferences(),
    SECTION_MESSAGING: MessagingOverview(),
    SECTION_JOURNEY: JourneySection(),
}
EVERY = frozenset(MESSAGES)


def subject(customer_id: str = "cus_1") -> Subject:
    return Subject.of(customer_id, ALL_SECTIONS, CALLER)


def read_of(customer_id: str = "cus_1", *, seq: int = 1, merges: tuple[Merge, ...] = ()) -> ContextRead:
    """A whole context in which every area has come to this event."""
    reads = {
        section: SectionRead(
            section, customer_id, seq, Head(epoch=f"epo_{AREAS[section]}", seq=seq), message, read_time=NOON
        )
        for section, message in MESSAGES.items()
    }
    reads[SECTION_PROFILE] = replace(reads[SECTION_PROFILE], message=Profile(merges=merges))
    context = assemble(customer_id, reads.values(), wanted=ALL_SECTIONS)
    return ContextRead(context, heads={AREAS[s]: read.head for s, read in reads.items()}, reads=reads)


def keep(contexts: KeptContexts, customer_id: str = "cus_1", *, seq: int = 1) -> None:
    filling = contexts.begin(subject(customer_id))
    read = read_of(customer_id, seq=seq)
    contexts.end(filling, read, answer_of(read))


def event(area: str, seq: int, customer_id: str = "cus_1") -> Message:
    header = EventHeader(customer_id=customer_id, epoch=f"epo_{area}", seq=seq)
    return ProfileEvent(header=header) if area == "profile" else CartEvent(header=header)


def kept_of(contexts: KeptContexts) -> Kept:
    kept = contexts.get(subject())
    assert kept is not None
    return kept


def asked(kept: Kept, wish: Wish, *, after: timedelta = timedelta()) -> frozenset[int]:
    return sections_to_ask(kept, wish, NOON + after)


def test_the_least_recently_used_goes_first() -> None:
    contexts = KeptContexts(most=2, most_bytes=1_000_000)
    keep(contexts, "cus_1")
    keep(contexts, "cus_2")
    assert contexts.get(subject("cus_1"))
    keep(contexts, "cus_3")
    assert contexts.get(subject("cus_2")) is None
    assert contexts.get(subject("cus_1"))
    assert len(contexts) == 2


def test_it_never_takes_more_than_it_may() -> None:
    one = KeptContexts(most=10, most_bytes=1_000_000)
    keep(one)
    contexts = KeptContexts(most=10, most_bytes=one.bytes * 3)
    for number in range(9):
        keep(contexts, f"cus_{number}")
        assert contexts.bytes <= one.bytes * 3
    assert len(contexts) == 3
    for number in range(9):
        contexts.heard("profile", event("profile", 5, f"cus_{number}"))
    assert (len(contexts), contexts.bytes) == (0, 0)


def test_none_is_kept_where_none_may_be() -> None:
    contexts = KeptContexts(most=0, most_bytes=1_000_000)
    keep(contexts)
    assert len(contexts) == 0


def test_what_is_not_whole_or_somebody_elses_is_not_kept() -> None:
    contexts = KeptContexts(most=10, most_bytes=1_000_000)
    whole = read_of()
    lacking = replace(whole, problems=(Problem(SECTION_CART, SECTION_PROBLEM_REASON_UNAVAILABLE),))
    merged = read_of("cus_survivor")
    for read in (lacking, merged, None):
        contexts.end(contexts.begin(subject()), read, answer_of(read) if read else None)
        assert contexts.get(subject()) is None


def test_an_event_beyond_it_asks_its_area_and_the_journey() -> None:
    contexts = KeptContexts(most=10, most_bytes=1_000_000)
    keep(contexts)
    contexts.heard("cart", event("cart", 1))
    assert asked(kept_of(contexts), Wish(told=(ContextToken("cus_1", {}),))) == frozenset()
    contexts.heard("cart", event("cart", 2))
    assert asked(kept_of(contexts), Wish()) == {SECTION_CART, SECTION_JOURNEY}
    assert asked(kept_of(contexts), Wish(max_age=timedelta(seconds=5))) == frozenset()


def test_an_event_that_is_heard_while_it_is_read_counts() -> None:
    contexts = KeptContexts(most=10, most_bytes=1_000_000)
    filling = contexts.begin(subject())
    contexts.heard("cart", event("cart", 2))
    read = read_of(seq=1)
    contexts.end(filling, read, answer_of(read))
    assert asked(kept_of(contexts), Wish()) == {SECTION_CART, SECTION_JOURNEY}


def test_one_of_profile_while_it_is_read_or_a_gap_lets_go_of_it() -> None:
    contexts = KeptContexts(most=10, most_bytes=1_000_000)
    read = read_of(seq=1)
    filling = contexts.begin(subject())
    contexts.heard("profile", event("profile", 2))
    contexts.end(filling, read, answer_of(read))
    assert contexts.get(subject()) is None
    keep(contexts)
    filling = contexts.begin(subject())
    contexts.may_have_missed()
    assert contexts.get(subject()) is None
    contexts.end(filling, read, answer_of(read))
    assert contexts.get(subject()) is None


def test_what_was_told_beyond_it_asks_for_that_and_profile_for_all() -> None:
    contexts = KeptContexts(most=10, most_bytes=1_000_000)
    keep(contexts, seq=3)
    kept = kept_of(contexts)

    def of(customer_id: str = "cus_1", **seqs: int) -> frozenset[int]:
        return asked(kept, Wish(told=(ContextToken(customer_id, {f"epo_{area}": seq for area, seq in seqs.items()}),)))

    assert of(cart=3, messaging=1) == frozenset()
    assert of(messaging=4) == {SECTION_MESSAGING, SECTION_JOURNEY}
    assert of(context=4) == {SECTION_JOURNEY}
    assert of(profile=4) == EVERY
    assert of(elsewhere=1) == EVERY
    assert of("cus_other", cart=1) == EVERY


def test_what_was_told_of_the_guest_they_were_is_in_it() -> None:
    done = Merge(source_customer_id="cus_guest")
    pending = Merge(source_customer_id="cus_late", pending_areas=["cart"])
    undone = Merge(source_customer_id="cus_parted")
    undone.unmerge_time.FromDatetime(NOON)
    read = read_of(merges=(done, pending, undone))
    kept = Kept(subject(), read, answer_of(read), size=1)
    guests = ("cus_guest", "cus_late", "cus_parted")
    asks = {one: asked(kept, Wish(told=(ContextToken(one, {"epo_cart": 9}),))) for one in guests}
    assert asks == {"cus_guest": frozenset(), "cus_late": EVERY, "cus_parted": EVERY}


@given(
    seq=st.integers(0, 5),
    heard=st.lists(st.tuples(st.sampled_from(["cart", "messaging", "preference", "context"]), st.integers(0, 8))),
    told=st.dictionaries(st.sampled_from(["cart", "messaging", "preference", "context"]), st.integers(0, 8)),
    age=st.floats(0, 30),
    max_age=st.none() | st.floats(0.1, 60),
)
def test_what_is_not_asked_for_holds_all_that_was_wished(
    seq: int, heard: list[tuple[str, int]], told: dict[str, int], age: float, max_age: float | None
) -> None:
    contexts = KeptContexts(most=10, most_bytes=1_000_000)
    keep(contexts, seq=seq)
    for area, number in heard:
        contexts.heard(area, event(area, number))
    wish = Wish(
        (ContextToken("cus_1", {f"epo_{area}": number for area, number in told.items()}),),
        None if max_age is None else timedelta(seconds=max_age),
    )
    ask = asked(kept_of(contexts), wish, after=timedelta(seconds=age))
    for section in EVERY - ask:
        area = AREAS[section]
        assert told.get(area, 0) <= seq
        assert age <= (LONGEST_KEPT.total_seconds() if max_age is None else max_age)
        assert max_age is not None or all(number <= seq for other, number in heard if other == area)
    assert not ask or SECTION_JOURNEY in ask
