"""Compares what clients were told with what there is. Pure; gives each violation as a sentence."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.load.told import Deed, Told

MOST_NAMED = 5
"""So many examples of one kind of violation are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Step:
    """One touchpoint, as a journey has it."""

    touchpoint_id: str
    kind: str
    subject: str
    """The sku, order, record, message or conversation entry that it is about."""
    session_id: str
    time: float
    journey_id: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is of one living customer, after the load."""

    pieces: Mapping[str, int]
    """By sku: in the cart, and in all orders."""
    orders: Sequence[str] = ()
    records: Sequence[str] = ()
    """Proofs of consents."""
    standing: Mapping[str, str] = field(default_factory=dict)
    """State by purpose."""
    entries: Sequence[str] = ()
    messages: Sequence[str] = ()
    steps: Sequence[Step] = ()
    """The touchpoints of all journeys, in the order in which they are listed."""
    adds_up: bool = True
    """Whether cart's own account of the pieces does."""
    by_channel: Mapping[str, bytes] = field(default_factory=dict)
    """The context, as each channel sees it."""


def violations(told: Sequence[Told], seen: Mapping[str, Seen], living: Mapping[str, str]) -> list[str]:
    """Give what is not as it was told. `living` says who stands for each customer today."""
    by_customer: defaultdict[str, list[Told]] = defaultdict(list)
    for one in told:
        if one.customer_id:  # else it was a visit without an answer: nobody knows whose
            by_customer[living.get(one.customer_id, one.customer_id)].append(one)
    found: list[str] = []
    for customer_id, mine in by_customer.items():
        there = seen.get(customer_id)
        if there is None:
            found.append(f"{customer_id}: lost as a whole")
            continue
        found += [f"{customer_id}: {fault}" for fault in _faults(mine, there)]
    found += list(_stale_reads(told, living))
    return found


def journey_faults(told: Sequence[Told], seen: Seen) -> list[str]:
    """Give what is not in a customer's journeys as it should be, now; empty once they are complete."""
    return [*_touchpoints(told, seen), *_out_of_order(told, seen)]


def _faults(told: Sequence[Told], seen: Seen) -> Iterator[str]:
    yield from _pieces(told, seen)
    yield from _ids("order", Deed.CHECKOUT, told, seen.orders)
    yield from _ids("consent record", Deed.CONSENT, told, seen.records)
    yield from _ids("entry", Deed.POST, told, seen.entries)
    yield from _ids("message", Deed.SEND, told, seen.messages)
    yield from _last_words(told, seen)
    yield from journey_faults(told, seen)
    if not seen.adds_up:
        yield "the cart's own account does not add up"
    if len(set(seen.by_channel.values())) > 1:
        yield f"channels see different contexts: {sorted(seen.by_channel)}"


def _pieces(told: Sequence[Told], seen: Seen) -> Iterator[str]:
    least, most = Counter[str](), Counter[str]()
    for one in told:
        if one.deed is Deed.ADD:
            most[one.subject] += 1
            least[one.subject] += one.answered
    for sku in sorted({*most, *seen.pieces}):
        there = seen.pieces.get(sku, 0)
        if there < least[sku]:
            yield f"acknowledged write lost: {least[sku] - there} of {least[sku]} x {sku}"
        if there > most[sku]:
            yield f"effect twice: {there - most[sku]} too many of {most[sku]} x {sku}"


def _ids(what: str, deed: Deed, told: Sequence[Told], there: Sequence[str]) -> Iterator[str]:
    """Every id that was told is there, each id once, and no more than were asked for."""
    mine = [one for one in told if one.deed is deed]
    named = {one.subject for one in mine if one.answered and one.subject}
    yield from _each(f"acknowledged {what} lost", named - set(there))
    yield from _each(f"{what} twice", (name for name, count in Counter(there).items() if count > 1))
    possible = len(named) + sum(not (one.answered and one.subject) for one in mine)
    if len(set(there)) > possible:
        yield f"effect twice: {len(set(there))} of {what} where {possible} were asked for"


def _last_words(told: Sequence[Told], seen: Seen) -> Iterator[str]:
    """What was said last stands, where one thing was said after all others had been answered."""
    said = [one for one in told if one.deed is Deed.CONSENT]
    for purpose in {one.said.partition("=")[0] for one in said}:
        mine = [one for one in said if one.said.partition("=")[0] == purpose]
        last = max(mine, key=lambda one: one.began)
        if last.answered and all(one is last or (one.answered and one.ended < last.began) for one in mine):
            state = last.said.partition("=")[2]
            if seen.standing.get(purpose) != state:
                yield f"acknowledged consent lost: {purpose} is {seen.standing.get(purpose)}, said was {state}"


