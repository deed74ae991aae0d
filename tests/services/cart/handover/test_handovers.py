"""A cart is handed from one channel to another: by a token, by a picture of it, by six digits."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from grpc import StatusCode

from libs.timestamps import from_timestamp, to_timestamp
from omnithread.cart.v1 import cart_internal_service_pb2 as internal_pb
from omnithread.cart.v1 import cart_service_pb2
from omnithread.cart.v1 import handover_service_pb2 as pb
from omnithread.cart.v1.cart_pb2 import CART_STATE_ACTIVE, CART_STATE_MERGED, CART_STATE_ORDERED
from services.cart.service import SERVICE as CART
from services.profile.service import SERVICE as PROFILE
from tests.services.calls import refusal, stamped
from tests.services.cart.carrying import by_code, by_token, filled, handed_over, wrong
from tests.services.cart.shop import Shop, item, pickup, shop_at
from tests.services.running import Services


@dataclass(slots=True)
class Later:
    """How far the server's clock is ahead."""

    by: timedelta = timedelta()


@pytest.fixture
async def later_shop(
    mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Shop, Later]]:
    later, state = Later(), tmp_path_factory.mktemp("later")
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=state
    ) as services:
        await services.start(PROFILE)
        yield shop_at(services, await services.start(CART, clock=lambda: datetime.now(UTC) + later.by)), later


async def test_another_channel_goes_on_with_the_cart_and_everybody_hears_of_it(shop: Shop) -> None:
    customer_id = await filled(shop)
    carried = await handed_over(shop, customer_id, link_template="https://app.example/go#{token}", with_picture=True)
    assert carried.link == f"https://app.example/go#{carried.token}"
    assert carried.picture_png.startswith(b"\x89PNG")
    assert not carried.code

    gone_on = await shop.at_store.handovers.RedeemHandover(by_token(carried.token))
    assert (gone_on.customer_id, gone_on.handover_id) == (customer_id, carried.handover_id)
    assert gone_on.cart == await shop.cart(customer_id)
    assert gone_on.cart_id == gone_on.cart.cart_id
    assert gone_on.handed_cart_state == CART_STATE_ACTIVE
    assert gone_on.from_channel.id == "web-shop"
    last = (await shop.events(customer_id))[-1]
    assert last.header.channel.id == "store-042"
    assert last.cart_handed_over.handover_id == carried.handover_id
    assert last.cart_handed_over.from_channel.id == "web-shop"
    assert last.cart_handed_over.from_traceparent == gone_on.traceparent


async def test_a_retry_gives_the_same_token_and_digits_and_goes_on_once(shop: Shop, another_replica: Shop) -> None:
    customer_id = await filled(shop)
    asked = stamped(pb.CreateHandoverRequest(customer_id=customer_id, with_code=True, single_use=True))
    first = await shop.at_web.handovers.CreateHandover(asked)
    again = await another_replica.at_web.handovers.CreateHandover(asked)
    assert (again.token, again.code, again.expire_time) == (first.token, first.code, first.expire_time)
    assert (first.replayed, again.replayed) == (False, True)

    request = stamped(by_token(first.token))
    await shop.at_store.handovers.RedeemHandover(request)
    assert (await another_replica.at_store.handovers.RedeemHandover(request)).replayed
    assert [event.WhichOneof("payload") for event in await shop.events(customer_id)].count("cart_handed_over") == 1

    asked.single_use = False
    refused = await refusal(shop.at_web.handovers.CreateHandover(asked))
    assert refused.reason == "REQUEST_ID_REUSED"


async def test_one_for_several_visits_serves_them_all(shop: Shop) -> None:
    carried = await handed_over(shop, await filled(shop))
    for _ in range(3):
        await shop.at_store.handovers.RedeemHandover(by_token(carried.token))


async def test_of_two_visits_at_the_same_moment_one_goes_on(shop: Shop, another_replica: Shop) -> None:
    for _ in range(20):
        carried = await handed_over(shop, await filled(shop), single_use=True)
        answers = await asyncio.gather(
            shop.at_store.handovers.RedeemHandover(by_token(carried.token)),
            another_replica.at_phone.handovers.RedeemHandover(by_token(carried.token)),
            return_exceptions=True,
        )
        assert sum(isinstance(answer, pb.RedeemHandoverResponse) for answer in answers) == 1
        refused = await refusal(shop.at_store.handovers.RedeemHandover(by_token(carried.token)))
        assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "HANDOVER_USED")


