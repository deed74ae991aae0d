"""Double opt-in over the wire: the address is asked, and link or code make the yes count."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from grpc import StatusCode

from libs.ids import new_id
from libs.mongo.connection import Database
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_IN_APP
from omnithread.labels import Labels, carry
from omnithread.preference.v1 import consent_service_pb2 as pb
from omnithread.preference.v1 import preference_internal_service_pb2 as internal_pb
from omnithread.preference.v1.preference_pb2 import (
    CONFIRMATION_WAY_CODE,
    CONFIRMATION_WAY_EARLIER,
    CONFIRMATION_WAY_LINK,
)
from omnithread.preference.v1.preference_service_pb2 import (
    GetPreferencesRequest,
    SetConsentRequest,
    SetConsentResponse,
)
from tests.services.calls import refusal, stamped
from tests.services.preference.desk import NO, PENDING, YES, Desk, consent

CONFIRM = {"confirm": internal_pb.ConfirmAction(), "wording": "Yes, send me club news"}


def address() -> str:
    return f"{new_id('anna')}@example.com"


def club(customer_id: str, at: str, **fields: Any) -> SetConsentRequest:
    return consent(customer_id, purpose="club", contact_point=at, **fields)


async def waiting(desk: Desk, customer_id: str, at: str) -> SetConsentResponse:
    return await desk.app.SetConsent(club(customer_id, at))


async def states(desk: Desk, customer_id: str) -> list[int]:
    return [one.state for one in (await desk.preferences(customer_id)).consents]


async def tell(desk: Desk, customer_id: str, record_id: str, code: str) -> pb.ConfirmConsentResponse:
    return await desk.consents.ConfirmConsent(
        pb.ConfirmConsentRequest(customer_id=customer_id, record_id=record_id, code=code)
    )


def another_than(code: str, number: int = 1) -> str:
    return f"{(int(code) + number) % 10**6:06}"


async def test_a_yes_waits_for_every_channel_until_its_code_is_told(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    said = await waiting(desk, anna, at.upper())
    assert said.record_state == PENDING
    seen = (await desk.call_centre.GetPreferences(GetPreferencesRequest(customer_id=anna))).preferences
    assert [(one.state, one.contact_point) for one in seen.consents] == [(PENDING, at)]
    mail = await desk.asked(anna)
    assert (mail.contact_point, mail.purpose_label, mail.brand) == (at, "Club news", "main")

    request = stamped(pb.ConfirmConsentRequest(customer_id=anna, record_id=said.record_id, code=mail.code))
    confirmed = [await desk.consents.ConfirmConsent(request) for _ in range(2)]
    assert [one.replayed for one in confirmed] == [False, True]
    assert await states(desk, anna) == [YES]
    first, second = await desk.records(anna)
    assert (first.state, second.state, second.confirms_record_id) == (PENDING, YES, first.record_id)
    assert (second.confirmation, second.record_id) == (CONFIRMATION_WAY_CODE, confirmed[0].record_id)
    events = await desk.events(anna)
    assert [event.consent_set.state for event in events if event.HasField("consent_set")] == [PENDING, YES]
    assert not any(word in str(events) for word in (at, mail.code, mail.link))

    again = await desk.app.SetConsent(club(anna, at))
    assert (again.record_state, (await desk.records(anna))[-1].confirmation) == (YES, CONFIRMATION_WAY_EARLIER)
    assert (await refusal(tell(desk, anna, said.record_id, mail.code))).reason == "CONSENT_NOT_PENDING"


async def test_a_yes_that_is_said_twice_while_it_waits_is_confirmed_by_either_record(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    first = await waiting(desk, anna, at)
    await waiting(desk, anna, at)
    await tell(desk, anna, first.record_id, (await desk.asked(anna)).code)
    assert await states(desk, anna) == [YES]


async def test_the_link_shows_and_changes_nothing_until_its_button_is_pressed(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    first = await waiting(desk, anna, at)
    link = (await desk.asked(anna)).link
    assert link.startswith("https://my.example/c/")
    for _ in range(2):
        view = await desk.shown(link)
        assert (view.kind, view.standing) == (internal_pb.LINK_KIND_CONFIRM, internal_pb.LINK_STANDING_OPEN)
        assert (view.masked_contact_point, view.purpose_label) == ("a***@e***.com", "Club news")
    assert await states(desk, anna) == [PENDING]
    assert (await desk.pressed(link, **CONFIRM)).standing == internal_pb.LINK_STANDING_DONE
    assert await states(desk, anna) == [YES]
    record = (await desk.records(anna))[-1]
    assert (record.confirms_record_id, record.confirmation) == (first.record_id, CONFIRMATION_WAY_LINK)
    assert (record.channel.id, record.actor_id, record.wording) == ("public-pages", "", "Yes, send me club news")
    assert (await desk.pressed(link, **CONFIRM)).standing == internal_pb.LINK_STANDING_DONE
    assert len(await desk.records(anna)) == 2


async def test_after_a_no_the_old_link_confirms_nothing_and_says_so(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    await waiting(desk, anna, at)
    link = (await desk.asked(anna)).link
    await desk.call_centre.SetConsent(club(anna, at, state=NO))
    assert (await desk.pressed(link, **CONFIRM)).standing == internal_pb.LINK_STANDING_ENDED
    assert await states(desk, anna) == [NO]
    await waiting(desk, anna, at)
    assert (await desk.pressed(link, **CONFIRM)).standing == internal_pb.LINK_STANDING_ENDED
    assert await states(desk, anna) == [PENDING]


async def test_a_link_and_a_code_that_are_too_old_confirm_nothing(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    said, later = await waiting(desk, anna, at), desk.in_ten_days
    mail = await desk.asked(anna)
    assert later is not None
    assert (await later.pressed(mail.link, **CONFIRM)).standing == internal_pb.LINK_STANDING_EXPIRED
    assert (await refusal(tell(later, anna, said.record_id, mail.code))).reason == "CONFIRMATION_EXPIRED"
    assert (await refusal(later.asked(anna))).reason == "CONFIRMATION_NOT_FOUND"
    assert await states(desk, anna) == [PENDING]
    again = pb.ResendConfirmationRequest(customer_id=anna, record_id=said.record_id)
    await later.consents.ResendConfirmation(again)
    assert (await later.pressed((await later.asked(anna)).link, **CONFIRM)).standing == internal_pb.LINK_STANDING_DONE


async def test_a_code_has_five_tries_however_many_are_made_at_once(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    said = await waiting(desk, anna, at)
    code = (await desk.asked(anna)).code
    wrong = await refusal(tell(desk, anna, said.record_id, another_than(code)))
    assert (wrong.reason, wrong.metadata) == ("CONFIRMATION_CODE_WRONG", {"tries_left": "4"})
    guesses = [refusal(tell(desk, anna, said.record_id, another_than(code, number))) for number in range(2, 12)]
    reasons = sorted(one.reason for one in await asyncio.gather(*guesses))
    assert reasons == ["CONFIRMATION_CODE_WRONG"] * 4 + ["CONFIRMATION_TRIES_USED_UP"] * 6
    assert (await refusal(tell(desk, anna, said.record_id, code))).reason == "CONFIRMATION_TRIES_USED_UP"
    await desk.consents.ResendConfirmation(pb.ResendConfirmationRequest(customer_id=anna, record_id=said.record_id))
    await tell(desk, anna, said.record_id, (await desk.asked(anna)).code)
    assert await states(desk, anna) == [YES]


async def test_an_address_is_asked_three_times_a_day_whoever_says_that_it_is_theirs(
    desk: Desk, stored: Database
) -> None:
    at = address()
    strangers = [await desk.new_customer() for _ in range(5)]
    answers = [await waiting(desk, stranger, at) for stranger in strangers]
    assert [answer.record_state for answer in answers] == [PENDING] * 5  # nobody is told that it is enough
    asked = [
        event
        for stranger in strangers
        for event in await desk.events(stranger)
        if event.HasField("consent_confirmation_requested")
    ]
    assert len(asked) == 3
    last = strangers[-1]
    resend = pb.ResendConfirmationRequest(customer_id=last, record_id=answers[-1].record_id)
    await desk.consents.ResendConfirmation(resend)
    confirmation = await stored["confirmations"].find_one({"customer_id": last})
    assert confirmation is not None
    assert confirmation["held_back"] == 2
    assert len(await desk.events(last)) == 1


async def test_an_address_that_was_asked_enough_gets_no_new_guesses(desk: Desk, stored: Database) -> None:
    mallory, at = await desk.new_customer(), address()
    said = await waiting(desk, mallory, at)
    resend = pb.ResendConfirmationRequest(customer_id=mallory, record_id=said.record_id)
    for _ in range(2):
        await desk.consents.ResendConfirmation(resend)
    code = (await desk.asked(mallory)).code
    for number in range(1, 6):
        await refusal(tell(desk, mallory, said.record_id, another_than(code, number)))
    await desk.consents.ResendConfirmation(resend)  # nothing goes to the address, so there is nothing new to guess
    assert (await refusal(tell(desk, mallory, said.record_id, "000000"))).reason == "CONFIRMATION_TRIES_USED_UP"

    await desk.app.SetConsent(club(mallory, at, state=NO))
    anew = await waiting(desk, mallory, at)
    assert (await refusal(tell(desk, mallory, anew.record_id, "000000"))).reason == "CONFIRMATION_TRIES_USED_UP"
    assert await states(desk, mallory) == [PENDING]

    await stored["confirmation_limits"].delete_many({})  # a day later
    await desk.consents.ResendConfirmation(pb.ResendConfirmationRequest(customer_id=mallory, record_id=anew.record_id))
    await tell(desk, mallory, anew.record_id, (await desk.asked(mallory)).code)
    assert await states(desk, mallory) == [YES]


async def test_the_same_request_again_asks_and_counts_once(desk: Desk, stored: Database) -> None:
    anna, at = await desk.new_customer(), address()
    request = stamped(club(anna, at))
    answers = [await desk.app.SetConsent(request) for _ in range(6)]
    assert {answer.record_id for answer in answers} == {answers[0].record_id}
    assert {answer.record_state for answer in answers} == {PENDING}
    await waiting(desk, anna, at)
    requested = [e for e in await desk.events(anna) if e.HasField("consent_confirmation_requested")]
    assert len(requested) == 2


async def test_a_yes_for_every_address_is_refused_where_each_has_to_confirm(desk: Desk) -> None:
    anna = await desk.new_customer()
    refused = await refusal(desk.app.SetConsent(club(anna, "")))
    assert (refused.code, refused.reason) == (StatusCode.INVALID_ARGUMENT, "CONTACT_POINT_REQUIRED")
    assert [one.field for one in refused.fields] == ["contact_point"]
    no = await desk.app.SetConsent(club(anna, "", state=NO))
    inbox = await desk.app.SetConsent(club(anna, "", delivery_kind=DELIVERY_KIND_IN_APP))
    assert (no.record_state, inbox.record_state) == (NO, YES)


async def test_a_yes_that_waits_is_confirmed_by_its_old_mail_after_a_merge_and_after_its_undoing(desk: Desk) -> None:
    guest, known, at, merge_id = await desk.new_customer(), await desk.new_customer(), address(), new_id("mrg")
    await waiting(desk, guest, at)
    before = (await desk.asked(guest)).link
    await desk.absorb(merge_id, guest, known)
    merge_time, other = datetime.now(UTC), address()
    assert await states(desk, known) == [PENDING]
    with carry(Labels(session_id="ses_guest")):
        await waiting(desk, known, other)
    since = (await desk.asked(known)).link
    assert (await desk.pressed(before, **CONFIRM)).standing == internal_pb.LINK_STANDING_DONE
    await desk.release(merge_id, guest, known, "ses_guest", merge_time=merge_time)
    assert (await desk.pressed(since, **CONFIRM)).standing == internal_pb.LINK_STANDING_DONE
    assert await states(desk, known) == []
    assert await states(desk, guest) == [YES, YES]
    for customer_id in (guest, known):
        assert (await desk.consents.VerifyConsentChain(pb.VerifyConsentChainRequest(customer_id=customer_id))).ok


async def test_a_mail_that_was_asked_for_while_two_were_taken_for_one_is_still_written(desk: Desk) -> None:
    guest, known, at, merge_id = await desk.new_customer(), await desk.new_customer(), address(), new_id("mrg")
    await waiting(desk, guest, at)
    await desk.absorb(merge_id, guest, known)
    merge_time = datetime.now(UTC)
    resend = pb.ResendConfirmationRequest(customer_id=known, record_id=(await desk.records(known))[0].record_id)
    await desk.consents.ResendConfirmation(resend)
    await desk.release(merge_id, guest, known, merge_time=merge_time)
    mail = await desk.asked(known)
    assert mail.contact_point == at
    assert (await desk.pressed(mail.link, **CONFIRM)).standing == internal_pb.LINK_STANDING_DONE
    assert (await states(desk, guest), await states(desk, known)) == ([YES], [])


async def test_of_a_customer_who_was_forgotten_nothing_is_kept_and_the_link_says_so(
    desk: Desk, stored: Database
) -> None:
    anna, at = await desk.new_customer(), address()
    await waiting(desk, anna, at)
    mail = await desk.asked(anna)
    exported = await desk.internal.ExportArea(internal_pb.ExportAreaRequest(customer_id=anna))
    assert "confirmations" in {one.collection for one in exported.documents}
    assert mail.code not in str(exported)
    await desk.internal.EraseArea(internal_pb.EraseAreaRequest(erasure_id="ers_2", customer_id=anna))
    assert (await desk.pressed(mail.link, **CONFIRM)).standing == internal_pb.LINK_STANDING_NOTHING_KEPT
    assert (await desk.shown(mail.link)).masked_contact_point == ""
    assert await stored["confirmations"].count_documents({"customer_id": anna}) == 0


async def test_only_messaging_is_given_a_link_and_a_code(desk: Desk) -> None:
    anna = await desk.new_customer()
    request = internal_pb.GetConfirmationRequest(customer_id=anna, confirmation_id="cnf_1")
    assert (await refusal(desk.internal.GetConfirmation(request))).reason == "CALLER_NOT_ALLOWED"
    assert (await refusal(desk.messaging.GetConfirmation(request))).reason == "CONFIRMATION_NOT_FOUND"
