import asyncio
from datetime import UTC, datetime, timedelta

from libs.mongo.connection import Client, database
from libs.mongo.cursors import Cursor, Cursors
from omnithread.context.v1 import context_pb2 as context
from omnithread.context.v1 import context_service_pb2 as pb
from omnithread.messaging.v1 import messaging_pb2
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from omnithread.preference.v1.preference_pb2 import Preferences
from omnithread.preference.v1.preference_service_pb2 import UpdatePreferencesRequest
from omnithread.profile.v1 import profile_pb2
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest, UpdateProfileRequest
from services.aggregator.service import SERVICE as AGGREGATOR
from services.cart.service import SERVICE as CART
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.services.aggregator.company import (
    FOUR,
    Company,
    company_at,
    item,
    login,
    named,
    start_stoppable,
    summaries,
    visitor,
)
from tests.services.calls import refusal, until
from tests.services.running import Services
from tests.silent_server import silent_server

UNAVAILABLE = context.SECTION_PROBLEM_REASON_UNAVAILABLE
NOBODYS_KAFKA = "127.0.0.1:1"


async def busy_customer(company: Company) -> str:
    """Somebody of whom every service has something to tell."""
    session = await company.web.start_session([login()])
    customer_id = session.customer_id
    await company.web.cart.AddItem(item(customer_id))
    await company.store.profile.UpdateProfile(
        UpdateProfileRequest(
            profile=profile_pb2.Profile(customer_id=customer_id, given_name="Mia"),
            update_mask={"paths": ["given_name"]},  # type: ignore[arg-type]
        )
    )
    await company.web.preference.UpdatePreferences(
        UpdatePreferencesRequest(
            preferences=Preferences(customer_id=customer_id, language="de"),
            update_mask={"paths": ["language"]},  # type: ignore[arg-type]
        )
    )
    await company.web.messaging.PostMessage(
        PostMessageRequest(customer_id=customer_id, topic="order", text="Hello", author=messaging_pb2.AUTHOR_CUSTOMER)
    )
    return customer_id


async def test_every_channel_is_told_the_same_to_the_last_byte(company: Company) -> None:
    customer_id = await busy_customer(company)

    async def visit_is_counted() -> bool:
        asked = pb.GetCustomerContextRequest(customer_id=customer_id)
        return bool((await company.web.context.GetCustomerContext(asked)).context.profile.facts.channels)

    await until(visit_is_counted)  # a moment after it began; that is a change of the profile
    told = [
        (await channel.context.GetCustomerContext(pb.GetCustomerContextRequest(customer_id=customer_id))).context
        for channel in (company.web, company.store, company.call_centre)
    ]
    assert told[0].profile.given_name == "Mia"
    assert told[0].cart.cart.lines
    assert told[0].preferences.language == "de"
    assert told[0].messaging.open_conversations
    assert len({each.SerializeToString() for each in told}) == 1


async def test_the_journey_has_what_all_four_services_announced_just_now(company: Company) -> None:
    customer_id = await busy_customer(company)
    told = (await company.whole_context(customer_id)).journey
    areas = {t.area for t in told.recent_touchpoints}
    assert areas == {"context", "profile", "cart", "preference", "messaging"}
    assert told.journey.touchpoint_count == len(told.recent_touchpoints)


async def test_a_read_right_after_a_write_on_another_channel_has_it_also_without_kafka(company: Company) -> None:
    services, aggregator = company.services, company.aggregator
    replica = await services.start(AGGREGATOR, kafka_bootstrap_servers=NOBODYS_KAFKA)
    services.addresses["aggregator"] = f"127.0.0.1:{aggregator.port}"
    deaf = services.connect("web-shop", at=replica)
    customer_id = (await company.web.start_session([visitor()])).customer_id
    for number in range(10):
        await company.store.cart.AddItem(item(customer_id, f"sku-{number}"))
        answer = await deaf.context.GetCustomerContext(pb.GetCustomerContextRequest(customer_id=customer_id))
        assert list(answer.problems) == []
        assert answer.context.cart.cart.lines[-1].sku == f"sku-{number}"
        assert f"added 1 x sku-{number}" in summaries(list(answer.context.journey.recent_touchpoints))


async def test_reads_at_the_same_time_count_each_touchpoint_once(company: Company) -> None:
    customer_id = (await company.web.start_session([visitor()])).customer_id
    await asyncio.gather(
        *(company.store.cart.AddItem(item(customer_id, f"sku-{n}")) for n in range(5)),
        *(company.context(customer_id) for _ in range(10)),
    )
    told = (await company.whole_context(customer_id)).journey
    assert sum(t.area == "cart" for t in told.recent_touchpoints) == 5
    assert told.journey.touchpoint_count == len(told.recent_touchpoints)