async def test_six_digits_work_once(shop: Shop) -> None:
    customer_id = await filled(shop)
    carried = await handed_over(shop, customer_id, with_code=True, lifetime_seconds=3600)
    lasts = from_timestamp(carried.code_expire_time) - datetime.now(UTC)
    assert timedelta(seconds=500) < lasts <= timedelta(seconds=600)
    request = stamped(by_code(carried.code))
    gone_on = await shop.at_phone.handovers.RedeemHandover(request)
    assert gone_on.customer_id == customer_id
    assert (await shop.at_phone.handovers.RedeemHandover(request)).replayed
    refused = await refusal(shop.at_phone.handovers.RedeemHandover(by_code(carried.code)))
    assert refused.reason == "HANDOVER_USED"
    since = to_timestamp(datetime.now(UTC) - timedelta(minutes=1))
    told = (
        await shop.internal.ListRejections(internal_pb.ListRejectionsRequest(since=since, page_size=500))
    ).rejections
    assert [(one.method, one.reason, one.channel.id) for one in told if one.customer_id == customer_id] == [
        ("RedeemHandover", "HANDOVER_USED", "call-centre")
    ]
    account = await shop.web.AuditCart(cart_service_pb2.AuditCartRequest(customer_id=customer_id))
    assert list(account.rejected_counts) == []
    await shop.at_store.handovers.RedeemHandover(by_token(carried.token))  # the token itself is for several visits


async def test_who_guesses_is_stopped_even_where_the_next_guess_is_right(services: Services, shop: Shop) -> None:
    carried = await handed_over(shop, await filled(shop), with_code=True)
    guesser = services.connect("call-centre", actor="guesser").handovers
    same_id = stamped(by_code(wrong(carried.code)))

    async def guess(number: int) -> str:
        request = pb.RedeemHandoverRequest()
        request.CopyFrom(same_id)  # one request id for all of them buys no more tries
        request.code = wrong(f"{(int(carried.code) + number) % 10**6:06}")
        return (await refusal(guesser.RedeemHandover(request))).reason

    reasons = [await guess(number) for number in range(10)]
    assert reasons == ["HANDOVER_INVALID"] * 10
    refused = await refusal(guesser.RedeemHandover(by_code(carried.code)))
    assert (refused.code, refused.reason) == (StatusCode.RESOURCE_EXHAUSTED, "HANDOVER_TRIES_EXCEEDED")
    waits = datetime.fromisoformat(refused.metadata["retry_time"]) - datetime.now(UTC)
    assert timedelta(minutes=14) < waits < timedelta(minutes=16)
    colleague = services.connect("call-centre", actor="colleague").handovers
    await colleague.RedeemHandover(by_code(carried.code))


async def test_guesses_at_the_same_moment_are_counted_like_any_others(services: Services, shop: Shop) -> None:
    guesser = services.connect("call-centre", actor="hasty").handovers
    refused = await asyncio.gather(
        *(refusal(guesser.RedeemHandover(by_code(f"{number:06}"))) for number in range(0, 400, 10))
    )
    assert sum(one.reason not in {"HANDOVER_TRIES_EXCEEDED", "CONFLICT"} for one in refused) <= 10


async def test_its_time_is_over_for_the_digits_and_then_for_the_token(later_shop: tuple[Shop, Later]) -> None:
    shop, later = later_shop
    carried = await handed_over(shop, await filled(shop), with_code=True)
    later.by = timedelta(minutes=11)
    refused = await refusal(shop.at_store.handovers.RedeemHandover(by_code(carried.code)))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "HANDOVER_EXPIRED")
    request = stamped(by_token(carried.token))
    await shop.at_store.handovers.RedeemHandover(request)
    later.by = timedelta(minutes=16)
    refused = await refusal(shop.at_store.handovers.RedeemHandover(by_token(carried.token)))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "HANDOVER_EXPIRED")
    assert (await shop.at_store.handovers.RedeemHandover(request)).replayed  # a retry of what was done in time


async def test_a_revoked_one_works_no_more_and_only_its_owner_revokes_it(shop: Shop) -> None:
    customer_id, stranger = await filled(shop), await filled(shop)
    carried = await handed_over(shop, customer_id, with_code=True)
    foreign = pb.RevokeHandoverRequest(customer_id=stranger, handover_id=carried.handover_id)
    assert (await refusal(shop.at_web.handovers.RevokeHandover(foreign))).reason == "HANDOVER_NOT_FOUND"
    for _ in range(2):
        await shop.at_web.handovers.RevokeHandover(
            pb.RevokeHandoverRequest(customer_id=customer_id, handover_id=carried.handover_id)
        )
    for request in (by_token(carried.token), by_code(carried.code)):
        refused = await refusal(shop.at_store.handovers.RedeemHandover(request))
        assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "HANDOVER_EXPIRED")


async def test_a_merged_customers_token_leads_to_who_remains(shop: Shop) -> None:
    guest, known = await filled(shop), await filled(shop)
    carried = await handed_over(shop, guest)
    await shop.absorb("mrg_handed_over", guest, known)
    gone_on = await shop.at_store.handovers.RedeemHandover(by_token(carried.token))
    assert (gone_on.customer_id, gone_on.handed_over_by_customer_id) == (known, guest)
    assert gone_on.handed_cart_state == CART_STATE_MERGED
    assert [line.quantity for line in gone_on.cart.lines] == [2]
    await shop.at_web.handovers.RevokeHandover(
        pb.RevokeHandoverRequest(customer_id=known, handover_id=carried.handover_id)
    )


