"""What is taken over from another system is known here, and nothing has happened here yet."""

from datetime import UTC, datetime, timedelta
from typing import Any

from libs.ids import new_id
from libs.timestamps import to_timestamp
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.context.v1.context_service_pb2 import GetJourneyRequest
from omnithread.messaging.v1.messaging_service_pb2 import ListMessagesRequest
from omnithread.preference.v1 import consent_import_service_pb2 as consents_pb
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_GRANTED
from omnithread.profile.v1 import customer_import_service_pb2 as customers_pb
from tests.services.aggregator.company import Company, login, start_of_session, summaries


async def answers_to(call: Any, *messages: Any) -> list[Any]:
    for message in messages:
        await call.write(message)
    await call.done_writing()
    return [result async for answer in call for result in answer.results]


async def test_an_imported_customer_begins_a_journey_with_the_first_visit_and_is_not_written_to(
    company: Company,
) -> None:
    address, import_id = login(), new_id("crm")
    [customer] = await answers_to(
        company.call_centre.customer_import.ImportCustomers(timeout=60),
        customers_pb.ImportCustomersRequest(start=customers_pb.ImportStart(import_id=import_id, source="crm")),
        customers_pb.ImportCustomersRequest(row=customers_pb.CustomerRow(number=1, identifiers=[address])),
    )
    row = consents_pb.ConsentRow(
        number=1,
        customer_id=customer.customer_id,
        purpose="newsletter",
        delivery_kind=DELIVERY_KIND_EMAIL,
        state=CONSENT_STATE_GRANTED,
        source="crm",
        occur_time=to_timestamp(datetime.now(UTC) - timedelta(days=700)),
    )
    await answers_to(
        company.call_centre.consent_import.ImportConsents(timeout=60),
        consents_pb.ImportConsentsRequest(start=consents_pb.ConsentImportStart(import_id=import_id)),
        consents_pb.ImportConsentsRequest(row=row),
    )
    session = await company.web.context.StartSession(start_of_session(address))
    assert session.customer_id == customer.customer_id
    context = await company.whole_context(customer.customer_id)
    assert [one.purpose for one in context.preferences.consents] == ["newsletter"]
    journey = await company.web.context.GetJourney(GetJourneyRequest(customer_id=customer.customer_id))
    assert summaries(list(journey.touchpoints)) == summaries(list(context.journey.recent_touchpoints))
    assert len(journey.touchpoints) == 1
    messages = await company.web.messaging.ListMessages(ListMessagesRequest(customer_id=customer.customer_id))
    assert list(messages.messages) == []
