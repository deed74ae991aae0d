"""What a run of the fault tests draws from: one seed, printed in the header, and a share of every row.

`OMNITHREAD_FAULT_SEED=1234` repeats a run's choices; `OMNITHREAD_FAULT_SHARE` is the part of every row's rounds that is
run, above 0 and at most 1 (0.05 where nothing is said, 1 in `make test-faults-full`).
"""

import random

from tests.shares import seed_of, share_of

SEED = "OMNITHREAD_FAULT_SEED"
SHARE = "OMNITHREAD_FAULT_SHARE"
USUAL_SHARE = 0.05


def seed() -> int:
    """Give the seed of this run; drawn once, and the same in processes that the run starts."""
    return seed_of(SEED)


def share() -> float:
    """Give the share of every row that is run. Raises ValueError where it is not above 0 and at most 1."""
    return share_of(SHARE, usual=USUAL_SHARE)


def rounds(full: int) -> int:
    """Give how often something is done that is done `full` times in a full run; at least once."""
    return max(1, round(full * share()))


def chance(*words: object) -> random.Random:
    """Give a source of choices that depends on the seed and these words only, not on what was drawn elsewhere."""
    return random.Random(f"{seed()} {' '.join(map(str, words))}")
