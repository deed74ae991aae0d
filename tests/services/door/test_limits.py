"""Who may ask how often, in memory that does not grow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.web.buckets import Buckets, retry_after
from libs.web.client_address import UNKNOWN, client_address

steps = st.lists(st.floats(min_value=0, max_value=5), min_size=1, max_size=60)


@given(steps, st.floats(min_value=0.1, max_value=20), st.integers(min_value=1, max_value=10))
def test_nobody_does_more_than_the_burst_and_what_the_time_allows(
    pauses: list[float], per_second: float, burst: int
) -> None:
    buckets, now, let_in = Buckets(per_second=per_second, burst=burst, most_keys=10), 0.0, 0
    for pause in pauses:
        now += pause
        let_in += buckets.take("somebody", now) == 0
    assert let_in <= burst + per_second * now + 1e-6


@given(steps, st.floats(min_value=0.1, max_value=20))
def test_whoever_waits_as_long_as_told_is_let_in(pauses: list[float], per_second: float) -> None:
    buckets, now = Buckets(per_second=per_second, burst=1, most_keys=10), 0.0
    for pause in pauses:
        now += pause
        wait = buckets.take("somebody", now)
        if wait:
            now += wait
            assert buckets.take("somebody", now) == 0


def test_one_does_not_use_up_what_is_anothers() -> None:
    buckets = Buckets(per_second=1, burst=1, most_keys=10)
    assert buckets.take("one", 0) == 0
    assert buckets.take("one", 0) > 0
    assert buckets.take("other", 0) == 0


def test_a_clock_that_turns_back_gives_nothing_away() -> None:
    buckets = Buckets(per_second=1, burst=1, most_keys=10)
    assert buckets.take("one", 100) == 0
    assert buckets.take("one", 0) > 0
    assert buckets.take("one", 100.5) > 0
    assert buckets.take("one", 101.1) == 0


def test_a_million_addresses_take_no_more_memory_than_the_most_keys() -> None:
    buckets = Buckets(per_second=1, burst=1, most_keys=100)
    for number in range(10_000):
        buckets.take(f"address {number}", 0)
    assert len(buckets) == 100


def test_waiting_is_told_in_whole_seconds() -> None:
    assert [retry_after(seconds) for seconds in (0.01, 1.0, 1.2)] == ["1", "1", "2"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "client"),
    [
        ("192.0.2.7", ["203.0.113.9"], 0, "192.0.2.7"),
        ("10.0.0.1", ["203.0.113.9"], 1, "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.9"], 1, "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1", "203.0.113.9, 10.0.0.2"], 2, "203.0.113.9"),
        ("10.0.0.1", [], 1, "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9:4711"], 1, "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8:1:2:3::4]:80"], 1, "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", [], 0, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", [], 0, "192.0.2.7"),
        ("10.0.0.1", ["<script>"], 1, UNKNOWN),
        ("10.0.0.1", ["," * 5000], 1, UNKNOWN),
    ],
)
def test_the_client_is_whom_the_outermost_proxy_of_ours_saw(
    peer: str, forwarded: list[str], proxies: int, client: str
) -> None:
    assert client_address(peer, forwarded, trusted_proxies=proxies) == client