async def test_whoever_is_named_by_an_identifier_is_the_same_customer(company: Company) -> None:
    who = login()
    customer_id = (await company.web.start_session([who])).customer_id
    await company.counted(customer_id, visits=1)
    by_id = await company.whole_context(customer_id)
    answer = await company.store.context.GetCustomerContext(pb.GetCustomerContextRequest(identifier=who))
    assert answer.context.SerializeToString() == by_id.SerializeToString()


async def test_a_merged_customers_id_leads_to_the_one_who_remains(company: Company) -> None:
    who, browser = login(), visitor()
    await company.store.start_session([who])
    guest = await company.web.start_session([browser])
    known = await company.web.start_session([browser, who])
    await company.counted(known.customer_id, visits=3)
    old, new = await company.whole_context(guest.customer_id), await company.whole_context(known.customer_id)
    assert old.customer_id == known.customer_id
    assert old.SerializeToString() == new.SerializeToString()


async def test_the_price_on_this_channel_stands_beside_a_context_that_has_the_cart(company: Company) -> None:
    customer_id = await busy_customer(company)
    for channel, channel_id in ((company.web, "web-shop"), (company.store, "store-042")):
        asked = pb.GetCustomerContextRequest(customer_id=customer_id)
        answer = await channel.context.GetCustomerContext(asked)
        assert answer.cart_price.channel.id == channel_id
        assert answer.cart_price.total == answer.context.cart.cart.subtotal
    started = (await company.web.start_session([visitor()])).started
    assert not started.HasField("cart_price")  # nothing is in that cart
    only_offers = await company.context(customer_id, sections=[context.SECTION_OFFERS])
    assert [entry.section for entry in only_offers.context.versions] == [context.SECTION_OFFERS]
    assert not only_offers.HasField("cart_price")
    assert list(only_offers.problems) == []


async def test_only_the_sections_asked_for_are_answered_and_the_etag_stands_for_them(company: Company) -> None:
    customer_id = await busy_customer(company)
    cart = (await company.context(customer_id, sections=[context.SECTION_CART])).context
    assert [entry.section for entry in cart.versions] == [context.SECTION_CART]
    await company.counted(customer_id, visits=1)
    before = (await company.whole_context(customer_id)).etag
    assert cart.etag != before
    assert (await company.whole_context(customer_id)).etag == before
    await company.web.cart.AddItem(item(customer_id, "hat"))
    assert (await company.whole_context(customer_id)).etag != before


async def test_nobody_is_found_who_is_not_there(company: Company) -> None:
    assert (await refusal(company.context("cus_nobody"))).reason == "CUSTOMER_NOT_FOUND"
    asked = pb.GetCustomerContextRequest(identifier=login())
    assert (await refusal(company.web.context.GetCustomerContext(asked))).reason == "CUSTOMER_NOT_FOUND"
    broken = profile_pb2.Identifier(kind=profile_pb2.IDENTIFIER_KIND_PHONE, value="nobody")
    refused = await refusal(company.web.context.GetCustomerContext(pb.GetCustomerContextRequest(identifier=broken)))
    assert (refused.reason, refused.domain) == ("IDENTIFIER_INVALID", "profile.omnithread")
    assert (await refusal(company.web.context.GetCustomerContext(pb.GetCustomerContextRequest()))).reason == (
        "INVALID_FIELD"
    )


async def test_a_service_that_is_down_is_missing_by_name_and_the_rest_is_served(own_services: Services) -> None:
    running = {service.name: await start_stoppable(own_services, service) for service in FOUR}
    company = await company_at(own_services)
    who = login()
    customer_id = (await company.web.start_session([who])).customer_id
    await company.web.cart.AddItem(item(customer_id))
    gone: list[tuple[int, int]] = []
    for service, sections in (
        (MESSAGING, [context.SECTION_MESSAGING]),
        (CART, [context.SECTION_CART, context.SECTION_OFFERS]),
        (PREFERENCE, [context.SECTION_PREFERENCES]),
        (PROFILE, [context.SECTION_PROFILE]),
    ):
        await running[service.name].aclose()
        gone += [(section, UNAVAILABLE) for section in sections]
        asked = pb.GetCustomerContextRequest(customer_id=customer_id)
        answer = await company.store.context.GetCustomerContext(asked, timeout=4)
        assert named(list(answer.problems)) == sorted(gone)
        missing = {section for section, _ in gone}
        assert {entry.section for entry in answer.context.versions} == {1, 2, 3, 4, 5, 6} - missing
        assert answer.context.journey.journey.touchpoint_count >= 3
    by_identifier = pb.GetCustomerContextRequest(identifier=who)
    refused = await refusal(company.web.context.GetCustomerContext(by_identifier, timeout=4))
    assert (refused.reason, dict(refused.metadata)) == ("DEPENDENCY_UNAVAILABLE", {"dependency": "profile"})


