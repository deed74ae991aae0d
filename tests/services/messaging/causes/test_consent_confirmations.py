"""A yes that has to be confirmed: its address is asked by mail, with a link and a code that are nowhere else."""

import re

from libs.ids import new_id
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.preference.v1.consent_service_pb2 import ConfirmConsentRequest
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_GRANTED, CONSENT_STATE_PENDING
from omnithread.preference.v1.preference_service_pb2 import (
    GetPreferencesRequest,
    SetConsentRequest,
    SetConsentResponse,
)
from tests.services.calls import until
from tests.services.messaging.causes.test_identity_codes import code_in, everything_in_database, text_to
from tests.services.messaging.office import Office, came_to
from tests.services.running import Services

LINK = re.compile(r"https://my\.example/c/[A-Za-z0-9_=-]+")


async def says_yes(office: Office, customer_id: str, address: str) -> SetConsentResponse:
    return await office.preference.SetConsent(
        SetConsentRequest(
            customer_id=customer_id,
            purpose="club",
            delivery_kind=DELIVERY_KIND_EMAIL,
            contact_point=address,
            state=CONSENT_STATE_GRANTED,
            wording="Send me club news",
            wording_version="1",
            source="club page",
        )
    )


async def test_an_address_is_asked_by_mail_and_its_code_makes_the_yes_count(office: Office, services: Services) -> None:
    guest, address = await office.guest(), f"{new_id('anna')}@example.com"
    said = await says_yes(office, guest, address)
    assert [one.state for one in said.preferences.consents] == [CONSENT_STATE_PENDING]
    text = await text_to(office.post, address)
    assert "Club news" in text
    [link] = LINK.findall(text)
    code = code_in(text.replace(link, ""))

    message = await office.ended(guest, (await office.first_message(guest)).message_id)
    assert came_to(message) == ("SENT", "")
    assert (message.template_id, message.subject, message.body_text) == ("consent_confirmation", "", "")
    kept = str(message) + str(await office.events(guest)) + await everything_in_database(services)
    assert not re.search(rf"\b{code}\b", kept)
    assert link not in kept
    assert address not in kept

    consents = services.connect("web-shop").consents
    await consents.ConfirmConsent(ConfirmConsentRequest(customer_id=guest, record_id=said.record_id, code=code))
    seen = await office.preference.GetPreferences(GetPreferencesRequest(customer_id=guest))
    assert [one.state for one in seen.preferences.consents] == [CONSENT_STATE_GRANTED]


async def test_an_address_that_is_asked_for_again_and_again_gets_three_mails_and_nobody_is_told(
    office: Office,
) -> None:
    guest, address = await office.guest(), f"{new_id('anna')}@example.com"
    for _ in range(5):
        said = await says_yes(office, guest, address)
        assert said.record_state == CONSENT_STATE_PENDING

    async def ended() -> bool:
        messages = (await office.overview(guest)).recent_messages
        return len(messages) == 3 and all(message.send_time.seconds for message in messages)

    await until(ended)
    assert len(office.post.mails(address)) == 3
