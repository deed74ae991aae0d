"""Replicas on machines whose clocks are ten minutes off: they go by the database's time, and mind both."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.smtp import SMTP

from libs.clock import Clock, system_clock
from libs.mongo.connection import connect, database
from libs.mongo.shapes import RECORDS
from omnithread.preference.v1.preference_pb2 import QuietHours
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.services.calls import until
from tests.services.messaging.conftest import EMBEDDED, IMPATIENT, mail_by
from tests.services.messaging.office import EMAIL, Office, Person, came_to, form, office_at
from tests.services.messaging.post_office import TAKEN, PostOffice
from tests.services.running import Services

TEN_MINUTES = timedelta(minutes=10)
NEWS = {"template_id": "news", "purpose": "cart_reminder"}
ZONES = ("Pacific/Kiritimati", "Asia/Kathmandu", "Europe/Zurich", "America/St_Johns")


def off_by(offset: timedelta) -> Clock:
    return lambda: system_clock() + offset


@pytest.fixture
async def people(mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path) -> AsyncIterator[Services]:
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=tmp_path
    ) as services:
        await services.start(PROFILE, **EMBEDDED)
        await services.start(PREFERENCE, **EMBEDDED)
        yield services


async def replica(people: Services, post: PostOffice, offset: timedelta) -> Office:
    settings = {**mail_by(post), **IMPATIENT, "smtp_timeout_seconds": 60}
    running = await people.start(MESSAGING, clock=off_by(offset), by_database_time=True, **settings)
    return office_at(people, running, post)


async def quiet_by_their_clock(office: Office, zone: str, *, begins: int, ends: int) -> Person:
    """Somebody who lives there, and whose quiet hours begin and end so many minutes from now."""
    person, local = await office.person(EMAIL), system_clock().astimezone(ZoneInfo(zone))
    now = local.hour * 60 + local.minute
    quiet = QuietHours(start_minute=(now + begins) % 1440, end_minute=(now + ends) % 1440)
    await office.prefer(person.customer_id, time_zone=zone, quiet_hours=quiet)
    return person


@pytest.mark.parametrize("offset", [TEN_MINUTES, -TEN_MINUTES], ids=["fast", "slow"])
async def test_a_replica_with_a_wrong_clock_sends_nothing_in_quiet_hours(
    people: Services, post: PostOffice, mongo_uri: str, unique_prefix: str, offset: timedelta
) -> None:
    office = await replica(people, post, offset)
    await office.put("news", form(EMAIL, "News"))
    begun = [await quiet_by_their_clock(office, zone, begins=-5, ends=90) for zone in ZONES]
    nearly_over = [await quiet_by_their_clock(office, zone, begins=-90, ends=5) for zone in ZONES]
    far = [await quiet_by_their_clock(office, zone, begins=180, ends=300) for zone in ZONES]
    queued = {
        person.customer_id: await office.send(person.customer_id, **NEWS) for person in (*begun, *nearly_over, *far)
    }
    for person in far:
        assert came_to(await office.ended(person.customer_id, queued[person.customer_id])) == ("SENT", "")

    client = connect(mongo_uri, app_name="test")
    records = database(client, f"{unique_prefix}_messaging")[RECORDS]

    async def all_wait_for_the_end() -> bool:
        ids = [person.customer_id for person in (*begun, *nearly_over)]
        found: list[dict[str, Any]] = await records.find({"_id": {"$in": ids}}).to_list(len(ids))
        soonest = system_clock() + timedelta(minutes=2)
        return all(record["waiting"] and record["waiting"][0]["due_time"] > soonest for record in found)

    await until(all_wait_for_the_end)
    client.close()
    assert [post.mails(person.address) for person in (*begun, *nearly_over)] == [[]] * 8


async def test_a_replica_with_a_fast_clock_takes_nobody_for_dead_who_works(people: Services, post: PostOffice) -> None:
    """By its own clock the other's lease of two minutes would have ended long ago."""
    office = await replica(people, post, timedelta())
    await office.put("news", form(EMAIL, "News"))
    anna, released = await office.person(EMAIL), asyncio.Event()

    async def keep_waiting(_connection: SMTP) -> str:
        await released.wait()
        return TAKEN

    post.manners[anna.address] = keep_waiting
    message_id = await office.send(anna.customer_id, **NEWS)

    async def the_server_has_the_text() -> bool:
        return bool(post.mails(anna.address))

    await until(the_server_has_the_text)
    fast = await replica(people, post, TEN_MINUTES)
    ben = await fast.person(EMAIL)
    other_id = await fast.send(ben.customer_id, **NEWS)
    assert came_to(await fast.ended(ben.customer_id, other_id)) == ("SENT", "")  # it has looked what is due
    assert came_to(await fast.message(anna.customer_id, message_id)) == ("SENDING", "")
    released.set()
    assert came_to(await office.ended(anna.customer_id, message_id)) == ("SENT", "")
