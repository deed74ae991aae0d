"""What waits for somebody who was forgotten is never sent, and what is heard of them later is dropped."""

from libs.ids import new_id
from omnithread.common.v1.privacy_pb2 import AreaErasure
from omnithread.messaging.v1 import messaging_internal_service_pb2 as internal_pb
from tests.services.calls import refusal, until
from tests.services.messaging.office import EMAIL, Office, came_to


async def forget(office: Office, customer_id: str) -> AreaErasure:
    request = internal_pb.EraseAreaRequest(erasure_id=new_id("era"), customer_id=customer_id)
    return (await office.internal.EraseArea(request)).erasure


async def test_a_reminder_that_waited_goes_with_the_person(patient: Office) -> None:
    anna = await patient.person(EMAIL)
    await patient.fill_cart(anna.customer_id)
    waiting = await patient.first_message(anna.customer_id)
    assert came_to(waiting) == ("QUEUED", "")
    await patient.post_entry("web", anna.customer_id, "Where is it?")
    receipt = await forget(patient, anna.customer_id)
    gone = {row.collection: row.erased_count for row in receipt.collections if row.erased_count}
    assert {name: gone[name] for name in ("conversations", "entries", "messages")} == {
        "conversations": 1,
        "entries": 1,
        "messages": 1,
    }
    assert (await refusal(patient.overview(anna.customer_id))).reason == "CUSTOMER_NOT_FOUND"
    assert (await refusal(patient.post_entry("web", anna.customer_id, "Hello?"))).reason == "CUSTOMER_ERASED"
    assert [event.WhichOneof("payload") for event in await patient.events(anna.customer_id)] == ["messaging_erased"]
    assert patient.post.mails(anna.address) == []


async def test_a_cart_that_was_left_afterwards_reminds_nobody_and_holds_up_nothing(office: Office) -> None:
    anna = await office.person(EMAIL)
    await forget(office, anna.customer_id)
    await office.fill_cart(anna.customer_id)  # cart has not heard of it yet
    ben = await office.person(EMAIL)
    await office.fill_cart(ben.customer_id)
    await until(lambda: office.messages(ben.customer_id))
    assert [event.WhichOneof("payload") for event in await office.events(anna.customer_id)] == ["messaging_erased"]
