"""What channels can do with preferences and consents, over the wire."""

import asyncio
from datetime import UTC, datetime, timedelta

import grpc
import pytest

from libs.ids import new_id
from libs.timestamps import to_timestamp
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP, DELIVERY_KIND_SMS
from omnithread.common.v1.merge_pb2 import MERGE_ACTION_REPLACED
from omnithread.labels import Labels, carry
from omnithread.preference.v1 import preference_internal_service_pb2 as internal_pb
from omnithread.preference.v1 import preference_service_pb2 as pb
from omnithread.preference.v1.preference_pb2 import FrequencyCap, Pause, Preferences, QuietHours
from tests.services.calls import stamped
from tests.services.preference.desk import NO, YES, Desk, consent, update


async def test_what_the_app_was_told_the_call_centre_sees(desk: Desk) -> None:
    customer_id = await desk.new_customer()
    until_time = to_timestamp(datetime.now(UTC) + timedelta(days=3))
    told = await desk.app.UpdatePreferences(
        update(
            customer_id,
            language="de-ch",
            time_zone="Europe/Zurich",
            preferred_channels=[DELIVERY_KIND_IN_APP, DELIVERY_KIND_EMAIL],
            quiet_hours=QuietHours(start_minute=22 * 60, end_minute=7 * 60),
            pauses=[Pause(purpose="newsletter", until_time=until_time)],
            frequency_caps=[FrequencyCap(purpose="newsletter", max_messages=1, period_days=7)],
            interests=["shoes", "bags"],
        )
    )
    seen = await desk.call_centre.GetPreferences(pb.GetPreferencesRequest(customer_id=customer_id))
    assert seen.preferences == told.preferences
    assert seen.head == told.head
    assert (seen.preferences.language, list(seen.preferences.interests)) == ("de-CH", ["bags", "shoes"])
    assert seen.preferences.version == 1
    (event,) = await desk.events(customer_id)
    assert "language" in event.preferences_updated.changed_fields


async def test_somebody_who_never_said_anything_has_said_nothing(desk: Desk) -> None:
    customer_id = await desk.new_customer()
    seen = await desk.preferences(customer_id)
    assert seen == Preferences(customer_id=customer_id, etag=seen.etag)


async def test_a_field_that_is_named_and_empty_is_forgotten(desk: Desk) -> None:
    customer_id = await desk.new_customer()
    quiet = QuietHours(start_minute=0, end_minute=60)
    await desk.app.UpdatePreferences(update(customer_id, language="fr", quiet_hours=quiet))
    seen = await desk.app.UpdatePreferences(update(customer_id, "quiet_hours"))
    assert (seen.preferences.language, seen.preferences.HasField("quiet_hours")) == ("fr", False)


async def test_a_consent_has_its_proof_with_the_member_of_staff_who_noted_it(desk: Desk) -> None:
    customer_id = await desk.new_customer()
    yes = await desk.call_centre.SetConsent(consent(customer_id, contact_point="Maria@Example.com"))
    no = await desk.app.SetConsent(consent(customer_id, contact_point="maria@example.com", state=NO))
    (standing,) = no.preferences.consents
    assert (standing.state, standing.contact_point, standing.record_id) == (NO, "maria@example.com", no.record_id)
    listed = await desk.app.ListConsentRecords(pb.ListConsentRecordsRequest(customer_id=customer_id))
    assert [(record.record_id, record.state, record.actor_id) for record in listed.records] == [
        (no.record_id, NO, ""),
        (yes.record_id, YES, "ben"),
    ]
    proof = listed.records[1]
    assert (proof.wording, proof.wording_version, proof.source, proof.channel.id) == (
        "May we remind you of your cart?",
        "2026-1",
        "cart page",
        "call-centre",
    )


async def test_no_event_carries_the_address(desk: Desk) -> None:
    customer_id = await desk.new_customer()
    await desk.app.SetConsent(consent(customer_id, contact_point="secret.address@example.com"))
    assert all(b"secret.address" not in event.SerializeToString() for event in await desk.events(customer_id))


async def test_proofs_come_in_pages(desk: Desk) -> None:
    customer_id = await desk.new_customer()
    said = [(await desk.app.SetConsent(consent(customer_id, state=state))).record_id for state in (YES, NO, YES)]
    first = await desk.app.ListConsentRecords(pb.ListConsentRecordsRequest(customer_id=customer_id, page_size=2))
    second = await desk.app.ListConsentRecords(
        pb.ListConsentRecordsRequest(customer_id=customer_id, page_size=2, page_token=first.next_page_token)
    )
    assert [record.record_id for page in (first, second) for record in page.records] == said[::-1]
    assert (bool(first.next_page_token), second.next_page_token) == (True, "")


async def test_a_retry_gives_the_same_proof_and_notes_nothing_twice(desk: Desk) -> None:
    customer_id = await desk.new_customer()
    request = stamped(consent(customer_id))
    first, again = await desk.app.SetConsent(request), await desk.app.SetConsent(request)
    assert (again.replayed, again.record_id) == (True, first.record_id)
    assert len(await desk.events(customer_id)) == 1


async def test_two_channels_that_change_different_things_at_once_both_succeed(desk: Desk) -> None:
    customer_id = await desk.new_customer()
    await asyncio.gather(
        *(
            call
            for purpose in ("cart_reminder", "newsletter", "price_drop")
            for call in (
                desk.app.SetConsent(consent(customer_id, purpose=purpose)),
                desk.call_centre.SetConsent(consent(customer_id, purpose=purpose, delivery_kind=DELIVERY_KIND_SMS)),
            )
        ),
        desk.app.UpdatePreferences(update(customer_id, language="it")),
    )
    seen = await desk.preferences(customer_id)
    assert (len(seen.consents), seen.language, seen.version) == (6, "it", 7)


