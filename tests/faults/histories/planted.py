"""Ten bugs of a suite, each of which shows in a few operations; the checker has to find every one."""

from collections.abc import Callable
from types import MappingProxyType

from tests.faults.histories.operations import Section, Via
from tests.faults.histories.violations import Rule
from tests.faults.histories.world import World

CART, PREFERENCES = Section.CART, Section.PREFERENCES


def stale_read(world: World, customer: str) -> None:
    """A replica answers from what it kept, although the write was acknowledged."""
    world.write(0, customer, CART)
    world.read(1, customer, CART, past=True)


def lost_update(world: World, customer: str) -> None:
    """Two channels write at the same time, and one puts back the cart as it was without the other's article."""
    mark = world.write(0, customer, CART)
    del world.record(customer, CART).marks[mark]
    world.write(1, customer, CART)


def version_reused(world: World, customer: str) -> None:
    """A write does not count."""
    world.write(0, customer, PREFERENCES)
    made = world.record(customer, PREFERENCES).version
    world.write(1, customer, PREFERENCES, version=made)


def version_backwards(world: World, customer: str) -> None:
    """A restored database counts from where it was."""
    for _ in range(4):
        world.write(0, customer, CART)
    world.record(customer, CART).version -= 3
    world.write(1, customer, CART)


def read_backwards(world: World, customer: str) -> None:
    """The till is told of a change that the app then does not see; nobody knew whether it was made."""
    world.unknown(0, customer, CART)
    world.read(1, customer, CART)
    world.read(2, customer, CART, past=True)


def done_twice(world: World, customer: str) -> None:
    """A request that was sent again runs again."""
    world.write(0, customer, CART, times=2)


def unknown_twice(world: World, customer: str) -> None:
    """A request whose answer was lost is carried out once by each of two replicas."""
    world.unknown(0, customer, CART, times=2)


def phantom(world: World, customer: str) -> None:
    """Something of another customer is in the cart."""
    world.store(customer, CART, world.write(0, f"{customer}-neighbour", CART))


def gone(world: World, customer: str) -> None:
    """A write is seen, then a crash undoes it, and the next one goes on from before."""
    mark = world.unknown(0, customer, CART)
    world.read(1, customer, CART)
    del world.record(customer, CART).marks[mark]
    world.write(2, customer, CART)


def context_older(world: World, customer: str) -> None:
    """The customer context is put together from a copy of preferences that has not heard of the newest change."""
    world.write(0, customer, PREFERENCES)
    world.read(1, customer, PREFERENCES, via=Via.CONTEXT, past=True)


PLANTED: MappingProxyType[Rule, Callable[[World, str], None]] = MappingProxyType(
    {
        Rule.STALE_READ: stale_read,
        Rule.LOST_UPDATE: lost_update,
        Rule.VERSION_REUSED: version_reused,
        Rule.VERSION_BACKWARDS: version_backwards,
        Rule.READ_BACKWARDS: read_backwards,
        Rule.DONE_TWICE: done_twice,
        Rule.UNKNOWN_TWICE: unknown_twice,
        Rule.PHANTOM: phantom,
        Rule.GONE: gone,
        Rule.CONTEXT_OLDER: context_older,
    }
)
"""By what the checker has to say of it."""
