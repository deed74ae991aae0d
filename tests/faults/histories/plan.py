"""What each client is to do, drawn from the seed: the plan repeats, how the steps fall together does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from random import Random

CLIENTS = 16
CUSTOMERS_AT_ONCE = 6
"""All clients work for so few at a time, so that they meet."""
STEPS_WITH_THEM = 30
"""Of each client; then all go on to the next customers. Keeps a cart under its 200 lines."""
IMPATIENT_SHARE = 0.2


class Task(Enum):
    """What there is to do."""

    ADD = "put an article into the cart"
    PREFER = "say what the customer likes to hear about"
    VIEW = "note that the customer looked at something"
    GET_CART = "read the cart"
    GET_PREFERENCES = "read the preferences"
    GET_CONTEXT = "read the customer context"


TASKS = (Task.ADD, Task.PREFER, Task.VIEW, Task.GET_CART, Task.GET_PREFERENCES, Task.GET_CONTEXT)
WEIGHTS = (30, 12, 6, 18, 8, 26)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do."""

    task: Task
    customer: int
    """By number; who it is turns out when somebody needs the customer first."""
    mark: str
    """What a write leaves behind."""
    patient: bool
    """Whether the same request is sent until it is answered."""


def steps(chance: Random, client: int, *, first: int = 0) -> Iterator[Step]:
    """Give what a client is to do, without end. No number of a step may come twice in one history: marks have it."""
    number = first
    while True:
        nearest = number // STEPS_WITH_THEM * CUSTOMERS_AT_ONCE
        yield Step(
            task=chance.choices(TASKS, WEIGHTS)[0],
            customer=nearest + chance.randrange(CUSTOMERS_AT_ONCE),
            mark=f"m-{client}-{number}",
            patient=chance.random() >= IMPATIENT_SHARE,
        )
        number += 1
