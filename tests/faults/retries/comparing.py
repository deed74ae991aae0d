"""Compares calls that were struck with one that was not: by their answers, and by what is in all databases."""

import asyncio
from collections.abc import Sequence

from tests.faults.retries.differing import told_differences
from tests.faults.retries.effects import difference
from tests.faults.retries.house import House
from tests.faults.retries.methods import method
from tests.faults.retries.running import Run
from tests.faults.retries.telling import json_of, told_message

SETTLED_SECONDS = 75.0
"""So long after the last change it is clear that they stay as they are: longer than an erasure waits for the one that
carries it out, before a sweep goes on with it."""
LONGEST_SECONDS = 600.0
"""A busy machine may take its time, as long as it goes on."""
LATE_SECONDS = 1.0
"""Longer than it takes a relay, a listener or a sweep to come by: what is done twice may be done late."""
LOOK_AGAIN_SECONDS = 0.3
LOOKS = 2


def wrong_answers(undisturbed: Run, struck: Sequence[Run]) -> list[str]:
    """Name answers that an undisturbed call would not have had, and second answers unlike the first."""
    faults: list[str] = []
    without = {*undisturbed.seed.goes_on, "replayed"}
    wanted = told_message(undisturbed.first, undisturbed.case.key, without)
    for each in struck:
        answered = told_message(each.first, each.case.key, without)
        if answered != wanted:
            told = "; ".join(told_differences([wanted], [answered]))
            faults.append(f"{each.struck}: answered otherwise than undisturbed: {told}")
        first, second = (type(each.first)() for _ in range(2))
        for copy, answer in ((first, each.first), (second, each.second)):
            copy.CopyFrom(answer)
            for field in without & set(copy.DESCRIPTOR.fields_by_name):
                copy.ClearField(field)
        if first != second:
            told = "; ".join(told_differences([json_of(first)], [json_of(second)]))
            faults.append(f"{each.struck}: asked again, it answered otherwise: {told}")
    return faults


async def wrong_effects(house: House, undisturbed: Sequence[Run], struck: Sequence[Run]) -> list[str]:
    """Look until all is relayed and all cases have come to the same, twice, or it is clear that they do not."""
    runs = [*undisturbed, *struck]
    now = asyncio.get_running_loop().time
    began = changed = now()
    before: list[str] = []
    agreed = 0
    while True:
        faults = await _differences(house, runs)
        if faults != before:
            before, changed = faults, now()
        agreed = 0 if faults else agreed + 1
        if agreed == LOOKS or (faults and (now() - changed > SETTLED_SECONDS or now() - began > LONGEST_SECONDS)):
            return faults
        await asyncio.sleep(LATE_SECONDS if agreed else LOOK_AGAIN_SECONDS)


async def _differences(house: House, runs: Sequence[Run]) -> list[str]:
    owner = method(runs[0].seed.name).service
    look = await house.looking.look([each.case for each in runs], owner=owner)
    if look.waiting:
        return [f"not relayed: {record}" for record in look.waiting]
    wanted, *found = look.documents
    return [
        f"{each.struck or 'undisturbed, too'}: {fault}"
        for each, documents in zip(runs[1:], found, strict=True)
        for fault in difference(wanted, documents, owner=owner)
    ]
