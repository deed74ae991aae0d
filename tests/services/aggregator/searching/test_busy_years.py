"""A report on a year of a busy company is added up beside everything else that the process does."""

import time
from collections import Counter
from datetime import date, timedelta

from services.aggregator.searching.counts import Counts, Tally, TurnTally
from services.aggregator.searching.day_fields import parts_to_fields
from services.aggregator.searching.day_marks import DAYS, key_of
from tests.services.aggregator.searching.library import BERLIN, Library

DAYS_OF_IT = 20
LETTERS = "WASCETPO"


async def test_the_process_answers_others_while_it_adds(library: Library) -> None:
    first = date(2026, 3, 1)
    days = [first + timedelta(days=number) for number in range(DAYS_OF_IT)]
    parts = parts_to_fields({place: busy() for place in "WASCE"})
    documents = [{"_id": key_of(day, BERLIN), "day": day.isoformat(), "parts": parts} for day in days]
    await library.database[DAYS].insert_many(documents)
    of_loop, of_all = time.thread_time(), time.process_time()
    report = await library.report(days[0], days[-1])
    of_loop, of_all = time.thread_time() - of_loop, time.process_time() - of_all
    assert report.counts.journeys.count == DAYS_OF_IT * 5 * 1000
    assert [day for day, _ in report.days] == [day.isoformat() for day in days]
    assert of_loop < of_all / 4


def busy() -> Counts:
    times = Counter(dict.fromkeys(range(1, 80), 9))
    turns = {(one, other): TurnTally(Tally(9), times) for one in LETTERS for other in LETTERS if one != other}
    return Counts(journeys=Tally(1000), turns=turns)