def _touchpoints(told: Sequence[Told], seen: Seen) -> Iterator[str]:
    of_kind: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for step in seen.steps:
        of_kind[step.kind][step.subject] += 1
    ids = Counter(step.touchpoint_id for step in seen.steps)
    yield from _each("touchpoint doubled", (name for name, count in ids.items() if count > 1))
    recorded = {one.subject for one in told if one.deed is Deed.TOUCHPOINT and one.answered}
    yield from _each("touchpoint missing", recorded - set(ids))
    tried = sum(one.deed is Deed.TOUCHPOINT for one in told)
    if (viewed := of_kind["PRODUCT_VIEWED"].total()) > tried:
        yield f"touchpoint doubled: {viewed} views, {tried} were told of"
    for kind, expected in (
        ("CART_CHANGED", seen.pieces),
        ("ORDER_PLACED", dict.fromkeys(seen.orders, 1)),
        ("PREFERENCES_CHANGED", dict.fromkeys(seen.records, 1)),
        ("CONVERSATION", dict.fromkeys(seen.entries, 1)),
        ("MESSAGE", dict.fromkeys(seen.messages, 1)),
    ):
        yield from _compared(kind, of_kind[kind], expected)
    visits = Counter(step.session_id for step in seen.steps if step.kind == "SESSION_STARTED")
    sessions = {one.subject for one in told if one.deed is Deed.VISIT and one.answered}
    yield from _each("touchpoint missing: SESSION_STARTED", sessions - set(visits))
    yield from _each("touchpoint doubled: SESSION_STARTED", (name for name, count in visits.items() if count > 1))


def _compared(kind: str, there: Mapping[str, int], expected: Mapping[str, int]) -> Iterator[str]:
    for subject in sorted({*there, *expected}):
        now, due = there.get(subject, 0), expected.get(subject, 0)
        if now < due:
            yield f"touchpoint missing: {kind} of {subject}, {now} of {due}"
        if now > due:
            yield f"touchpoint doubled: {kind} of {subject}, {now} where {due} happened"


def _out_of_order(told: Sequence[Told], seen: Seen) -> Iterator[str]:
    """Journeys are sorted by time; and what was answered before another was begun stands before it."""
    for before, after in zip(seen.steps, seen.steps[1:], strict=False):
        if before.journey_id == after.journey_id and before.time > after.time:
            yield f"touchpoints out of order: {after.touchpoint_id} after {before.touchpoint_id}"
    places = {name: place for place, step in enumerate(seen.steps) for name in (step.touchpoint_id, step.subject)}
    deeds = {Deed.TOUCHPOINT, Deed.CHECKOUT, Deed.CONSENT, Deed.POST}
    mine = [one for one in told if one.deed in deeds and one.answered and one.subject and one.subject in places]
    ended = sorted(mine, key=lambda one: one.ended)
    latest, pointer = -1, 0
    for one in sorted(mine, key=lambda one: one.began):
        while pointer < len(ended) and ended[pointer].ended < one.began:
            latest = max(latest, places[ended[pointer].subject])
            pointer += 1
        if places[one.subject] < latest:
            yield f"touchpoints out of order: {one.deed} {one.subject} stands before what was answered before it"


def _stale_reads(told: Sequence[Told], living: Mapping[str, str]) -> Iterator[str]:
    """A read that begins after a write or a read was answered, on whatever channel, sees it."""
    by_customer: defaultdict[str, list[Told]] = defaultdict(list)
    for one in told:
        # Of whom two became one, versions are those of two records.
        if one.version and one.answered and living.get(one.customer_id) == one.customer_id:
            by_customer[one.customer_id].append(one)
    stale = []
    for mine in by_customer.values():
        ended = sorted(mine, key=lambda one: one.ended)
        newest, pointer = 0, 0
        for one in sorted(mine, key=lambda one: one.began):
            while pointer < len(ended) and ended[pointer].ended < one.began:
                newest = max(newest, ended[pointer].version)
                pointer += 1
            if one.version < newest:
                stale.append(f"{one.channel} was given version {one.version} of {one.customer_id} after {newest}")
    yield from _each("another channel does not see what was told", stale)


def _each(what: str, names: Iterable[str]) -> Iterator[str]:
    found = sorted(names)
    for name in found[:MOST_NAMED]:
        yield f"{what}: {name}"
    if len(found) > MOST_NAMED:
        yield f"{what}: {len(found) - MOST_NAMED} more"
