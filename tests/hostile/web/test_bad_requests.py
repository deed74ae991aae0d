"""A few damaged requests to every place of the door and of the console, always the same; all are in `tests/faults`.

Each is refused for what it is, or answered as if the nonsense were not there: never as a fault of ours, without a word
about our insides, and with nothing that a person told in logs, spans or metrics.
"""

import random
from pathlib import Path

from tests.hostile.house import House
from tests.hostile.shares import told
from tests.hostile.web.asking import faults_of, open_console, open_door
from tests.hostile.web.cases import WELL, Bad
from tests.hostile.web.places import CONSOLE, DOOR, NOT_SENT_TO, places_of_the_door, routes_of_the_console
from tests.hostile.web.raw import Answer

SHARE = 0.1
NO_LINK = {"token": "eyJ0.not-a-token", "brand": "main.1", "provider": "mail"}


async def test_the_door_refuses_what_nobody_would_send_and_tells_nothing(house: House, tmp_path: Path) -> None:
    async with open_door(house, tmp_path) as door:
        await door.everywhere(DOOR, NO_LINK, share=SHARE, chance=random.Random("door"))
    door.look_around(house)
    assert door.faults == [], told(door.faults)
    assert door.asked > len(DOOR)


async def test_the_console_refuses_what_nobody_would_send_and_tells_nothing(house: House) -> None:
    customer_id = await house.new_customer()
    async with open_console(house) as console:
        await console.everywhere(CONSOLE, {"customer_id": customer_id}, share=SHARE, chance=random.Random("console"))
    console.look_around(house)
    assert console.faults == [], told(console.faults)
    assert console.asked > len(CONSOLE)


def test_every_place_is_asked() -> None:
    assert {place.path for place in DOOR} == places_of_the_door()
    assert sum(len(place.methods) for place in CONSOLE) + len(NOT_SENT_TO) == routes_of_the_console()


def test_an_answer_with_our_insides_or_with_what_was_told_is_a_fault() -> None:
    bad = Bad("a text", b"", WELL)
    assert faults_of(bad, Answer(400, b"HTTP/1.1 400 \r\n\r\nThat is no form.")) == []
    assert len(faults_of(bad, Answer(500, b"HTTP/1.1 500 \r\n\r\nTraceback (most recent call last)"))) == 2
    assert len(faults_of(bad, Answer(400, b"HTTP/1.1 400 \r\n\r\nWho is Kanarienvogel?"))) == 1
    assert len(faults_of(bad, Answer(0, b""))) == 1
