"""What customers click in mails, as the public door asks for it: a look changes nothing, and a press holds at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

from grpc import StatusCode

from libs.ids import new_id
from libs.mongo.requests import MAX_REQUESTS
from libs.timestamps import to_timestamp
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP, DELIVERY_KIND_SMS
from omnithread.preference.v1 import preference_internal_service_pb2 as pb
from omnithread.preference.v1.consent_service_pb2 import VerifyConsentChainRequest
from omnithread.preference.v1.preference_pb2 import CONFIRMATION_WAY_PREFERENCE_CENTRE, QuietHours
from tests.services.calls import refusal
from tests.services.preference.desk import NO, YES, Desk, consent, press, update

THIS = {"unsubscribe": pb.UnsubscribeAction(scope=pb.UNSUBSCRIBE_SCOPE_THIS)}
EVERYTHING = {"unsubscribe": pb.UnsubscribeAction(scope=pb.UNSUBSCRIBE_SCOPE_ALL_MARKETING)}
REMINDERS: dict[str, Any] = {"purpose": "cart_reminder", "language": "de-CH", "brand": "main"}


def address() -> str:
    return f"{new_id('anna')}@example.com"


async def stands(desk: Desk, customer_id: str) -> dict[tuple[str, int, str], int]:
    seen = await desk.preferences(customer_id)
    return {(one.purpose, one.delivery_kind, one.contact_point): one.state for one in seen.consents}


async def test_one_press_ends_the_mails_of_a_purpose_and_a_look_ends_nothing(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    await desk.app.SetConsent(consent(anna, contact_point=at))
    await desk.app.SetConsent(consent(anna, delivery_kind=DELIVERY_KIND_IN_APP))
    link = (await desk.links(anna, contact_point=at, **REMINDERS)).unsubscribe_link
    for _ in range(3):
        view = await desk.shown(link)
        assert (view.standing, view.state, view.brand) == (pb.LINK_STANDING_OPEN, YES, "main")
        assert (view.language, view.purpose_label) == ("de-CH", "Erinnerungen an Ihren Warenkorb")
    request = press(link, **THIS)
    answers = [await desk.door.UseLink(request) for _ in range(2)]
    assert [answer.replayed for answer in answers] == [False, True]
    assert answers[0].view.standing == pb.LINK_STANDING_DONE
    email = ("cart_reminder", DELIVERY_KIND_EMAIL, at)
    assert await stands(desk, anna) == {email: NO, ("cart_reminder", DELIVERY_KIND_IN_APP, ""): YES}
    record = (await desk.records(anna))[-1]
    assert (record.channel.id, record.source, record.wording_version) == ("public-pages", "public page", "3")
    assert record.position == 3


async def test_a_no_that_is_pressed_again_and_again_holds_and_has_one_proof(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    await desk.app.SetConsent(consent(anna, contact_point=at))
    link = (await desk.links(anna, contact_point=at, **REMINDERS)).unsubscribe_link
    for _ in range(5):
        assert (await desk.pressed(link, **THIS)).standing == pb.LINK_STANDING_DONE
    assert len(await desk.records(anna)) == 2
    await desk.app.SetConsent(consent(anna, contact_point=at))
    await desk.pressed(link, **THIS)
    assert (len(await desk.records(anna)), set((await stands(desk, anna)).values())) == (4, {NO})


async def test_a_press_that_is_long_forgotten_is_not_done_again_however_late_it_comes(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    await desk.app.SetConsent(consent(anna, contact_point=at))
    link = (await desk.links(anna, contact_point=at, **REMINDERS)).unsubscribe_link

    def pressed_now() -> pb.UseLinkRequest:
        request = press(link, **THIS)
        request.issue_time.CopyFrom(to_timestamp(datetime.now(UTC)))
        return request

    first = pressed_now()
    await desk.door.UseLink(first)
    for _ in range(MAX_REQUESTS):
        await desk.door.UseLink(pressed_now())
    await desk.app.SetConsent(consent(anna, contact_point=at))
    assert (await refusal(desk.door.UseLink(first))).reason == "REQUEST_TOO_OLD"
    assert set((await stands(desk, anna)).values()) == {YES}


async def test_a_door_whose_clock_is_ahead_still_says_no_for_the_customer(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    await desk.app.SetConsent(consent(anna, contact_point=at))
    request = press((await desk.links(anna, contact_point=at, **REMINDERS)).unsubscribe_link, **THIS)
    request.issue_time.CopyFrom(to_timestamp(datetime.now(UTC) + timedelta(hours=1)))
    assert (await desk.door.UseLink(request)).view.standing == pb.LINK_STANDING_DONE


async def test_a_yes_for_every_address_ends_for_every_address(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    await desk.app.SetConsent(consent(anna))
    link = (await desk.links(anna, contact_point=at, **REMINDERS)).unsubscribe_link
    await desk.pressed(link, **THIS)
    assert set((await stands(desk, anna)).values()) == {NO}
    assert len(await stands(desk, anna)) == 2


async def test_no_more_of_anything_ends_all_marketing_by_every_way_and_nothing_else(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    for number in range(45):
        await desk.app.SetConsent(consent(anna, purpose=f"campaign_{number}", delivery_kind=DELIVERY_KIND_IN_APP))
    await desk.app.SetConsent(consent(anna, purpose="service"))
    await desk.app.SetConsent(consent(anna, purpose="club", contact_point=at))
    link = (await desk.links(anna, contact_point=at, **REMINDERS)).preferences_link
    request = press(link, **EVERYTHING)
    answers = [await desk.door.UseLink(request) for _ in range(2)]
    assert [answer.replayed for answer in answers] == [False, True]
    said = await stands(desk, anna)
    assert [key[0] for key, state in said.items() if state != NO] == ["service"]
    assert len(await desk.records(anna)) == len(said) + 46


async def test_who_never_said_anything_can_say_no(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    link = (await desk.links(anna, contact_point=at)).unsubscribe_link
    assert (await desk.pressed(link, **THIS)).standing == pb.LINK_STANDING_DONE
    assert await stands(desk, anna) == {("club", DELIVERY_KIND_EMAIL, at): NO}


async def test_the_preference_centre_shows_every_purpose_and_saves_all_in_one_write(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    await desk.app.SetConsent(consent(anna, contact_point=at))
    await desk.app.SetConsent(consent(anna, delivery_kind=DELIVERY_KIND_SMS))
    await desk.app.UpdatePreferences(update(anna, time_zone="Europe/Zurich", language="en"))
    link = (await desk.links(anna, contact_point=at)).preferences_link
    view = await desk.shown(link)
    shown = {(one.purpose, one.delivery_kind): (one.state, one.can_grant) for one in view.centre.choices}
    assert shown == {
        ("cart_reminder", DELIVERY_KIND_EMAIL): (YES, True),
        ("club", DELIVERY_KIND_EMAIL): (0, True),
        ("price_alert", DELIVERY_KIND_EMAIL): (0, True),
        ("cart_reminder", DELIVERY_KIND_SMS): (YES, True),
    }
    assert (view.centre.time_zone, view.centre.HasField("quiet_hours")) == ("Europe/Zurich", False)

    before = (await desk.preferences(anna)).version
    until_time = to_timestamp(datetime.now(UTC) + timedelta(days=7))
    saved = pb.SaveAction(
        choices=[
            pb.SaveChoice(purpose="cart_reminder", delivery_kind=DELIVERY_KIND_EMAIL, granted=True),
            pb.SaveChoice(purpose="club", delivery_kind=DELIVERY_KIND_EMAIL, granted=True),
            pb.SaveChoice(purpose="cart_reminder", delivery_kind=DELIVERY_KIND_SMS, granted=False),
        ],
        set_quiet_hours=True,
        quiet_hours=QuietHours(start_minute=1320, end_minute=420),
        set_pause=True,
        pause_until_time=until_time,
        language="de",
    )
    view = await desk.pressed(link, save=saved)
    assert (view.language, view.centre.quiet_hours.start_minute) == ("de", 1320)
    seen = await desk.preferences(anna)
    assert seen.version == before + 1
    assert (seen.language, [pause.purpose for pause in seen.pauses]) == ("de", [""])
    assert await stands(desk, anna) == {
        ("cart_reminder", DELIVERY_KIND_EMAIL, at): YES,
        ("cart_reminder", DELIVERY_KIND_SMS, ""): NO,
        ("club", DELIVERY_KIND_EMAIL, at): YES,
    }
    records = await desk.records(anna)
    assert len(records) == 4  # what stood so already is not noted again
    assert {one.confirmation for one in records if one.purpose == "club"} == {CONFIRMATION_WAY_PREFERENCE_CENTRE}

    await desk.pressed(link, save=pb.SaveAction(set_quiet_hours=True, set_pause=True))
    seen = await desk.preferences(anna)
    assert (seen.HasField("quiet_hours"), list(seen.pauses)) == (False, [])


async def test_what_a_link_does_not_do_is_refused_and_changes_nothing(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    links = await desk.links(anna, contact_point=at)
    transactional = pb.SaveChoice(purpose="service", delivery_kind=DELIVERY_KIND_EMAIL, granted=False)
    unknown = pb.SaveChoice(purpose="lottery", delivery_kind=DELIVERY_KIND_EMAIL, granted=True)
    by_sms = pb.SaveChoice(purpose="club", delivery_kind=DELIVERY_KIND_SMS, granted=True)
    tried: list[tuple[str, dict[str, Any]]] = [
        (links.unsubscribe_link, {"confirm": pb.ConfirmAction()}),
        (links.unsubscribe_link, {"save": pb.SaveAction()}),
        *((links.preferences_link, {"save": pb.SaveAction(choices=[one])}) for one in (transactional, unknown, by_sms)),
    ]
    for link, action in tried:
        refused = await refusal(desk.pressed(link, **action))
        assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "LINK_ACTION_NOT_POSSIBLE")
    assert await stands(desk, anna) == {}


async def test_a_link_that_was_not_made_here_is_refused(desk: Desk) -> None:
    link = (await desk.links(await desk.new_customer())).unsubscribe_link
    for forged in (link[:-8] + "AAAAAAA=", "https://my.example/u/x"):
        for call in (desk.shown(forged), desk.pressed(forged, **THIS)):
            refused = await refusal(call)
            assert (refused.code, refused.reason) == (StatusCode.INVALID_ARGUMENT, "LINK_INVALID")


async def test_only_the_door_shows_pages_and_only_messaging_writes_links(desk: Desk) -> None:
    anna = await desk.new_customer()
    link = (await desk.links(anna)).unsubscribe_link
    show, use = pb.ShowLinkRequest(token=link.rpartition("/")[2]), press(link, **THIS)
    write = pb.CreateMessageLinksRequest(
        customer_id=anna, purpose="club", delivery_kind=DELIVERY_KIND_EMAIL, message_id="msg_1"
    )
    for call in (desk.messaging.ShowLink(show), desk.messaging.UseLink(use), desk.door.CreateMessageLinks(write)):
        assert (await refusal(call)).reason == "CALLER_NOT_ALLOWED"


async def test_the_link_of_somebody_who_was_merged_is_the_customers_who_remains(desk: Desk) -> None:
    guest, known, at = await desk.new_customer(), await desk.new_customer(), address()
    await desk.app.SetConsent(consent(known, contact_point=at))
    link = (await desk.links(guest, contact_point=at, **REMINDERS)).unsubscribe_link
    await desk.absorb(new_id("mrg"), guest, known)
    assert (await desk.shown(link)).standing == pb.LINK_STANDING_OPEN
    assert (await desk.pressed(link, **THIS)).standing == pb.LINK_STANDING_DONE
    assert await stands(desk, known) == {("cart_reminder", DELIVERY_KIND_EMAIL, at): NO}


async def test_who_was_taken_for_somebody_else_ends_their_own_mails_with_a_link_from_that_time(desk: Desk) -> None:
    anna, other, at, merge_id = await desk.new_customer(), await desk.new_customer(), address(), new_id("mrg")
    await desk.app.SetConsent(consent(anna, contact_point=at))
    await desk.app.SetConsent(consent(anna, purpose="price_alert", contact_point=at))
    await desk.app.SetConsent(consent(other, contact_point="other@example.com"))
    await desk.absorb(merge_id, anna, other)
    merge_time = datetime.now(UTC)
    links = await desk.links(other, contact_point=at, **REMINDERS)  # it went to Anna's address
    await desk.release(merge_id, anna, other, merge_time=merge_time)
    await desk.app.SetConsent(consent(other, contact_point=at, state=NO))
    assert (await desk.shown(links.unsubscribe_link)).standing == pb.LINK_STANDING_OPEN
    request = press(links.unsubscribe_link, **THIS)
    for replayed in (False, True):
        answer = await desk.door.UseLink(request)
        assert (answer.view.standing, answer.replayed) == (pb.LINK_STANDING_DONE, replayed)
    reminders, alerts = (("cart_reminder", DELIVERY_KIND_EMAIL, at), ("price_alert", DELIVERY_KIND_EMAIL, at))
    assert await stands(desk, anna) == {reminders: NO, alerts: YES}
    assert len(await desk.records(anna)) == 3
    await desk.pressed(links.unsubscribe_link, **EVERYTHING)
    assert await stands(desk, anna) == {reminders: NO, alerts: NO}
    for customer_id in (anna, other):
        assert (await desk.consents.VerifyConsentChain(VerifyConsentChainRequest(customer_id=customer_id))).ok


async def test_of_two_who_were_taken_for_one_neither_sees_or_sets_what_the_other_wants(desk: Desk) -> None:
    anna, other, at, merge_id = await desk.new_customer(), await desk.new_customer(), address(), new_id("mrg")
    await desk.app.SetConsent(consent(anna, contact_point=at))
    own = (await desk.links(anna, contact_point=at)).preferences_link
    await desk.app.UpdatePreferences(update(other, language="fr"))
    await desk.absorb(merge_id, anna, other)
    merge_time = datetime.now(UTC)
    link = (await desk.links(other, contact_point=at)).preferences_link  # it went to Anna's address
    assert (await desk.shown(link)).centre.language == "fr"
    await desk.release(merge_id, anna, other, merge_time=merge_time)
    changes = {"save": pb.SaveAction(language="de")}
    for view in (await desk.shown(link), await desk.pressed(link, **changes)):
        assert (view.standing, view.HasField("centre")) == (pb.LINK_STANDING_EXPIRED, False)
    assert (await desk.preferences(other)).language == "fr"
    assert (await desk.pressed(own, **changes)).standing == pb.LINK_STANDING_OPEN
    assert (await desk.preferences(anna)).language == "de"


async def test_of_somebody_who_was_forgotten_nothing_is_kept_and_the_page_says_so(desk: Desk) -> None:
    anna, at = await desk.new_customer(), address()
    await desk.app.SetConsent(consent(anna, contact_point=at))
    links = await desk.links(anna, contact_point=at, **REMINDERS)
    await desk.internal.EraseArea(pb.EraseAreaRequest(erasure_id="ers_1", customer_id=anna))
    for link, action in ((links.unsubscribe_link, THIS), (links.preferences_link, EVERYTHING)):
        for view in (await desk.shown(link), await desk.pressed(link, **action)):
            assert (view.standing, view.masked_contact_point) == (pb.LINK_STANDING_NOTHING_KEPT, "")
            assert (view.brand, view.language) == ("main", "de-CH")
