"""Which tests take long, and a seeded share of them: of every file as many as the share says, others with each run.

`OMNITHREAD_LONG_SHARE` is the share that is run, above 0 and at most 1 (all where nothing is said);
`OMNITHREAD_LONG_SEED`, told in the header, repeats a choice.
"""

import math
import random
from collections import defaultdict
from collections.abc import Sequence

import pytest

from tests.shares import seed_of, share_of

SHARE = "OMNITHREAD_LONG_SHARE"
SEED = "OMNITHREAD_LONG_SEED"

LONG = (
    "tests/deploy/kubernetes/test_started_as_rendered.py",
    "tests/deploy/image/test_contents.py",
    "tests/deploy/image/test_programs_start.py",
    "tests/hostile/test_bad_input.py::test_every_method_has_an_answer",
    "tests/journeys/test_a_shift_is_replayed.py",
    "tests/journeys/test_every_trace_is_whole.py",
    "tests/journeys/test_nobody_loses_anything.py",
    "tests/journeys/test_nothing_personal_is_left.py",
    "tests/journeys/test_promise_01_one_cart.py::test_two_channels_write_one_cart_a_hundred_times",
    "tests/journeys/test_what_the_pages_show.py",
    "tests/libs/events/test_kafka_away.py",
    "tests/libs/test_secrets.py::test_a_service_works_as_a_user",
    "tests/libs/mongo/test_crash.py",
    "tests/libs/mongo/test_erase.py::test_an_erasure_that_crashes_at_any_write",
    "tests/libs/rpc/test_a_new_replica.py",
    "tests/release/test_client_package.py",
    "tests/services/access/test_who_may_do_what.py::test_each_caller",
    "tests/services/aggregator/searching/test_against_a_pencil.py::test_after_being_killed",
    "tests/services/aggregator/searching/test_against_a_pencil.py::test_after_months",
    "tests/services/aggregator/searching/test_sample_journeys.py",
    "tests/services/aggregator/searching/test_ten_thousand_journeys.py",
    "tests/services/aggregator/test_erasure_crashes.py",
    "tests/services/aggregator/test_erasures.py",
    "tests/services/aggregator/test_price_alerts.py::test_after_crashes_at_any_point",
    "tests/services/aggregator/test_sampled_journeys.py",
    "tests/services/aggregator/test_unmerging.py",
    "tests/services/aggregator/watching/test_away.py",
    "tests/services/aggregator/watching/test_streams.py::test_who_takes_nothing",
    "tests/services/cart/checkout/test_checkouts.py",
    "tests/services/cart/test_against_a_simple_model.py",
    "tests/services/cart/test_process.py",
    "tests/services/cart/test_two_replicas.py",
    "tests/services/messaging/deciding/test_a_hundred.py",
    "tests/services/messaging/delivery/test_waiting.py",
    "tests/services/messaging/delivery/test_wrong_clocks.py",
    "tests/services/messaging/subscriptions/test_calls.py::test_the_51st_subscription_is_refused",
    "tests/services/messaging/subscriptions/test_posting.py",
    "tests/services/profile/test_forgetting.py::test_an_erasure_that_crashes_at_any_write",
    "tests/services/profile/test_process.py",
)
"""What takes long, since it crashes or repeats many times, waits out deadlines, or starts whole processes: these have
the mark `long`, and are run by `make test-long`."""

ALWAYS = (
    "tests/deploy/",
    "tests/journeys/test_what_the_pages_show.py",
    "tests/release/",
)
"""In every share: each of them tries something else."""


def share() -> float:
    """Give the share that is run. Raises ValueError where it is not above 0 and at most 1."""
    return share_of(SHARE, usual=1)


def seed() -> int:
    """Give the seed of this run; drawn once, and the same in processes that the run starts."""
    return seed_of(SEED)


def mark_long(items: Sequence[pytest.Item]) -> None:
    """Give those that take long their mark; some have it already."""
    for item in items:
        if item.nodeid.startswith(LONG):
            item.add_marker(pytest.mark.long)


def left_out(node_ids: Sequence[str], *, share: float, seed: int) -> set[str]:
    """Give those that a share leaves out: of each file it has so many, and of less than one now and then one."""
    by_file: defaultdict[str, list[str]] = defaultdict(list)
    for node_id in node_ids:
        if not node_id.startswith(ALWAYS):
            by_file[node_id.partition("::")[0]].append(node_id)
    left: set[str] = set()
    for file, mine in by_file.items():
        chance = random.Random(f"{seed} {file}")
        count = math.floor(len(mine) * share + chance.random())
        left |= set(mine).difference(chance.sample(mine, count))
    return left


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out of `items` what the share of this run leaves out."""
    if share() == 1:
        return
    long = [item.nodeid for item in items if item.get_closest_marker("long")]
    left = left_out(long, share=share(), seed=seed())
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in left])
    items[:] = [item for item in items if item.nodeid not in left]