async def test_many_customers_are_read_at_once(desk: Desk) -> None:
    silent, speaking = await desk.new_customer(), await desk.new_customer()
    told = await desk.app.UpdatePreferences(update(speaking, language="en"))
    answer = await desk.call_centre.BatchGetPreferences(
        pb.BatchGetPreferencesRequest(customer_ids=[silent, speaking, "cus_nobody"])
    )
    (entry,) = answer.preferences
    assert (entry.requested_customer_id, entry.preferences, entry.head) == (speaking, told.preferences, told.head)


async def test_a_guests_no_is_the_customers_no(desk: Desk) -> None:
    guest, known = await desk.new_customer(), await desk.new_customer()
    no = await desk.app.SetConsent(consent(guest, state=NO))
    yes = await desk.call_centre.SetConsent(consent(known))
    await desk.app.UpdatePreferences(update(guest, language="de"))

    assert (await desk.absorb("mrg_1", guest, known)).absorbed_now
    assert not (await desk.absorb("mrg_1", guest, known)).absorbed_now
    for asked in (guest, known):
        seen = await desk.preferences(asked)
        assert (seen.customer_id, seen.language) == (known, "de")
        assert [(one.state, one.record_id) for one in seen.consents] == [(NO, no.record_id)]
        listed = await desk.app.ListConsentRecords(pb.ListConsentRecordsRequest(customer_id=asked))
        assert {record.record_id for record in listed.records} == {no.record_id, yes.record_id}

    later = await desk.app.SetConsent(consent(guest))
    assert (later.preferences.customer_id, later.preferences.consents[0].state) == (known, YES)


async def test_a_yes_after_the_login_counts_although_the_guests_no_is_taken_over_later(desk: Desk) -> None:
    guest, known = await desk.new_customer(), await desk.new_customer()
    await desk.app.SetConsent(consent(guest, state=NO))
    await desk.app.SetConsent(consent(known, purpose="newsletter"))
    await desk.app.SetConsent(consent(guest, purpose="newsletter", state=NO))
    merge_time = datetime.now(UTC)
    await asyncio.sleep(0.01)  # the two are not in one millisecond
    await desk.app.SetConsent(consent(known))
    await desk.absorb(new_id("mrg"), guest, known, merge_time=merge_time)
    seen = await desk.preferences(known)
    assert {one.purpose: one.state for one in seen.consents} == {"cart_reminder": YES, "newsletter": NO}


async def test_two_who_were_taken_for_one_have_each_their_own_word_again(desk: Desk) -> None:
    bob, anna = await desk.new_customer(), await desk.new_customer()
    merge_id, sms = new_id("mrg"), {"delivery_kind": DELIVERY_KIND_SMS}
    yes = await desk.app.SetConsent(consent(anna))
    no = await desk.app.SetConsent(consent(bob, state=NO))
    await desk.app.UpdatePreferences(update(bob, language="de"))
    await desk.absorb(merge_id, bob, anna)
    merge_time = datetime.now(UTC)
    with carry(Labels(session_id="ses_bob")):
        his_yes = await desk.app.SetConsent(consent(anna, **sms))
    no_since = await desk.app.SetConsent(consent(anna, purpose="newsletter", state=NO))

    answers = [await desk.release(merge_id, bob, anna, "ses_bob", merge_time=merge_time) for _ in range(2)]
    assert [answer.released_now for answer in answers] == [True, False]
    hers, his = await desk.preferences(anna), await desk.preferences(bob)
    assert (hers.customer_id, hers.language, his.customer_id, his.language) == (anna, "", bob, "de")
    assert {one.record_id for one in hers.consents} == {yes.record_id, no_since.record_id}
    assert {one.record_id for one in his.consents} == {no.record_id, his_yes.record_id, no_since.record_id}
    listed = await desk.app.ListConsentRecords(pb.ListConsentRecordsRequest(customer_id=bob))
    assert {record.record_id for record in listed.records} == {no.record_id, his_yes.record_id}
    listed = await desk.app.ListConsentRecords(pb.ListConsentRecordsRequest(customer_id=anna))
    assert {record.record_id for record in listed.records} == {yes.record_id, no_since.record_id}
    assert not (await desk.absorb(merge_id, bob, anna)).absorbed_now
    assert (await desk.events(bob))[-1].preferences_released.survivor_customer_id == anna
    assert (await desk.events(anna))[-1].preferences_parted.source_customer_id == bob


async def test_a_merge_can_be_looked_up_thing_by_thing(desk: Desk) -> None:
    guest, known = await desk.new_customer(), await desk.new_customer()
    merge_id = new_id("mrg")
    await desk.app.SetConsent(consent(guest, state=NO))
    await desk.app.SetConsent(consent(known))
    await desk.absorb(merge_id, guest, known)
    outcome = await desk.internal.GetMergeOutcome(
        internal_pb.GetMergeOutcomeRequest(merge_id=merge_id, survivor_customer_id=known)
    )
    [thing] = outcome.things
    assert (thing.kind, thing.name, thing.action) == ("consent", "cart_reminder/email", MERGE_ACTION_REPLACED)
    with pytest.raises(grpc.aio.AioRpcError, match="not absorbed"):
        await desk.internal.GetMergeOutcome(
            internal_pb.GetMergeOutcomeRequest(merge_id="mrg_nobodys", survivor_customer_id=known)
        )
