"""The company remembers how I want to be spoken to. A no stays a no."""

import omnithread
from deploy.local.suite import Suite
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP
from omnithread.messaging.v1.messaging_pb2 import MESSAGE_STATE_SENT, MESSAGE_STATE_SKIPPED, Message
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_GRANTED, CONSENT_STATE_REVOKED
from omnithread.preference.v1.preference_service_pb2 import ListConsentRecordsRequest
from tests.journeys.people import add, consent, context_of, log_in, messages_to, somebody, speak_to
from tests.running_suite import Channels, until


async def test_what_i_said_on_one_channel_every_channel_knows(channels: Channels) -> None:
    anna = (await log_in(channels.shop, somebody())).customer_id
    await speak_to(channels.agent, anna, language="fr", ways=[DELIVERY_KIND_IN_APP, DELIVERY_KIND_EMAIL])
    for channel in channels.four:
        preferences = (await context_of(channel, anna)).preferences
        assert (preferences.language, preferences.time_zone) == ("fr", "Europe/Berlin")
        assert list(preferences.preferred_channels) == [DELIVERY_KIND_IN_APP, DELIVERY_KIND_EMAIL]


async def test_who_never_said_yes_is_not_reminded_and_the_reason_is_kept(suite: Suite, channels: Channels) -> None:
    person = somebody()
    anna = (await log_in(channels.shop, person)).customer_id
    await add(channels.shop, anna, "purse")

    async def reminders() -> list[Message]:
        return await messages_to(channels.agent, anna)

    (skipped,) = await until(reminders, lambda found: [one.state for one in found] == [MESSAGE_STATE_SKIPPED])
    assert skipped.state_reason == "NO_CONSENT"
    assert suite.mailbox.mails(recipient=person.email) == []


async def test_a_no_after_a_yes_holds_even_for_what_was_queued_already(suite: Suite, channels: Channels) -> None:
    person = somebody()
    anna = (await log_in(channels.shop, person)).customer_id
    await consent(channels.shop, anna, DELIVERY_KIND_EMAIL)
    await add(channels.shop, anna, "purse")

    async def reminders() -> list[Message]:
        return await messages_to(channels.agent, anna)

    await until(reminders, lambda found: len(found) == 1)
    await consent(channels.agent, anna, DELIVERY_KIND_EMAIL, state=CONSENT_STATE_REVOKED)
    (skipped,) = await until(reminders, lambda found: [one.state for one in found] == [MESSAGE_STATE_SKIPPED])
    assert skipped.state_reason == "NO_CONSENT"
    assert suite.mailbox.mails(recipient=person.email) == []

    proofs = (await channels.store.preference.ListConsentRecords(ListConsentRecordsRequest(customer_id=anna))).records
    assert [(proof.state, proof.channel.id, proof.actor_id) for proof in proofs] == [
        (CONSENT_STATE_REVOKED, "call-centre", "agent-17"),
        (CONSENT_STATE_GRANTED, "web-shop", ""),
    ]


async def test_a_guests_no_is_still_a_no_after_the_login(channels: Channels) -> None:
    anna = somebody()
    known = (await log_in(channels.store, anna)).customer_id
    await consent(channels.store, known, DELIVERY_KIND_EMAIL)
    guest = await channels.shop.start_session([omnithread.cookie(anna.cookie)])
    await consent(channels.shop, guest.customer_id, DELIVERY_KIND_EMAIL, state=CONSENT_STATE_REVOKED)
    await channels.shop.start_session([omnithread.cookie(anna.cookie), omnithread.email(anna.email, verified=True)])
    (now,) = (await context_of(channels.app, known)).preferences.consents
    assert now.state == CONSENT_STATE_REVOKED


async def test_who_said_yes_is_reminded_once_per_cart_and_not_again(channels: Channels) -> None:
    anna = (await log_in(channels.shop, somebody())).customer_id
    await consent(channels.app, anna, DELIVERY_KIND_IN_APP)
    await add(channels.shop, anna, "purse")

    async def reminders() -> list[Message]:
        return await messages_to(channels.app, anna)

    await until(reminders, lambda found: [one.state for one in found] == [MESSAGE_STATE_SENT])
    # Somebody else's whole reminder takes as long as a second one to Anna would.
    ben = (await log_in(channels.shop, somebody())).customer_id
    await consent(channels.app, ben, DELIVERY_KIND_IN_APP)
    await add(channels.shop, ben, "purse")

    async def to_ben() -> list[Message]:
        return await messages_to(channels.app, ben)

    await until(to_ben, lambda found: [one.state for one in found] == [MESSAGE_STATE_SENT])
    assert len(await reminders()) == 1
