"""Links in mails, opened by people, by scanners and by mail programs, with preference behind the door."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from deploy.local.keys import mint_service_token
from libs.telemetry.tracing import tracer_provider
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_SMS
from omnithread.preference.v1 import preference_internal_service_pb2 as pb
from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceStub
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_PENDING, CONSENT_STATE_REVOKED, QuietHours
from services.preference.service import SERVICE as PREFERENCE
from tests.services.calls import refusal
from tests.services.door.house import PUBLIC, House, door_to, house_of
from tests.services.preference.desk import NO, consent, update

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture(scope="module")
async def house(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    state = tmp_path_factory.mktemp("door")
    async with house_of(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=new_prefix(), state=state
    ) as house:
        yield house


async def test_scanners_that_open_every_link_of_a_mail_change_nothing(house: House) -> None:
    clara = await house.customer()
    links, confirm = await house.links(clara), await house.confirmation_link(clara)
    before = await house.preferences(clara)
    for link in (links.unsubscribe, links.preferences, confirm):
        for _ in range(3):
            assert (await house.http.get(link)).status_code == 200
        assert (await house.http.head(link)).status_code == 200
    assert await house.preferences(clara) == before


async def test_the_page_says_who_would_hear_no_more_of_what_and_the_button_does_it(house: House) -> None:
    clara = await house.customer()
    link = (await house.links(clara)).unsubscribe
    page = await house.http.get(link)
    assert "Reminders of your cart" in page.text
    assert "clara@example.com" not in page.text
    assert "c***@" in page.text
    done = await house.press(link, "unsubscribe")
    assert "You are unsubscribed" in done.text
    assert not await house.says_yes(clara)
    proof = (await house.proofs(clara))[0]
    assert (proof.state, proof.source) == (NO, "public-pages/unsubscribe")
    assert proof.wording == "Unsubscribe (Reminders of your cart)"
    assert proof.channel.id == "public-pages"
    assert "You do not get this from us any more" in (await house.http.get(link)).text


@pytest.mark.parametrize("multipart", [False, True])
async def test_a_mail_programs_own_button_unsubscribes_at_once(house: House, *, multipart: bool) -> None:
    clara = await house.customer()
    link = (await house.links(clara)).unsubscribe
    body: dict[str, object] = {"files": {"List-Unsubscribe": (None, "One-Click")}} if multipart else {"data": ONE_CLICK}
    done = await house.http.post(link, **body)  # type: ignore[arg-type]  # one of httpx's many
    assert (done.status_code, done.text) == (200, "Unsubscribed.\n")
    assert done.headers["content-type"].startswith("text/plain")
    assert "set-cookie" not in done.headers
    assert not await house.says_yes(clara)
    assert (await house.proofs(clara))[0].source == "list-unsubscribe-post"
    assert (await house.http.post(link, data=ONE_CLICK)).status_code == 200


async def test_all_advertising_stops_with_one_button(house: House) -> None:
    clara = await house.customer()
    await house.desk.app.SetConsent(consent(clara, purpose="cart_reminder", delivery_kind=DELIVERY_KIND_SMS))
    done = await house.press((await house.links(clara)).unsubscribe, "unsubscribe_all")
    assert "No more advertising" in done.text
    assert {one.state for one in (await house.preferences(clara)).consents} == {CONSENT_STATE_REVOKED}


async def test_a_yes_counts_when_its_mail_is_confirmed_and_not_before(house: House) -> None:
    clara = await house.customer(yes=False)
    link = await house.confirmation_link(clara)
    assert [one.state for one in (await house.preferences(clara)).consents] == [CONSENT_STATE_PENDING]
    assert "Please confirm" in (await house.http.get(link)).text
    assert "Thank you" in (await house.press(link, "confirm")).text
    assert await house.says_yes(clara, "newsletter")
    assert "Confirmed already" in (await house.http.get(link)).text


async def test_an_old_confirmation_does_not_take_back_a_later_no(house: House) -> None:
    clara = await house.customer(yes=False)
    link = await house.confirmation_link(clara)
    [waiting] = (await house.preferences(clara)).consents
    await house.desk.app.SetConsent(consent(clara, purpose="newsletter", contact_point=waiting.contact_point, state=NO))
    assert "This request is over" in (await house.http.get(link)).text
    answer = await house.http.post(link, data={"form": "confirm"})
    assert "This request is over" in answer.text
    assert not await house.says_yes(clara, "newsletter")


async def test_the_preference_centre_shows_how_it_is_and_sets_it(house: House) -> None:
    clara = await house.customer()
    await house.desk.app.UpdatePreferences(update(clara, time_zone="Europe/Berlin", language="en"))
    link = (await house.links(clara)).preferences
    saved = await house.press(
        link,
        "save",
        choice="newsletter/1",
        quiet="yes",
        quiet_from="21:00",
        quiet_to="07:30",
        pause="month",
        language="de",
    )
    assert "Gespeichert. So ist es jetzt." in saved.text
    now = await house.preferences(clara)
    assert await house.says_yes(clara, "newsletter")
    assert not await house.says_yes(clara)
    assert now.quiet_hours == QuietHours(start_minute=21 * 60, end_minute=7 * 60 + 30)
    assert now.language == "de"
    assert len(now.pauses) == 1
    again = await house.press(link, "save")
    assert "Gespeichert" in again.text
    assert (await house.preferences(clara)).consents == now.consents


async def test_what_another_channel_set_in_between_is_not_taken_back(house: House) -> None:
    clara = await house.customer()
    link = (await house.links(clara)).preferences
    opened = await house.http.get(link)
    await house.desk.call_centre.UpdatePreferences(
        update(clara, quiet_hours=QuietHours(start_minute=60, end_minute=120))
    )
    assert opened.status_code == 200
    sent = {"form": "save", "quiet_before": "", "pause": "off", "language_before": "", "language": "de"}
    sent |= {"shown": "cart_reminder/1", "before": "cart_reminder/1", "quiet_from": "22:00", "quiet_to": "08:00"}
    assert (await house.http.post(link, data=sent)).status_code == 200
    assert (await house.preferences(clara)).quiet_hours == QuietHours(start_minute=60, end_minute=120)
    assert not await house.says_yes(clara)


async def test_all_advertising_stops_in_the_centre_too(house: House) -> None:
    clara = await house.customer()
    link = (await house.links(clara)).preferences
    assert "Saved" in (await house.press(link, "all_off")).text
    assert not await house.says_yes(clara)


async def test_the_page_has_the_language_of_the_mail(house: House) -> None:
    clara = await house.customer()
    links = await house.links(clara, language="de-AT")
    page = await house.http.get(links.unsubscribe, headers={"accept-language": "en"})
    assert "Abmelden?" in page.text
    assert "Erinnerungen an Ihren Warenkorb" in page.text


async def test_a_stray_post_does_nothing(house: House) -> None:
    clara = await house.customer()
    links = await house.links(clara)
    for body in ({}, {"form": "save"}, {"List-Unsubscribe": "Yes"}, {"list-unsubscribe": "One-Click"}):
        assert (await house.http.post(links.unsubscribe, data=body or {"x": "y"})).status_code == 400
    assert await house.says_yes(clara)


async def test_forged_and_unknown_links_are_told_alike(house: House) -> None:
    clara = await house.customer()
    links = await house.links(clara)
    good = links.unsubscribe
    middle = len(good) // 2
    forged = [
        good[:-4],
        good[:middle] + ("A" if good[middle] != "A" else "B") + good[middle + 1 :],
        "/u/" + "A" * 200,
        "/u/x",
        "/u" + links.preferences.removeprefix("/p"),
        "/c" + links.unsubscribe.removeprefix("/u"),
    ]
    pages = [await house.http.get(link) for link in forged]
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1
    for link in forged[:4]:
        assert (await house.http.post(link, data=ONE_CLICK)).status_code == 404
    assert await house.says_yes(clara)


async def test_who_tries_links_that_are_none_is_slowed_down_and_others_are_not(house: House) -> None:
    good = (await house.links(await house.customer())).unsubscribe
    async with (
        door_to(
            house.services,
            house.state,
            preference=house.services.addresses["preference"],
            unknown_per_minute=3,
            trusted_proxies=1,
        ) as door,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{door.port}", timeout=20) as http,
    ):
        guesser, other = {"x-forwarded-for": "203.0.113.1"}, {"x-forwarded-for": "203.0.113.2"}
        tries = [(await http.get(f"/u/guess-{number}", headers=guesser)).status_code for number in range(5)]
        assert tries == [404, 404, 404, 429, 429]
        assert (await http.get(good, headers=other)).status_code == 200
        # Whoever has a mail provider send links that are none of ours does not keep others from unsubscribing.
        provider = {"x-forwarded-for": "203.0.113.3"}
        for number in range(5):
            assert (await http.post(f"/u/none-{number}", headers=provider, data=ONE_CLICK)).status_code == 404
        assert (await http.post(good, headers=provider, data=ONE_CLICK)).status_code == 200


async def test_an_old_link_says_that_it_is_old_and_does_nothing(house: House) -> None:
    clara = await house.customer()
    links = await house.links(clara, language="de")

    def in_three_years() -> datetime:
        return datetime.now(UTC).replace(microsecond=0) + timedelta(days=3 * 365)

    later = await house.services.start(
        PREFERENCE, clock=in_three_years, public_base_url=PUBLIC, purposes_file=house.state / "purposes.toml"
    )
    token = house.state / "long.token"
    token.write_text(mint_service_token(house.state, "door", lifetime_seconds=5 * 365 * 86400), encoding="utf-8")
    async with (
        door_to(house.services, house.state, preference=f"127.0.0.1:{later.port}", service_token_file=token) as door,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{door.port}", timeout=20) as http,
    ):
        for link in (links.unsubscribe, links.preferences):
            shown = await http.get(link)
            assert (shown.status_code, "Dieser Link ist abgelaufen" in shown.text) == (410, True)
        assert (await http.post(links.unsubscribe, data=ONE_CLICK)).status_code == 410
        assert (await http.post(links.unsubscribe, data={"form": "unsubscribe"})).status_code == 410
    assert await house.says_yes(clara)


async def test_of_who_was_forgotten_it_says_that_nothing_is_kept(house: House) -> None:
    clara = await house.customer()
    links = await house.links(clara)
    await house.desk.internal.EraseArea(pb.EraseAreaRequest(erasure_id="era_1", customer_id=clara))
    shown = await house.http.get(links.unsubscribe)
    assert (shown.status_code, "Nothing is kept any more" in shown.text) == (410, True)
    assert (await house.http.post(links.unsubscribe, data=ONE_CLICK)).status_code == 410
    assert (await house.http.post(links.preferences, data={"form": "all_off"})).status_code == 410


async def test_the_doors_own_token_opens_nothing_but_what_pages_need(house: House) -> None:
    as_door = PreferenceInternalServiceStub(house.services.as_service("door", to=house.preference))
    clara = await house.customer()
    links = pb.CreateMessageLinksRequest(
        customer_id=clara, purpose="cart_reminder", delivery_kind=DELIVERY_KIND_EMAIL, message_id="msg_1"
    )
    assert (await refusal(as_door.CreateMessageLinks(links))).reason == "CALLER_NOT_ALLOWED"
    erase = pb.EraseAreaRequest(erasure_id="era_2", customer_id=clara)
    assert (await refusal(as_door.EraseArea(erase))).reason == "CALLER_NOT_ALLOWED"


async def test_a_press_is_one_trace_from_the_door_on_and_nothing_of_it_names_the_token(house: House) -> None:
    link = (await house.links(await house.customer())).unsubscribe
    spans = InMemorySpanExporter()
    provider = tracer_provider(service="door", ratio=1.0, processor=SimpleSpanProcessor(spans))
    async with (
        door_to(
            house.services,
            house.state,
            preference=house.services.addresses["preference"],
            tracer=provider.get_tracer("test"),
        ) as door,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{door.port}", timeout=20) as http,
    ):
        await http.post(link, data=ONE_CLICK, headers={"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"})
    found = {span.name: span for span in spans.get_finished_spans()}
    press = found["POST /u/{token}"]
    asked = found["omnithread.preference.v1.PreferenceInternalService/UseLink"]
    assert press.parent is None  # a stranger's headers begin no trace of ours
    assert asked.parent is not None
    assert asked.parent.span_id == press.context.span_id
    assert link.rpartition("/")[2] not in "".join(span.to_json() for span in found.values())


async def test_without_preference_the_page_says_so_and_when_to_come_again(house: House) -> None:
    link = (await house.links(await house.customer())).unsubscribe
    async with (
        door_to(house.services, house.state, answer_seconds=1.0) as door,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{door.port}", timeout=20) as http,
    ):
        for away in (await http.get(link), await http.post(link, data=ONE_CLICK)):
            assert (away.status_code, away.headers["retry-after"]) == (503, "10")
            assert "We cannot do that just now" in away.text
