"""A checkout ends in the middle; what was reserved for it goes to the order, or back, and never to two."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from libs.clock import system_clock
from libs.ids import new_id
from libs.mongo.values import Outcome
from omnithread import ErrorDetails
from omnithread.cart.v1 import cart_internal_service_pb2 as internal_pb
from omnithread.cart.v1.cart_service_pb2 import GetCartResponse
from omnithread.cart.v1.offer_service_pb2 import (
    OFFER_CODE_STATE_FREE,
    OFFER_CODE_STATE_REDEEMED,
    OFFER_CODE_STATE_RESERVED,
)
from services.cart.commands import Commands
from services.cart.redemption.operations import Redemptions
from services.cart.service import SERVICE as CART
from services.cart.values import Cart
from services.profile.service import SERVICE as PROFILE
from tests.services.calls import refusal, stamped, until
from tests.services.cart.checking_out import enter, orders_of, outcome_of, seen, single_use, state_of
from tests.services.cart.marketing import Marketing, new_sku, priced
from tests.services.cart.shop import Shop, item, shop_at
from tests.services.profile.crashing import crash
from tests.services.running import Services


@dataclass
class MovedClock:
    """The time, and what the test moves it by."""

    by: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return system_clock() + self.by


@dataclass(frozen=True)
class Counter:
    """A shop whose replicas share a clock, with a customer whose cart has an article and a code for it."""

    one: Shop
    other: Shop
    clock: MovedClock
    marketing: Marketing
    sku: str
    code: str
    customer_id: str
    saw: GetCartResponse

    async def state(self) -> int:
        return (await state_of(self.marketing, self.code)).state

    async def somebody_else(self) -> tuple[str, GetCartResponse]:
        """Another customer who has the same code."""
        customer_id = await self.one.new_customer()
        await self.one.web.AddItem(item(customer_id, self.sku))
        await enter(self.one, customer_id, self.code)
        return customer_id, await priced(self.one, customer_id)

    def sweep_is_due(self) -> None:
        """Let a minute pass, and some more."""
        self.clock.by += timedelta(seconds=70)

    async def until_it_is(self, state: int) -> None:
        async def is_so() -> bool:
            return await self.state() == state

        await until(is_so)


@pytest.fixture
async def counter(
    mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Counter]:
    state, clock = tmp_path_factory.mktemp("counter"), MovedClock()
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=state
    ) as services:
        await services.start(PROFILE)
        one, other = [
            shop_at(services, await services.start(CART, clock=clock, reservation_sweep_seconds=0.05)) for _ in range(2)
        ]
        async with Marketing(one) as marketing:
            sku, customer_id = new_sku(), await one.new_customer()
            (code,) = await single_use(marketing, sku, drawn=1, max_redemptions=5)
            await one.web.AddItem(item(customer_id, sku))
            await enter(one, customer_id, code)
            saw = await priced(one, customer_id)
            yield Counter(one, other, clock, marketing, sku, code, customer_id, saw)


async def test_a_checkout_that_died_before_its_order_was_written_goes_on_when_it_is_sent_again(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = stamped(seen(counter.customer_id, counter.saw))
    with monkeypatch.context() as dying:
        dying.setattr(Commands, "run", crash)
        assert (await refusal(counter.one.store.Checkout(request))).reason == "INTERNAL"
    assert await counter.state() == OFFER_CODE_STATE_RESERVED
    answer = await counter.other.store.Checkout(request)
    assert answer.order.total == counter.saw.price.total
    assert await orders_of(counter.one, counter.customer_id) == [answer.order]
    assert await counter.state() == OFFER_CODE_STATE_REDEEMED


async def test_what_a_dead_checkout_reserved_is_given_back_after_a_minute_and_its_order_never_comes(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = stamped(seen(counter.customer_id, counter.saw))
    with monkeypatch.context() as dying:
        dying.setattr(Commands, "run", crash)
        await refusal(counter.one.store.Checkout(request))
    counter.sweep_is_due()
    await counter.until_it_is(OFFER_CODE_STATE_FREE)
    other_id, saw = await counter.somebody_else()
    order = (await counter.other.store.Checkout(seen(other_id, saw))).order
    assert (await state_of(counter.marketing, counter.code)).order_id == order.order_id

    assert (await refusal(counter.one.store.Checkout(request))).reason == "PRICE_CHANGED"
    assert await orders_of(counter.one, counter.customer_id) == []


async def test_a_checkout_that_died_after_its_order_was_written_has_used_its_code(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(Redemptions, "confirm", crash)
        await refusal(counter.one.store.Checkout(stamped(seen(counter.customer_id, counter.saw))))
    assert await counter.state() == OFFER_CODE_STATE_RESERVED
    (order,) = await orders_of(counter.one, counter.customer_id)
    counter.sweep_is_due()
    await counter.until_it_is(OFFER_CODE_STATE_REDEEMED)
    assert (await state_of(counter.marketing, counter.code)).order_id == order.order_id


class SlowCommands:
    """The first command stops before it is carried out, until it is told to go on."""

    def __init__(self, patches: pytest.MonkeyPatch) -> None:
        self.stopped, self.go_on = asyncio.Event(), asyncio.Event()
        carry_out = Commands.run

        async def run(commands: Commands, *given: Any, **named: Any) -> Outcome[Cart]:  # whatever a command is given
            if not self.stopped.is_set():
                self.stopped.set()
                await self.go_on.wait()
            return await carry_out(commands, *given, **named)

        patches.setattr(Commands, "run", run)


async def test_a_checkout_so_slow_that_its_code_was_given_away_is_not_at_that_price(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_id, saw = await counter.somebody_else()
    slow = SlowCommands(monkeypatch)
    late = asyncio.create_task(outcome_of(counter.one.store.Checkout(seen(counter.customer_id, counter.saw))))
    await slow.stopped.wait()
    counter.sweep_is_due()
    await counter.until_it_is(OFFER_CODE_STATE_FREE)
    order = (await counter.other.store.Checkout(seen(other_id, saw))).order
    slow.go_on.set()
    refused = await late
    assert isinstance(refused, ErrorDetails)
    assert refused.reason == "PRICE_CHANGED"
    assert await orders_of(counter.one, counter.customer_id) == []
    used = await state_of(counter.marketing, counter.code)
    assert (used.state, used.order_id) == (OFFER_CODE_STATE_REDEEMED, order.order_id)


async def test_a_slow_checkout_whose_code_nobody_took_meanwhile_becomes_an_order_after_all(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowCommands(monkeypatch)
    late = asyncio.create_task(outcome_of(counter.one.store.Checkout(seen(counter.customer_id, counter.saw))))
    await slow.stopped.wait()
    counter.sweep_is_due()
    await counter.until_it_is(OFFER_CODE_STATE_FREE)
    slow.go_on.set()
    answer = await late
    assert not isinstance(answer, ErrorDetails)
    used = await state_of(counter.marketing, counter.code)
    assert (used.state, used.order_id) == (OFFER_CODE_STATE_REDEEMED, answer.order.order_id)
    assert await orders_of(counter.one, counter.customer_id) == [answer.order]


async def test_a_code_stays_used_when_its_customer_is_forgotten(counter: Counter) -> None:
    await counter.one.store.Checkout(seen(counter.customer_id, counter.saw))
    await counter.one.internal.EraseArea(
        internal_pb.EraseAreaRequest(customer_id=counter.customer_id, erasure_id=new_id("era"))
    )
    used = await state_of(counter.marketing, counter.code)
    assert (used.state, used.order_id) == (OFFER_CODE_STATE_REDEEMED, "")
    refused = await refusal(enter(counter.other, await counter.one.new_customer(), counter.code))
    assert refused.reason == "OFFER_CODE_USED"


async def test_a_dead_checkout_of_a_guest_is_settled_with_the_customer_they_turned_out_to_be(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest, anna = counter.customer_id, await counter.one.new_customer()
    request = stamped(seen(guest, counter.saw))
    with monkeypatch.context() as dying:
        dying.setattr(Commands, "run", crash)
        await refusal(counter.one.store.Checkout(request))
    await counter.one.absorb(new_id("mrg"), guest, anna)
    counter.sweep_is_due()
    await counter.until_it_is(OFFER_CODE_STATE_FREE)
    merged = await priced(counter.one, anna)
    assert (list(merged.cart.offer_codes), merged.price.total) == ([counter.code], counter.saw.price.total)
    order = (await counter.other.store.Checkout(request)).order
    assert order.customer_id == anna
    assert await orders_of(counter.one, anna) == [order]
    assert (await state_of(counter.marketing, counter.code)).order_id == order.order_id
