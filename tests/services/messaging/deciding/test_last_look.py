"""Just before a text leaves it is looked whether it may: what was asked long ago is asked again."""

import asyncio

import pytest

from services.messaging.deciding import last_look
from services.messaging.deciding.facts import Wishes
from services.messaging.deciding.last_look import FRESH_SECONDS, MOST_ASKS, CalledOff, LastLook
from services.messaging.deciding.sources import SourceAway


class World:
    """A customer who wishes something, and a service that takes its time to say it."""

    def __init__(self, *, answer_seconds: float = 0.01) -> None:
        self.now = 0.0
        self.answer_seconds = answer_seconds
        self.asks = 0
        self.says_no = False
        self.is_away = False

    async def wishes(self) -> Wishes:
        self.asks += 1
        self.now += self.answer_seconds
        if self.is_away:
            raise SourceAway("preference")
        return Wishes(version=int(self.says_no))

    def look(self) -> LastLook:
        return LastLook(0.0, lambda: self.now, self.wishes, lambda wishes: wishes.version == 0)


async def test_what_was_asked_a_moment_ago_is_not_asked_again() -> None:
    world = World()
    world.now = FRESH_SECONDS
    await world.look()()
    assert world.asks == 0


async def test_a_no_that_was_said_meanwhile_holds() -> None:
    world = World()
    look = world.look()
    world.now, world.says_no = FRESH_SECONDS + 1, True
    with pytest.raises(CalledOff):
        await look()


async def test_who_says_nothing_new_is_written_to() -> None:
    world = World()
    world.now = 30
    await world.look()()
    assert world.asks == 1


async def test_where_nobody_answers_nothing_goes() -> None:
    world = World()
    world.now, world.is_away = 30, True
    with pytest.raises(CalledOff):
        await world.look()()


async def test_an_answer_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_look, "LOOK_SECONDS", 0.01)

    async def never() -> Wishes:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(CalledOff):
        await LastLook(-30.0, lambda: 0.0, never, lambda _wishes: True)()


async def test_answers_that_take_too_long_are_as_good_as_none() -> None:
    world = World(answer_seconds=FRESH_SECONDS + 0.1)
    world.now = 30
    with pytest.raises(CalledOff):
        await world.look()()
    assert world.asks == MOST_ASKS
