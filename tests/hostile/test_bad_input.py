"""A few broken requests to a few methods of every service, always the same; all of them are in `tests/faults`."""

import random
import time

import pytest

from omnithread.tokens import seconds_good
from tests.hostile.contract import AREAS
from tests.hostile.house import House
from tests.hostile.shares import damaged, matrix, of_the_forgotten, told

SHARE = 0.0001
"""One case of each method."""
MOST_METHODS = 8
DAMAGED = 30
A_LONG_RUN_SECONDS = 86400.0


@pytest.mark.parametrize("service", AREAS)
async def test_a_broken_request_is_refused_for_a_reason_and_harms_nobody(house: House, service: str) -> None:
    run = await matrix(house, service, share=SHARE, chance=random.Random(service), most_methods=MOST_METHODS)
    assert run.faults == [], told(run.faults)
    assert run.sent == MOST_METHODS


@pytest.mark.parametrize("service", AREAS)
async def test_a_request_damaged_on_its_way_is_refused_for_a_reason_and_harms_nobody(
    house: House, service: str
) -> None:
    run = await damaged(house, service, count=DAMAGED, chance=random.Random(service))
    assert run.faults == [], told(run.faults)


@pytest.mark.parametrize("service", AREAS)
async def test_every_method_has_an_answer_about_somebody_who_was_forgotten(house: House, service: str) -> None:
    run = await of_the_forgotten(house, service)
    assert run.faults == [], told(run.faults)


def test_whoever_calls_here_may_call_for_as_long_as_a_whole_run_takes(house: House) -> None:
    for sender in house.senders.values():
        for token in (sender.channel_token, sender.mail_token, *sender.service_tokens.values()):
            assert seconds_good(token, now=time.time()) > A_LONG_RUN_SECONDS
