"""What many ask for at once is asked for in few questions, and nobody is held up by another."""

import asyncio
from collections.abc import Sequence

import pytest

from libs.gathering import ByItself, Gathering
from libs.telemetry.journey import NO_LABELS, JourneyLabels, current_labels, journey_labels


class Desk:
    """Answers a number with its double, each question when it is told to; notes the questions."""

    def __init__(self) -> None:
        self.questions: list[list[int]] = []
        self.labelled: list[JourneyLabels] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.gathering: Gathering[int, int] = Gathering(
            alone=self.alone, together=self.together, most=10, held_up_seconds=0.05
        )

    async def alone(self, asked: int) -> int:
        self.questions.append([asked])
        await self.may_answer.wait()
        return 2 * asked

    async def together(self, asked: Sequence[int], _within_seconds: float) -> list[int | Exception]:
        self.questions.append(list(asked))
        self.labelled.append(current_labels())
        await self.may_answer.wait()
        return [ByItself() if one == 13 else ValueError() if one == 7 else 2 * one for one in asked]

    def ask(self, asked: int, *, within_seconds: float = 30.0) -> asyncio.Task[int]:
        return asyncio.create_task(self.gathering.ask(asked, within_seconds=within_seconds))


async def test_one_is_asked_for_alone_and_those_of_one_moment_together() -> None:
    desk = Desk()
    assert await desk.ask(1) == 2
    assert await asyncio.gather(*(desk.ask(number) for number in (2, 3, 4))) == [4, 6, 8]
    assert desk.questions == [[1], [2, 3, 4]]


async def test_a_question_for_many_is_labelled_with_none_of_them() -> None:
    desk = Desk()

    async def ask(number: int) -> int:
        with journey_labels(customer_id=f"cus_{number}"):
            return await desk.gathering.ask(number, within_seconds=30.0)

    assert await asyncio.gather(*(ask(number) for number in (1, 2))) == [2, 4]
    assert desk.labelled == [NO_LABELS]


async def test_who_comes_while_one_is_under_way_waits_and_goes_with_the_others_so_many_at_a_time() -> None:
    desk = Desk()
    desk.may_answer.clear()
    first = desk.ask(0)
    await asyncio.sleep(0.01)
    others = [desk.ask(20 + number) for number in range(12)]
    await asyncio.sleep(0.01)
    assert desk.questions == [[0]]
    desk.may_answer.set()
    assert await asyncio.gather(first, *others) == [0, *(40 + 2 * number for number in range(12))]
    assert [len(question) for question in desk.questions] == [1, 10, 2]


async def test_one_that_fails_takes_nobody_along_and_one_that_had_no_room_asks_by_itself() -> None:
    desk = Desk()
    answers = await asyncio.gather(*(desk.ask(number) for number in (6, 7, 13)), return_exceptions=True)
    assert answers[::2] == [12, 26]
    assert isinstance(answers[1], ValueError)
    assert desk.questions == [[6, 7, 13], [13]]


async def test_where_one_hangs_another_is_asked() -> None:
    desk = Desk()
    desk.may_answer.clear()
    hanging = desk.ask(1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [desk.ask(number) for number in (2, 3)]
    while len(desk.questions) < 2:
        await asyncio.sleep(0.01)
    assert desk.questions == [[1], [2, 3]]
    desk.may_answer.set()
    assert await asyncio.gather(hanging, *others) == [2, 4, 6]


async def test_who_gives_up_while_it_is_their_turn_holds_up_nobody() -> None:
    desk = Desk()
    desk.may_answer.clear()
    first = desk.ask(1)
    await asyncio.sleep(0.01)
    first.cancel()
    second = desk.ask(2)
    desk.may_answer.set()
    assert await second == 4
    for turns in range(4):  # wherever they are on their way
        given_up, other = desk.ask(3), desk.ask(4)
        for _ in range(turns):
            await asyncio.sleep(0)
        given_up.cancel()
        assert await other == 8
        assert await desk.ask(5) == 10


async def test_who_has_no_time_is_told_so_and_not_asked_for() -> None:
    desk = Desk()
    with pytest.raises(TimeoutError):
        await desk.ask(1, within_seconds=0.0)
    desk.may_answer.clear()
    late = [desk.ask(number, within_seconds=0.02) for number in (2, 3)]
    for task in late:
        with pytest.raises(TimeoutError):
            await task
    desk.may_answer.set()
    assert await desk.ask(4) == 8
    assert [1] not in desk.questions
