"""What waits: for the end of quiet hours, for services that do not answer, for a lease that ends."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from deploy.local.ports import free_port
from deploy.local.service import serving
from deploy.sample.load import put_templates
from libs.clock import system_clock
from libs.mongo.connection import Collection, connect, database
from libs.mongo.shapes import CURSORS, RECORDS, cursor_key
from libs.process import migrate
from libs.serving import serving as running_service
from omnithread.messaging.v1 import messaging_service_pb2 as pb
from omnithread.preference.v1.preference_pb2 import QuietHours
from services.cart.service import SERVICE as CART
from services.messaging.service import SERVICE as MESSAGING
from services.messaging.settings import MessagingSettings
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.services.calls import until
from tests.services.messaging.conftest import EMBEDDED, IMPATIENT, IMPATIENT_CART, mail_by
from tests.services.messaging.office import EMAIL, MovedClock, came_to, form, new_person, office_at, put_request
from tests.services.messaging.post_office import TAKEN, PostOffice
from tests.services.running import LOOPBACK, ROOT, Services

NEWS = {"template_id": "news", "purpose": "cart_reminder"}
START_SECONDS = 60.0


@pytest.fixture
async def people(mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path) -> AsyncIterator[Services]:
    """Profile alone, so that a test decides who else answers."""
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=tmp_path
    ) as services:
        await services.start(PROFILE, **EMBEDDED)
        yield services


@pytest.fixture
async def records(mongo_uri: str, unique_prefix: str) -> AsyncIterator[Collection]:
    """What messaging has noted, for what no call tells."""
    client = connect(mongo_uri, app_name="test")
    yield database(client, f"{unique_prefix}_messaging")[RECORDS]
    client.close()


async def first_waiting(records: Collection, customer_id: str) -> dict[str, Any]:
    record = await records.find_one({"_id": customer_id})
    return dict(record["waiting"][0]) if record and record["waiting"] else {}


async def test_what_comes_in_quiet_hours_is_sent_when_they_end(
    people: Services, post: PostOffice, records: Collection
) -> None:
    await people.start(PREFERENCE, **EMBEDDED)
    clock = MovedClock()
    office = office_at(people, await people.start(MESSAGING, clock=clock, **mail_by(post), **IMPATIENT), post)
    await office.put("news", form(EMAIL, "News"))
    anna = await office.person(EMAIL)
    start, end = system_clock() - timedelta(minutes=10), system_clock() + timedelta(minutes=30)
    quiet = QuietHours(start_minute=start.hour * 60 + start.minute, end_minute=end.hour * 60 + end.minute)
    await office.prefer(anna.customer_id, time_zone="UTC", quiet_hours=quiet)

    message_id = await office.send(anna.customer_id, **NEWS)
    end_of_quiet = end.replace(second=0, microsecond=0)

    async def waits_for_the_end() -> bool:
        due_time = (await first_waiting(records, anna.customer_id))["due_time"]
        return bool(end_of_quiet <= due_time <= end_of_quiet + timedelta(minutes=5))

    await until(waits_for_the_end)
    assert came_to(await office.message(anna.customer_id, message_id)) == ("QUEUED", "")
    assert post.mails(anna.address) == []

    clock.later = timedelta(minutes=36)
    assert came_to(await office.ended(anna.customer_id, message_id)) == ("SENT", "")
    assert len(post.mails(anna.address)) == 1


async def test_nothing_is_sent_before_preference_has_answered(
    people: Services, post: PostOffice, records: Collection
) -> None:
    port = free_port()
    settings = {**mail_by(post), **IMPATIENT, "preference_address": f"{LOOPBACK}:{port}"}
    office = office_at(people, await people.start(MESSAGING, **settings), post)
    await office.put("news", form(EMAIL, "News"))
    anna = await office.person()
    message_id = await office.send(anna.customer_id, **NEWS)

    async def was_tried_twice() -> bool:
        return int((await first_waiting(records, anna.customer_id))["attempts"]) >= 2

    await until(was_tried_twice)
    assert came_to(await office.message(anna.customer_id, message_id)) == ("QUEUED", "")
    assert post.mails(anna.address) == []

    await people.start(PREFERENCE, listen=f"{LOOPBACK}:{port}", **EMBEDDED)
    assert came_to(await office.ended(anna.customer_id, message_id)) == ("SKIPPED", "NO_CONSENT")


async def test_what_belongs_to_an_order_waits_a_minute_for_preference_and_then_goes(
    people: Services, post: PostOffice, records: Collection
) -> None:
    """Marketing goes on waiting: nobody knows whether it may go."""
    clock = MovedClock()
    office = office_at(people, await people.start(MESSAGING, clock=clock, **mail_by(post), **IMPATIENT), post)
    await office.put("news", form(EMAIL, "News"))
    anna, ben = await office.person(), await office.person()
    order_id = await office.send(anna.customer_id, "news")
    news_id = await office.send(ben.customer_id, **NEWS)

    async def was_tried() -> bool:
        tries = [int((await first_waiting(records, one.customer_id))["attempts"]) for one in (anna, ben)]
        return min(tries) >= 1

    await until(was_tried)
    assert post.mails(anna.address) == []
    clock.later = timedelta(minutes=2)
    assert came_to(await office.ended(anna.customer_id, order_id)) == ("SENT", "")
    assert len(post.mails(anna.address)) == 1
    assert came_to(await office.message(ben.customer_id, news_id)) == ("QUEUED", "")
    assert post.mails(ben.address) == []


async def test_what_waited_for_too_long_is_not_sent_any_more(people: Services, post: PostOffice) -> None:
    settings = {**mail_by(post), **IMPATIENT, "message_lifetime_hours": 0.0003}
    office = office_at(people, await people.start(MESSAGING, **settings), post)
    await office.put("news", form(EMAIL, "News"))
    anna = await office.person()
    message_id = await office.send(anna.customer_id, **NEWS)
    assert came_to(await office.ended(anna.customer_id, message_id)) == ("SKIPPED", "EXPIRED")


async def test_a_worker_killed_while_it_sends_leaves_a_mail_that_nobody_sends_again(
    people: Services, post: PostOffice, tmp_path: Path
) -> None:
    """The worker is a process of its own; the mail server has the text, and its answer comes too late."""
    await people.start(PREFERENCE, **EMBEDDED)
    settings = people.settings(
        MESSAGING,
        **mail_by(post) | IMPATIENT | {"send_lease_seconds": 5, "smtp_timeout_seconds": 5},
        listen=f"{LOOPBACK}:{free_port()}",
        port_file=tmp_path / "ports",
    )
    anna, released = await new_person(people.connect("web-shop").profile), asyncio.Event()

    async def keep_waiting(_connection: SMTP) -> str:
        await released.wait()
        return TAKEN

    post.manners[anna.address] = keep_waiting
    await migrate(MESSAGING, settings)
    worker = await _start(settings)
    try:
        await _serves(worker, tmp_path / "ports")
        people.addresses["messaging"] = settings.listen
        at_worker = people.connect("web-shop").messaging
        await at_worker.PutTemplate(put_request("news", form(EMAIL, "News")))
        queued = await at_worker.SendMessage(
            pb.SendMessageRequest(customer_id=anna.customer_id, template_id="news", purpose="service")
        )

        async def the_server_has_the_text() -> bool:
            return bool(post.mails(anna.address))

        await until(the_server_has_the_text)
    finally:
        worker.send_signal(signal.SIGKILL)
        await worker.wait()
    released.set()

    office = office_at(people, await people.start(MESSAGING, **mail_by(post), **IMPATIENT), post)
    message = await office.message(anna.customer_id, queued.message.message_id)
    assert came_to(message) == ("SENDING", "")
    ended = await office.ended(anna.customer_id, message.message_id)
    assert (came_to(ended), ended.body_text) == (("UNKNOWN", "WORKER_LOST"), "News")
    again = await office.send(anna.customer_id, "news")
    assert came_to(await office.ended(anna.customer_id, again)) == ("SENT", "")
    assert [mail["Message-ID"] for mail in post.mails(anna.address)] == [
        f"<{message_id}@example.com>" for message_id in (message.message_id, again)
    ]


async def test_a_service_that_is_asked_to_stop_finishes_the_mail_it_is_handing_over(
    people: Services, post: PostOffice
) -> None:
    await people.start(PREFERENCE, **EMBEDDED)
    settings = people.settings(MESSAGING, **mail_by(post), **IMPATIENT)
    await migrate(MESSAGING, settings)
    released = asyncio.Event()

    async def keep_waiting(_connection: SMTP) -> str:
        await released.wait()
        return TAKEN

    async with running_service(MESSAGING, settings) as running:
        office = office_at(people, running, post)
        anna = await office.person()
        post.manners[anna.address] = keep_waiting
        await office.put("news", form(EMAIL, "News"))
        message_id = await office.send(anna.customer_id, "news")

        async def the_server_has_the_text() -> bool:
            return bool(post.mails(anna.address))

        await until(the_server_has_the_text)
        asyncio.get_running_loop().call_later(0.3, released.set)

    office = office_at(people, await people.start(MESSAGING, **mail_by(post), **IMPATIENT), post)
    assert came_to(await office.message(anna.customer_id, message_id)) == ("SENT", "")


async def test_a_reminder_without_a_template_is_noted_as_such(people: Services, post: PostOffice) -> None:
    await people.start(CART, **IMPATIENT_CART)
    office = office_at(people, await people.start(MESSAGING, **mail_by(post), **IMPATIENT), post)
    customer_id = await office.guest()
    await office.fill_cart(customer_id)
    message = await office.first_message(customer_id)
    assert came_to(message) == ("FAILED", "TEMPLATE_NOT_FOUND")
    assert (await office.overview(customer_id)).queued_count == 0


async def test_an_announcement_that_is_read_again_reminds_nobody_twice(
    people: Services, post: PostOffice, records: Collection
) -> None:
    await people.start(PREFERENCE, **EMBEDDED)
    await people.start(CART, **IMPATIENT_CART)
    running = await people.start(MESSAGING, **mail_by(post), **IMPATIENT)
    office = office_at(people, running, post)
    await put_templates(people.connect("web-shop"))
    anna = await office.person(EMAIL)
    await office.fill_cart(anna.customer_id)
    message = await office.first_message(anna.customer_id)
    await office.ended(anna.customer_id, message.message_id)

    cursors = records.database[CURSORS]
    forgotten = cursor_key("cart", anna.customer_id)
    await cursors.delete_many({})

    async def is_read_again() -> bool:
        return await cursors.find_one({"_id": forgotten}) is not None

    await until(is_read_again, seconds=60)
    assert [found.message_id for found in await office.messages(anna.customer_id)] == [message.message_id]
    assert len(post.mails(anna.address)) == 1


async def _start(settings: MessagingSettings) -> asyncio.subprocess.Process:
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    variables = {f"OMNITHREAD_{name.upper()}": str(value) for name, value in given.items()}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.messaging", cwd=ROOT, env={**os.environ, **variables}
    )


async def _serves(process: asyncio.subprocess.Process, port_file: Path) -> None:
    async with asyncio.timeout(START_SECONDS):
        while not (ports := await asyncio.to_thread(_read, port_file)):
            assert process.returncode is None
            await asyncio.sleep(0.05)
        _, health_port = ports.split()
        while not await serving(f"{LOOPBACK}:{health_port}"):
            await asyncio.sleep(0.05)


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""