async def test_what_became_of_the_cart_is_said_where_it_is_past(shop: Shop) -> None:
    customer_id = await filled(shop)
    carried = await handed_over(shop, customer_id)
    ordered = await shop.store.Checkout(pickup(customer_id))
    await shop.web.AddNote(cart_service_pb2.AddNoteRequest(customer_id=customer_id, text="asks for her sister"))
    await shop.web.AddItem(item(customer_id, "sock"))
    gone_on = await shop.at_phone.handovers.RedeemHandover(by_token(carried.token))
    assert (gone_on.handed_cart_state, gone_on.order_id) == (CART_STATE_ORDERED, ordered.order.order_id)
    assert [line.sku for line in gone_on.cart.lines] == ["sock"]
    assert gone_on.cart_id != gone_on.cart.cart_id
    whole = await shop.cart(customer_id)
    assert whole.notes
    assert whole.past_carts
    assert not gone_on.cart.notes, "who holds a token has not said who they are"
    assert not gone_on.cart.past_carts


async def test_who_has_put_in_nothing_yet_hands_over_what_will_be_there(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    carried = await handed_over(shop, customer_id)
    await shop.web.AddItem(item(customer_id))
    gone_on = await shop.at_store.handovers.RedeemHandover(by_token(carried.token))
    assert gone_on.handed_cart_state == CART_STATE_ACTIVE
    assert len(gone_on.cart.lines) == 1


async def test_a_customer_has_fifty_that_work(shop: Shop) -> None:
    customer_id = await filled(shop)
    made = [await handed_over(shop, customer_id) for _ in range(50)]
    refused = await refusal(handed_over(shop, customer_id))
    assert (refused.code, refused.reason) == (StatusCode.RESOURCE_EXHAUSTED, "HANDOVER_LIMIT")
    await shop.at_web.handovers.RevokeHandover(
        pb.RevokeHandoverRequest(customer_id=customer_id, handover_id=made[0].handover_id)
    )
    await handed_over(shop, customer_id)


async def test_a_link_for_a_message_is_the_same_again(shop: Shop) -> None:
    customer_id = await filled(shop)
    request = internal_pb.CreateResumeLinkRequest(
        customer_id=customer_id,
        link_template="https://shop.example/cart#{token}",
        lifetime_seconds=30 * 86400,
        request_id="msg_0123456789abcdef",
    )
    link = (await shop.internal_of_messaging.CreateResumeLink(request)).link
    assert (await shop.internal_of_messaging.CreateResumeLink(request)).link == link
    token = link.removeprefix("https://shop.example/cart#")
    gone_on = await shop.at_web.handovers.RedeemHandover(by_token(token))
    assert gone_on.customer_id == customer_id
    refused = await refusal(shop.internal_as_web.CreateResumeLink(request))
    assert refused.reason == "CALLER_NOT_ALLOWED"


async def test_to_look_at_a_token_uses_nothing_up(shop: Shop) -> None:
    carried = await handed_over(shop, await filled(shop), single_use=True)
    look = internal_pb.ShowHandoverRequest(token=carried.token)
    for _ in range(2):
        assert (await shop.internal_of_the_door.ShowHandover(look)).expire_time == carried.expire_time
    await shop.at_store.handovers.RedeemHandover(by_token(carried.token))
    assert (await refusal(shop.internal_of_the_door.ShowHandover(look))).reason == "HANDOVER_USED"
    forged = internal_pb.ShowHandoverRequest(token=f"B{carried.token[1:]}")
    assert (await refusal(shop.internal_of_the_door.ShowHandover(forged))).reason == "HANDOVER_INVALID"


async def test_the_cart_itself_is_not_changed_by_going_on_with_it(shop: Shop) -> None:
    customer_id = await filled(shop)
    before = await shop.cart(customer_id)
    carried = await handed_over(shop, customer_id)
    assert await shop.cart(customer_id) == before
    await shop.at_store.handovers.RedeemHandover(by_token(carried.token))
    after = (await shop.web.GetCart(cart_service_pb2.GetCartRequest(customer_id=customer_id))).cart
    assert (after.lines, after.idle_due_time, after.update_time) == (
        before.lines,
        before.idle_due_time,
        before.update_time,
    )


async def test_an_export_has_what_is_kept_and_no_token_and_who_is_forgotten_leaves_nothing_to_go_on_with(
    shop: Shop,
) -> None:
    customer_id = await filled(shop)
    carried = await handed_over(shop, customer_id, with_code=True)
    await shop.at_store.handovers.RedeemHandover(by_token(carried.token))
    page = await shop.internal.ExportArea(internal_pb.ExportAreaRequest(customer_id=customer_id, page_size=100))
    exported = {document.collection: document for document in page.documents}
    kept = exported["handovers"].content
    assert exported["handovers"].id == carried.handover_id
    assert "store-042" in str(kept)
    assert "handover_codes" in exported
    for secret in (carried.token, carried.code):
        assert secret not in str(page)

    await shop.internal.EraseArea(internal_pb.EraseAreaRequest(erasure_id="era_handed_over", customer_id=customer_id))
    for request in (by_token(carried.token), by_code(carried.code)):
        refused = await refusal(shop.at_store.handovers.RedeemHandover(request))
        assert (refused.code, refused.reason) == (StatusCode.NOT_FOUND, "HANDOVER_INVALID")
