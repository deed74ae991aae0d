"""Seeds and shares that a run is given by its environment: what is drawn by them can be drawn again."""

import os
import secrets


def seed_of(variable: str) -> int:
    """Give the seed of this run; drawn once, and the same in processes that the run starts."""
    return int(os.environ.setdefault(variable, str(secrets.randbelow(10**6))))


def share_of(variable: str, *, usual: float) -> float:
    """Give the share that is run. Raises ValueError where it is not above 0 and at most 1."""
    found = float(os.environ.get(variable, str(usual)))
    if not 0 < found <= 1:
        raise ValueError(f"{variable} is {found}, not above 0 and at most 1")
    return found
