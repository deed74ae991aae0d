"""The verifier says nothing where all is as it was told, and finds each of the bugs that are planted here."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.load.told import Deed, Told
from tests.faults.load.verifying import Seen, Step, violations

CHANNELS = ("web-shop", "mobile-app", "store-042")
ANNA = "cus_anna"
GUEST = "cus_guest"
LIVING = {ANNA: ANNA, GUEST: ANNA}


@dataclass
class World:
    """A suite without faults: what is told is there."""

    told: list[Told] = field(default_factory=list)
    pieces: Counter[str] = field(default_factory=Counter)
    orders: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    standing: dict[str, str] = field(default_factory=dict)
    entries: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    version: int = 0
    now: float = 0.0

    def do(self, deed: Deed, channel: str, *, answered: bool = True, done: bool = True) -> None:
        """One request; where it is not answered, it may have been done or not."""
        number, began = len(self.told), self.now + 0.1
        self.now = began + 1
        subject, said = f"{deed}-{number}", ""
        done = done or answered
        if deed is Deed.ADD:
            subject = f"sku-{number % 3}"
        if deed is Deed.CONSENT:
            said = f"reminder={'GRANTED' if number % 2 else 'REVOKED'}"
        if done:
            self._happen(deed, subject, said, at=began + 0.5)
        self.told.append(
            Told(
                deed=deed,
                client=channel,
                channel=channel,
                customer_id=ANNA,
                request_id=f"request-{number}",
                began=began,
                ended=self.now,
                answered=answered,
                subject=subject if answered or deed is Deed.ADD else "",
                said=said,
                version=self.version if answered and deed in {Deed.ADD, Deed.READ, Deed.CHECKOUT} else 0,
            )
        )

    def _happen(self, deed: Deed, subject: str, said: str, *, at: float) -> None:
        kind = {
            Deed.ADD: "CART_CHANGED",
            Deed.CHECKOUT: "ORDER_PLACED",
            Deed.CONSENT: "PREFERENCES_CHANGED",
            Deed.TOUCHPOINT: "PRODUCT_VIEWED",
            Deed.POST: "CONVERSATION",
            Deed.SEND: "MESSAGE",
            Deed.VISIT: "SESSION_STARTED",
        }.get(deed)
        if deed is Deed.ADD:
            self.pieces[subject] += 1
        if deed in {Deed.ADD, Deed.CHECKOUT}:
            self.version += 1
        ids = {
            Deed.CHECKOUT: self.orders,
            Deed.CONSENT: self.records,
            Deed.POST: self.entries,
            Deed.SEND: self.messages,
        }
        if deed in ids:
            ids[deed].append(subject)
        if said:
            purpose, _, state = said.partition("=")
            self.standing[purpose] = state
        if kind:
            name = subject if deed is Deed.TOUCHPOINT else f"tch-{len(self.steps)}"
            session = subject if deed is Deed.VISIT else ""
            about = "viewed" if deed is Deed.TOUCHPOINT else subject
            self.steps.append(Step(name, kind, about, session, at, "journey-1"))

    def seen(self) -> Seen:
        """What the channels see."""
        return Seen(
            pieces=dict(self.pieces),
            orders=list(self.orders),
            records=list(self.records),
            standing=dict(self.standing),
            entries=list(self.entries),
            messages=list(self.messages),
            steps=list(self.steps),
            by_channel=dict.fromkeys(CHANNELS, b"the same"),
        )


def busy_world() -> World:
    """Everything happens, on all channels, twice."""
    world = World()
    for number, deed in enumerate([*Deed] * 2):
        world.do(deed, CHANNELS[number % 3])
    return world


def found(world: World, seen: Seen) -> str:
    return "\n".join(violations(world.told, {ANNA: seen}, LIVING))


deeds = st.tuples(st.sampled_from([*Deed]), st.sampled_from(CHANNELS), st.booleans(), st.booleans())


@given(plan=st.lists(deeds, max_size=40))
def test_where_all_is_as_it_was_told_nothing_is_found(plan: list[tuple[Deed, str, bool, bool]]) -> None:
    world = World()
    for deed, channel, answered, done in plan:
        world.do(deed, channel, answered=answered, done=done)
    assert found(world, world.seen()) == ""


def without(step: str, seen: Seen) -> Seen:
    return replace(seen, steps=[one for one in seen.steps if one.kind != step])


def once_more(seen: Seen, kind: str, *, new_id: bool) -> Seen:
    step = next(one for one in seen.steps if one.kind == kind)
    again = replace(step, touchpoint_id="tch-again") if new_id else step
    place = list(seen.steps).index(step)
    return replace(seen, steps=[*seen.steps[:place], again, *seen.steps[place:]])


def swapped(seen: Seen) -> Seen:
    order = next(place for place, one in enumerate(seen.steps) if one.kind == "ORDER_PLACED")
    steps = list(seen.steps)
    steps[order], steps[order + 2] = steps[order + 2], steps[order]
    return replace(seen, steps=steps)


def swapped_with_their_times(seen: Seen) -> Seen:
    """As if the journey had got the times wrong: it looks sorted, and is not what happened."""
    times = [one.time for one in seen.steps]
    return replace(
        seen,
        steps=[replace(one, time=time) for one, time in zip(swapped(seen).steps, times, strict=True)],
    )


BUGS: dict[str, tuple[Callable[[Seen], Seen], str]] = {
    "a lost write": (lambda seen: replace(seen, pieces={**seen.pieces, "sku-0": 0}), "acknowledged write lost"),
    "a doubled write": (
        lambda seen: replace(seen, pieces={sku: count + 1 for sku, count in seen.pieces.items()}),
        "effect twice",
    ),
    "a lost order": (lambda seen: replace(seen, orders=seen.orders[1:]), "acknowledged order lost"),
    "an order that nobody placed": (
        lambda seen: replace(seen, orders=[*seen.orders, "order-x"]),
        "effect twice",
    ),
    "an order listed twice": (lambda seen: replace(seen, orders=[*seen.orders, seen.orders[0]]), "order twice"),
    "a lost consent": (lambda seen: replace(seen, standing={}), "acknowledged consent lost"),
    "a lost proof": (lambda seen: replace(seen, records=seen.records[1:]), "acknowledged consent record lost"),
    "a lost entry": (lambda seen: replace(seen, entries=seen.entries[1:]), "acknowledged entry lost"),
    "a message sent twice": (lambda seen: replace(seen, messages=[*seen.messages, "again"]), "effect twice"),
    "a missing touchpoint of a command": (lambda seen: without("ORDER_PLACED", seen), "missing: ORDER_PLACED"),
    "a missing touchpoint of a piece": (lambda seen: without("CART_CHANGED", seen), "missing: CART_CHANGED"),
    "a missing touchpoint that was recorded": (
        lambda seen: without("PRODUCT_VIEWED", seen),
        "touchpoint missing: touchpoint-",
    ),
    "a missing visit": (lambda seen: without("SESSION_STARTED", seen), "missing: SESSION_STARTED"),
    "a touchpoint listed twice": (
        lambda seen: once_more(seen, "PRODUCT_VIEWED", new_id=False),
        "touchpoint doubled: touchpoint-",
    ),
    "a touchpoint made twice": (lambda seen: once_more(seen, "CONVERSATION", new_id=True), "doubled: CONVERSATION"),
    "a visit counted twice": (lambda seen: once_more(seen, "SESSION_STARTED", new_id=True), "doubled: SESSION_STARTED"),
    "a view counted twice": (
        lambda seen: once_more(seen, "PRODUCT_VIEWED", new_id=True),
        "doubled: 3 views",
    ),
    "touchpoints swapped": (swapped, "out of order"),
    "touchpoints swapped and their times too": (swapped_with_their_times, "out of order"),
    "another channel sees something else": (
        lambda seen: replace(seen, by_channel={**seen.by_channel, "store-042": b"older"}),
        "channels see different contexts",
    ),
    "an account that does not add up": (lambda seen: replace(seen, adds_up=False), "does not add up"),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str) -> None:
    world = busy_world()
    spoil, expected = BUGS[bug]
    assert expected in found(world, spoil(world.seen()))


def test_a_channel_that_reads_an_older_cart_than_another_was_told_of_is_found() -> None:
    world = busy_world()
    world.do(Deed.READ, "store-042")
    world.told[-1] = replace(world.told[-1], version=world.version - 1)
    assert "another channel does not see what was told" in found(world, world.seen())


def test_a_customer_who_is_lost_as_a_whole_is_found() -> None:
    assert "lost as a whole" in "\n".join(violations(busy_world().told, {}, LIVING))


def test_what_a_guest_did_counts_for_who_they_turned_out_to_be() -> None:
    world = busy_world()
    guests = [replace(one, customer_id=GUEST) if place % 2 else one for place, one in enumerate(world.told)]
    assert violations(guests, {ANNA: world.seen()}, LIVING) == []


@given(plan=st.lists(deeds, min_size=5, max_size=30), draw=st.randoms(use_true_random=False))
def test_whichever_acknowledged_write_is_lost_is_found(
    plan: list[tuple[Deed, str, bool, bool]], draw: random.Random
) -> None:
    world = World()
    for deed, channel, answered, done in plan:
        world.do(deed, channel, answered=answered, done=done)
    world.do(Deed.CHECKOUT, "web-shop")
    kept = [one.subject for one in world.told if one.answered and one.deed is Deed.CHECKOUT]
    lost = draw.choice(kept)
    seen = replace(world.seen(), orders=[one for one in world.orders if one != lost])
    assert f"acknowledged order lost: {lost}" in found(world, seen)