async def test_a_service_that_says_nothing_is_named_and_the_answer_is_in_time(own_services: Services) -> None:
    for service in FOUR[:3]:
        await own_services.start(service)
    async with silent_server() as port:
        company = await company_at(own_services, messaging_address=f"127.0.0.1:{port}")
        customer_id = (
            await company.web.context.StartSession(pb.StartSessionRequest(identifiers=[visitor()]))
        ).customer_id
        asked = pb.GetCustomerContextRequest(customer_id=customer_id)
        answer = await company.store.context.GetCustomerContext(asked, timeout=2)
        assert named(list(answer.problems)) == [
            (context.SECTION_MESSAGING, UNAVAILABLE)  # not waited for: the first call found that nothing is heard
        ]
        assert {entry.section for entry in answer.context.versions} == {1, 2, 3, 5, 6}


async def test_a_journey_that_cannot_be_brought_up_to_date_says_by_how_much_it_is_behind(
    company: Company, mongo_client: Client
) -> None:
    customer_id = (await company.web.start_session([visitor()])).customer_id
    cursors = Cursors(database(mongo_client, company.services.settings(AGGREGATOR).mongo_database))
    now = datetime.now(UTC)
    await cursors.park(
        Cursor("cart", customer_id), epoch="", seq=0, reason="a test", retry_time=now + timedelta(hours=1), now=now
    )
    await company.web.cart.AddItem(item(customer_id, "boots"))
    await company.web.cart.AddItem(item(customer_id, "hat"))
    answer = await company.context(customer_id)
    assert [(p.section, p.reason, p.events_behind) for p in answer.problems] == [
        (context.SECTION_JOURNEY, context.SECTION_PROBLEM_REASON_BEHIND, 2)
    ]
    assert len(answer.context.cart.cart.lines) == 2
    assert answer.context.HasField("journey")


async def test_a_merge_that_a_service_slept_through_is_done_by_the_first_read_after_it_woke(
    own_services: Services,
) -> None:
    running = {service.name: await start_stoppable(own_services, service) for service in FOUR}
    address = own_services.addresses["cart"]
    company = await company_at(own_services)
    who, browser = login(), visitor()
    known = await company.store.start_session([who])
    guest = await company.web.start_session([browser])
    await company.web.cart.AddItem(item(guest.customer_id, "boots"))
    await running["cart"].aclose()
    logged_in = await company.web.start_session([browser, who])
    of_cart = (context.SECTION_CART, context.SECTION_OFFERS)
    assert named(list(logged_in.started.problems)) == [(section, UNAVAILABLE) for section in of_cart]
    assert [list(merge.pending_areas) for merge in logged_in.context.profile.merges] == [["cart"]]
    async with await start_stoppable(own_services, CART, listen=address):
        (answer,) = await until(lambda: answered_cart(company, known.customer_id))
        assert [line.sku for line in answer.context.cart.cart.lines] == ["boots"]
        assert list(answer.problems) == []
    for name in ("profile", "preference", "messaging"):
        await running[name].aclose()


async def test_a_merge_that_a_service_has_not_done_yet_is_named_and_its_section_is_served(
    own_services: Services, mongo_client: Client
) -> None:
    for service in FOUR:
        await own_services.start(service)
    # Nobody completes the merge at cart: its own listener waits, and this aggregator has a token that cart refuses.
    carts_token = own_services.settings(CART).service_token_file
    company = await company_at(own_services, service_token_file=carts_token)
    who, browser = login(), visitor()
    known = await company.store.start_session([who])
    guest = await company.web.start_session([browser])
    await company.web.cart.AddItem(item(guest.customer_id, "boots"))
    await company.store.cart.AddItem(item(known.customer_id, "hat"))
    now = datetime.now(UTC)
    cursors = Cursors(database(mongo_client, own_services.settings(CART).mongo_database))
    told = await company.store.profile.GetProfile(GetProfileRequest(customer_id=known.customer_id))

    async def heard() -> bool:
        return (await cursors.get("profile", known.customer_id)).seq >= told.head.seq

    await until(heard)  # or what cart hears meanwhile would take its listener on
    cursor = await cursors.get("profile", known.customer_id)
    await cursors.park(
        cursor, epoch=cursor.epoch, seq=cursor.seq, reason="a test", retry_time=now + timedelta(hours=1), now=now
    )
    logged_in = await company.web.start_session([browser, who])
    problems = named(list(logged_in.started.problems))
    assert (context.SECTION_CART, context.SECTION_PROBLEM_REASON_MERGE_PENDING) in problems
    assert [line.sku for line in logged_in.context.cart.cart.lines] == ["hat"]
    assert "cart" in logged_in.context.profile.merges[0].pending_areas


async def answered_cart(company: Company, customer_id: str) -> list[pb.GetCustomerContextResponse]:
    """Give the answer if the cart's service is there."""
    answer = await company.context(customer_id)
    return [answer] if answer.context.HasField("cart") else []
