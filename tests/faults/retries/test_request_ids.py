"""A `request_id` counts for ever: whoever sends it again, however late, gets the same outcome or a refusal.

The promise: repeated after a day of set clock, after ten thousand other commands, with another body or from another
caller, after merges and their undoing, a call is never run again.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

import grpc
import pytest
from google.protobuf.message import Message

from omnithread import details_of
from omnithread.cart.v1.cart_service_pb2 import SetItemQuantityRequest, SetItemQuantityResponse
from omnithread.preference.v1.preference_pb2 import Preferences
from omnithread.preference.v1.preference_service_pb2 import UpdatePreferencesRequest, UpdatePreferencesResponse
from tests.faults.results import note
from tests.faults.retries.calls import SEEDS
from tests.faults.retries.case import Seed
from tests.faults.retries.differing import told_differences
from tests.faults.retries.effects import Documents, difference
from tests.faults.retries.house import APP, WEB, House
from tests.faults.retries.later import AS_ANOTHER, Done, again, done, merged, parted, with_another_body
from tests.faults.retries.methods import MUTATING, method
from tests.faults.retries.requests_cart import CART
from tests.faults.retries.telling import json_of
from tests.faults.seeds import chance, rounds, seed, share

pytestmark = pytest.mark.timeout(300 + 1800 * share())

T = TypeVar("T")
AT_ONCE = 6
QUIET_SECONDS = 0.7
LONG_QUIET_SECONDS = 3.0
"""After a day passed at once: until the sweeps that see it have come by, and what they do is done."""
MOST_TOLD = 5
MANY = 10_000
NEWS_EVERY = 10
"""So many say the same again, which is remembered as they all are, and is announced to nobody."""
MORE_THAN_KEPT = 150
"""What a record remembers, and some more."""
UNSUITABLE = frozenset({"context.v1.PrivacyService/EraseCustomer"})
"""Whoever was forgotten can be merged with nobody."""
AN_ID = re.compile(r"\b[a-z]{2,4}_[0-9a-z]{26}\b")


def chosen(*, merging: bool = False) -> list[Seed]:
    """A share of all calls; for merges, of those about one customer."""
    names = [name for name in sorted(SEEDS) if not merging or _is_about_a_customer(name)]
    return [SEEDS[name] for name in chance("request ids", merging).sample(names, max(4, rounds(len(names))))]


def _is_about_a_customer(name: str) -> bool:
    return name not in UNSUITABLE and "customer_id" in method(name).request.DESCRIPTOR.fields_by_name


async def _in_turns(calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def in_turn(call: Callable[[], Awaitable[T]]) -> T:
        async with turns:
            return await call()

    return await asyncio.gather(*(in_turn(call) for call in calls))


async def _made(house: House, seeds: Sequence[Seed]) -> list[Done]:
    return await _in_turns([partial(done, house, one) for one in seeds])


async def settled(house: House, calls: Sequence[Done], *, quiet_seconds: float) -> list[Documents]:
    """Read what the calls came to once nothing has changed for a time."""
    by_owner: dict[str, list[Done]] = {}
    for one in calls:
        by_owner.setdefault(method(one.seed.name).service, []).append(one)
    ended = await asyncio.gather(
        *(
            house.looking.at_rest([one.case for one in those], owner=owner, quiet_seconds=quiet_seconds)
            for owner, those in by_owner.items()
        )
    )
    found = {
        one.case.key: each
        for those, documents in zip(by_owner.values(), ended, strict=True)
        for one, each in zip(those, documents, strict=True)
    }
    return [found[one.case.key] for one in calls]


async def _repeated(
    house: House,
    what: str,
    calls: Sequence[Done],
    repeat: Callable[[Done], Awaitable[Message | str]],
    *,
    ids_of: Callable[[Message, Seed], set[str]],
    may_refuse: bool = True,
    quiet_seconds: float = QUIET_SECONDS,
) -> None:
    """Repeat each call, and note whether any was run again or answered with other ids."""
    before = await settled(house, calls, quiet_seconds=quiet_seconds)
    answers = await _in_turns([partial(repeat, one) for one in calls])
    after = await settled(house, calls, quiet_seconds=quiet_seconds)
    faults: list[str] = []
    refused = 0
    for one, answer, was, now in zip(calls, answers, before, after, strict=True):
        faults += [f"{one.seed.name}: {line}" for line in difference(was, now, owner=method(one.seed.name).service)]
        if isinstance(answer, str):
            refused += 1
            if not may_refuse:
                faults.append(f"{one.seed.name}: refused with {answer}, and before {one.answer}")
        elif not _are_the_same(answer, one, ids_of):
            told = "; ".join(told_differences([json_of(one.answer)], [json_of(answer)]))
            faults.append(f"{one.seed.name}: answered otherwise than before: {told}")
    note(
        "request-ids",
        seed=seed(),
        done=len(calls),
        wanted="the same ids and outcome, or refused; never run again",
        found=f"{what}: {len(faults)} differences" + "".join(f"\n    {fault}" for fault in faults[:MOST_TOLD])
        if faults
        else f"{what}: {len(calls) - refused} the same, {refused} refused, 0 run again",
        ok=not faults,
    )


def _are_the_same(answer: Message, one: Done, ids_of: Callable[[Message, Seed], set[str]]) -> bool:
    """Say whether what was given out is the same, and nothing else is there that was not there before."""
    if given_out(answer, one.seed) != given_out(one.answer, one.seed):
        return False
    return ids_of(answer, one.seed) <= ids_of(one.answer, one.seed)


def given_out(answer: Message, one: Seed) -> set[str]:
    """Give the ids that a call gave out, without those in the state, which is that of the customer who remains."""
    fields = [field for field in answer.DESCRIPTOR.fields if field.name.endswith("_id") and not field.is_repeated]
    without = one.goes_on | {"customer_id"}
    return {str(getattr(answer, field.name)) for field in fields if field.name not in without}


def all_ids(answer: Message, one: Seed) -> set[str]:
    """Give the ids in an answer, but for what others change meanwhile."""
    told = type(answer)()
    told.CopyFrom(answer)
    for name in one.goes_on & set(told.DESCRIPTOR.fields_by_name):
        told.ClearField(name)
    return set(AN_ID.findall(str(told)))


@pytest.fixture(scope="module")
async def calls(house: House) -> list[Done]:
    """Some of each kind, made a while ago."""
    suitable = [one for one in chosen() if not one.alone]
    return await _made(house, suitable)


async def test_sent_again_as_it_was(house: House, calls: list[Done]) -> None:
    await _repeated(house, "as it was", calls, again, ids_of=all_ids, may_refuse=False)


async def test_with_another_body_it_is_refused(house: House, calls: list[Done]) -> None:
    async def repeat(one: Done) -> str:
        answer = await again(one, with_another_body(one.request))
        assert isinstance(answer, str), f"{one.seed.name} was answered: {answer}"
        return answer

    await _repeated(house, "with another body", calls, repeat, ids_of=all_ids)


async def test_from_another_caller(house: House, calls: list[Done]) -> None:
    suitable = [one for one in calls if one.seed.who in AS_ANOTHER]
    await _repeated(
        house, "from another caller", suitable, lambda one: again(one, who=AS_ANOTHER[one.seed.who]), ids_of=all_ids
    )


async def test_after_the_customer_was_merged_and_after_that_was_undone(house: House) -> None:
    suitable = [one for one in chosen(merging=True) if not one.alone]
    made = await _made(house, suitable)
    merges: dict[str, str] = {}
    mergeable: list[Done] = []
    for one in made:
        try:
            merges[one.case.key] = await merged(one)
        except grpc.aio.AioRpcError as error:
            if details_of(error).reason != "MERGE_NOT_POSSIBLE":
                raise
            continue  # merged with somebody by the call itself
        mergeable.append(one)
    assert len(mergeable) * 2 >= len(made)
    await _repeated(house, "after a merge", mergeable, again, ids_of=given_out)
    for one in mergeable:
        await parted(one, merges[one.case.key])
    await _repeated(house, "after the merge was undone", mergeable, again, ids_of=given_out)


async def test_after_ten_thousand_other_commands(house: House) -> None:
    many = max(MORE_THAN_KEPT, rounds(MANY))

    async def quantities(one: Done) -> None:
        for number in range(many):
            request = SetItemQuantityRequest(
                customer_id=_customer(one), sku=f"shoe-{one.case.key}", quantity=number // NEWS_EVERY % 9 + 1
            )
            await one.case.do(f"{CART}SetItemQuantity", request, SetItemQuantityResponse, WEB)

    async def languages(one: Done) -> None:
        for number in range(many):
            wished = Preferences(customer_id=_customer(one), language=("de", "en")[number // NEWS_EVERY % 2])
            request = UpdatePreferencesRequest(preferences=wished)
            request.update_mask.paths.append("language")
            await one.case.do(
                "preference.v1.PreferenceService/UpdatePreferences", request, UpdatePreferencesResponse, APP
            )

    added, said = await asyncio.gather(
        done(house, SEEDS["cart.v1.CartService/AddItem"]),
        done(house, SEEDS["preference.v1.PreferenceService/SetConsent"]),
    )
    await asyncio.gather(quantities(added), languages(said))
    await _repeated(house, f"after {many} other commands", [added, said], again, ids_of=given_out)


def _customer(one: Done) -> str:
    return str(getattr(one.request, "customer_id"))  # noqa: B009  the contract's, unknown to the type


async def test_after_a_day(house: House, calls: list[Done]) -> None:
    house.clock.later = timedelta(days=1)
    try:
        await _repeated(house, "after a day", calls, again, ids_of=given_out, quiet_seconds=LONG_QUIET_SECONDS)
    finally:
        house.clock.later = timedelta(0)


def test_the_calls_are_those_of_the_contract() -> None:
    assert sorted(SEEDS) == sorted(MUTATING)
