"""How often a channel may call."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.rpc.error_details_pb2 import RetryInfo
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from libs.rpc.call import Caller
from libs.rpc.channels import ChannelRegistry
from libs.rpc.quotas import Allowance, Quotas

SHOP, STORE = (Caller(channel_id=name, channel_kind=1) for name in ("web-shop", "store-042"))
CART = Caller(channel_id="web-shop", channel_kind=1, service="cart")
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


class Counted:
    def __init__(self, usual: Allowance, **own: Allowance) -> None:
        self.now = MIDNIGHT - timedelta(hours=1)
        self.own = {name.replace("_", "-"): one for name, one in own.items()}
        self.quotas = Quotas(usual=usual, own=lambda: self.own, clock=lambda: self.now)

    def let_in(self, caller: Caller, calls: int) -> int:
        return sum(self.quotas.take(caller) is None for _ in range(calls))


def limit_of(refusal: OmnithreadError | None) -> str:
    assert refusal is not None
    assert refusal.reason == "RATE_LIMITED"
    return refusal.metadata["limit"]


def test_a_burst_is_let_in_and_then_so_many_a_second() -> None:
    counted = Counted(Allowance(calls_per_second=10, burst=30))
    assert counted.let_in(SHOP, 100) == 30
    counted.now += timedelta(seconds=2)
    assert counted.let_in(SHOP, 100) == 20
    refusal = counted.quotas.take(SHOP)
    assert limit_of(refusal) == "calls_per_second"
    assert refusal is not None
    [told] = refusal.details
    assert isinstance(told, RetryInfo)
    assert told.retry_delay.ToMilliseconds() == 100


def test_a_channel_that_floods_takes_nothing_from_another() -> None:
    counted = Counted(Allowance(calls_per_second=10))
    assert counted.let_in(SHOP, 1000) == 20
    assert counted.let_in(STORE, 20) == 20


def test_a_day_ends_at_midnight() -> None:
    counted = Counted(Allowance(calls_per_day=5))
    assert counted.let_in(SHOP, 10) == 5
    assert limit_of(counted.quotas.take(SHOP)) == "calls_per_day"
    counted.now = MIDNIGHT
    assert counted.let_in(SHOP, 10) == 5


def test_what_must_not_fail_does_not_wait_until_midnight() -> None:
    counted = Counted(Allowance(calls_per_second=10, calls_per_day=5))
    assert counted.let_in(SHOP, 10) == 5
    assert counted.quotas.take(SHOP, is_urgent=True) is None
    assert limit_of(counted.quotas.take(SHOP)) == "calls_per_day"
    told = [counted.quotas.take(SHOP, is_urgent=True) for _ in range(20)]
    assert limit_of(told[-1]) == "calls_per_second"  # a flood of them is one all the same


def test_a_channel_may_have_an_allowance_of_its_own() -> None:
    counted = Counted(Allowance(), store_042=Allowance(calls_per_second=1))
    assert counted.let_in(STORE, 10) == 2
    assert counted.let_in(SHOP, 1000) == 1000


def test_the_suites_own_services_are_not_counted() -> None:
    counted = Counted(Allowance(calls_per_day=1))
    assert counted.let_in(CART, 100) == 100


@given(st.lists(st.floats(-5, 5), max_size=100))
def test_never_are_more_let_in_than_the_burst_and_the_time_allow(pauses: list[float]) -> None:
    counted = Counted(Allowance(calls_per_second=10, burst=5))
    latest = began = counted.now
    let_in = 0
    for pause in pauses:
        counted.now += timedelta(seconds=pause)  # a clock may be set back
        latest = max(latest, counted.now)
        let_in += counted.let_in(SHOP, 3)
    forward = sum(max(0.0, pause) for pause in pauses)
    assert let_in <= 5 + 10 * forward + 1
    assert latest >= began


def test_the_registry_says_how_often_a_channel_may_call(tmp_path: Path) -> None:
    file = tmp_path / "channels.toml"
    file.write_text(
        '[channels.web-shop]\nkind = "WEB"\nbrand = "main"\n'
        '[channels.store-042]\nkind = "STORE"\nbrand = "main"\ncalls_per_second = 5\ncalls_per_day = 9000\n'
    )
    usual = Allowance(calls_per_second=100, burst=300)
    assert ChannelRegistry.load(file).allowances(usual) == {
        "store-042": Allowance(calls_per_second=5, burst=300, calls_per_day=9000)
    }


def test_without_a_word_of_the_settings_there_is_no_limit() -> None:
    assert Counted(Allowance()).let_in(SHOP, 10_000) == 10_000


@pytest.mark.parametrize(("allowance", "most"), [(Allowance(calls_per_second=0.1), 1), (Allowance(burst=7), 7)])
def test_at_least_one_call_may_come_at_once(allowance: Allowance, most: int) -> None:
    assert allowance.most_at_once == most
