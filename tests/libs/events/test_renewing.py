"""What is claimed for a moment is claimed again for as long as the work on it takes, and no longer."""

import asyncio

from libs.errors import dependency_unavailable
from libs.events import heads_sweep, parked
from libs.events.renewing import renewed


async def test_a_claim_is_renewed_while_the_work_lasts_though_the_database_was_away_for_a_moment() -> None:
    renewals = 0
    enough = asyncio.Event()

    async def renew() -> None:
        nonlocal renewals
        renewals += 1
        if renewals == 1:
            raise dependency_unavailable("mongodb")
        enough.set()

    async with renewed(renew, every_seconds=0.01):
        await asyncio.wait_for(enough.wait(), 30)
    known = renewals
    await asyncio.sleep(0.05)
    assert renewals == known


def test_what_a_killed_reader_had_claimed_is_free_soon_enough_to_be_complete_in_fifteen_seconds() -> None:
    until_swept = heads_sweep.LEASE.total_seconds() + heads_sweep.SWEEP_SECONDS + heads_sweep.GRACE_SECONDS
    assert until_swept <= 10
    assert parked.CLAIMED_FOR.total_seconds() + parked.LOOK_SECONDS <= 10
