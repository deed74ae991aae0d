"""Providers over HTTP, good and bad: what came of each message is told right, and nobody holds up the others."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError

from libs.clock import system_clock
from libs.ids import new_id
from libs.webhooks.signing import check_signature, signature_header
from omnithread import ErrorDetails, details_of
from omnithread.common.v1.delivery_pb2 import (
    DELIVERY_KIND_AD_AUDIENCE,
    DELIVERY_KIND_PUSH,
    DELIVERY_KIND_STORE_DISPLAY,
)
from omnithread.messaging.v1 import delivery_pb2, inbox_service_pb2
from omnithread.messaging.v1 import delivery_service_pb2 as pb
from omnithread.messaging.v1.messaging_pb2 import TemplateForm
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.services.calls import refusal, stamped, until
from tests.services.messaging.conftest import EMBEDDED, IMPATIENT, mail_by
from tests.services.messaging.delivery.gateway import SECRET, Gateway, gateway, providers_file
from tests.services.messaging.office import IN_APP, NO, YES, Office, came_to, form, office_at, state_of
from tests.services.messaging.post_office import PostOffice
from tests.services.running import Services

if TYPE_CHECKING:  # the classes of stubs on asyncio channels are known to type checkers only
    from omnithread.messaging.v1.delivery_service_pb2_grpc import DeliveryServiceAsyncStub
    from omnithread.messaging.v1.inbox_service_pb2_grpc import InboxServiceAsyncStub

PUSH = DELIVERY_KIND_PUSH


@dataclass(frozen=True)
class Branch:
    """A company whose push notifications go over the gateway."""

    office: Office
    gate: Gateway
    delivery: "DeliveryServiceAsyncStub"
    inbox: "InboxServiceAsyncStub"
    staff: "DeliveryServiceAsyncStub"

    async def push(self, customer_id: str, **fields: Any) -> str:
        return await self.office.send(customer_id, "push_news", delivery_kind=PUSH, **fields)

    async def report(self, *receipts: dict[str, str], secret: str = SECRET, **changes: Any) -> list[str]:
        body = json.dumps({"receipts": receipts}).encode()
        fields: dict[str, Any] = {
            "provider_id": "gateway",
            "signature": signature_header((secret,), body, system_clock()),
            "body": body,
        }
        answer = await self.delivery.ReportReceipts(pb.ReportReceiptsRequest(**fields | changes))
        return [pb.ReceiptOutcome.Name(one).removeprefix("RECEIPT_OUTCOME_") for one in answer.outcomes]


@pytest.fixture(scope="module")
async def branch(
    mongo_uri: str,
    kafka_bootstrap: str,
    new_prefix: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
    post: PostOffice,
) -> AsyncIterator[Branch]:
    state = tmp_path_factory.mktemp("branch")
    async with (
        gateway() as gate,
        Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=new_prefix(), state=state) as services,
    ):
        await services.start(PROFILE, **EMBEDDED)
        await services.start(PREFERENCE, **EMBEDDED)
        settings = {
            **mail_by(post),
            **IMPATIENT,
            "providers_file": providers_file(state, gate),
            "most_tries": 3,
            "inbox_heartbeat_seconds": 0.5,
            "inbox_look_seconds": 0.05,
            "inbox_watchers": 4,
        }
        office = office_at(services, await services.start(MESSAGING, **settings), post)
        await office.put("push_news", form(PUSH, "News for {{ customer.given_name }}"))
        await office.put("inbox_news", form(IN_APP, "News"))
        shop = services.connect("web-shop")
        yield Branch(office, gate, shop.delivery, shop.inbox, services.connect("call-centre", actor="agent_7").delivery)


async def test_a_push_notification_goes_out_signed_and_once(branch: Branch) -> None:
    guest = (await branch.office.person()).customer_id
    sent = await branch.office.ended(guest, await branch.push(guest))
    assert (came_to(sent), sent.provider_id) == (("SENT", ""), "gateway")
    [told] = branch.gate.effects(guest)
    assert (told["message_id"], told["to"], told["text"]) == (sent.message_id, guest, "News for Anna")
    assert (told["delivery_kind"], told["purpose"], told["language"]) == ("PUSH", "service", "en")
    body = json.dumps(told, ensure_ascii=False).encode()
    check_signature((SECRET,), branch.gate.signatures[-1], body, system_clock())


@pytest.mark.parametrize(
    ("manner", "state", "reason"),
    [
        ("400", "FAILED", "REFUSED"),
        ("410", "FAILED", "REFUSED"),
        ("503", "FAILED", "NOT_TAKEN"),
        ("redirect", "FAILED", "NOT_TAKEN"),
        ("500", "UNKNOWN", "OUTCOME_UNKNOWN"),
        ("garbage", "UNKNOWN", "OUTCOME_UNKNOWN"),
        ("slow", "UNKNOWN", "OUTCOME_UNKNOWN"),
        ("drop after taking", "UNKNOWN", "OUTCOME_UNKNOWN"),
        ("flood", "SENT", ""),
    ],
)
async def test_what_a_bad_provider_does_is_told_right_and_holds_up_nobody(
    branch: Branch, manner: str, state: str, reason: str
) -> None:
    unlucky, lucky = [(await branch.office.person()).customer_id for _ in range(2)]
    branch.gate.manners[unlucky] = manner
    message_id = await branch.push(unlucky)
    lucky_id = await branch.push(lucky)
    assert came_to(await branch.office.ended(lucky, lucky_id)) == ("SENT", "")
    assert came_to(await branch.office.ended(unlucky, message_id)) == (state, reason)
    following = await branch.office.send(unlucky, "inbox_news")
    assert came_to(await branch.office.ended(unlucky, following)) == ("SENT", "")
    tries = len([told for told in branch.gate.calls if told["message_id"] == message_id])
    assert tries == (3 if reason == "NOT_TAKEN" else 1)
    assert branch.gate.flooded_bytes < 64_000_000


async def test_an_audience_is_written_into_its_folder(branch: Branch) -> None:
    guest = (await branch.office.person()).customer_id
    await branch.office.put(
        "audience", TemplateForm(delivery_kind=DELIVERY_KIND_AD_AUDIENCE, language="en", audience_name="shoes")
    )
    message_id = await branch.office.send(guest, "audience", delivery_kind=DELIVERY_KIND_AD_AUDIENCE)
    sent = await branch.office.ended(guest, message_id)
    assert (came_to(sent), sent.provider_id) == (("SENT", ""), "folder")


async def test_a_dead_letter_is_listed_and_tried_again_once_however_often_it_is_asked_for(branch: Branch) -> None:
    anna = (await branch.office.person()).customer_id
    branch.gate.manners[anna] = "400"
    message_id = await branch.push(anna)
    await branch.office.ended(anna, message_id)

    async def listed() -> bool:
        everybodys = await branch.delivery.ListDeadLetters(pb.ListDeadLettersRequest(page_size=100))
        return message_id in {letter.message_id for letter in everybodys.dead_letters}

    await until(listed)
    [letter] = (await branch.delivery.ListDeadLetters(pb.ListDeadLettersRequest(customer_id=anna))).dead_letters
    assert (letter.message_id, letter.reason, letter.provider_id) == (message_id, "REFUSED", "gateway")

    del branch.gate.manners[anna]
    requests = [pb.ReplayDeadLetterRequest(customer_id=anna, message_id=message_id) for _ in range(4)]
    answers = await asyncio.gather(*(branch.delivery.ReplayDeadLetter(request) for request in requests))
    [again] = {answer.dead_letter.replayed_as for answer in answers}
    assert sorted(answer.replayed for answer in answers) == [False, True, True, True]
    assert came_to(await branch.office.ended(anna, again)) == ("SENT", "")
    assert [told["message_id"] for told in branch.gate.effects(anna)] == [again]
    kept = (
        await branch.delivery.GetDeadLetter(pb.GetDeadLetterRequest(customer_id=anna, message_id=message_id))
    ).dead_letter
    assert (kept.replayed_as, kept.HasField("replay_time")) == (again, True)


async def test_what_is_tried_again_is_judged_again(branch: Branch) -> None:
    anna = (await branch.office.person()).customer_id
    await branch.office.consent(anna, PUSH)
    branch.gate.manners[anna] = "400"
    message_id = await branch.office.send(anna, "push_news", "cart_reminder", delivery_kind=PUSH)
    await branch.office.ended(anna, message_id)
    del branch.gate.manners[anna]
    await branch.office.consent(anna, PUSH, NO)
    answer = await branch.delivery.ReplayDeadLetter(pb.ReplayDeadLetterRequest(customer_id=anna, message_id=message_id))
    ended = await branch.office.ended(anna, answer.dead_letter.replayed_as)
    assert came_to(ended) == ("SKIPPED", "NO_CONSENT")
    assert branch.gate.effects(anna) == []


def receipt(message_id: str, kind: str = "delivered", **fields: str) -> dict[str, str]:
    return {"message_id": message_id, "kind": kind, "time": system_clock().isoformat()} | fields


async def test_receipts_are_noted_once_in_whatever_order_they_come(branch: Branch) -> None:
    anna = (await branch.office.person()).customer_id
    sent = await branch.office.ended(anna, await branch.push(anna))
    by_ref = {"message_id": "", "provider_ref": f"ref-{sent.message_id}"}

    async def is_known() -> bool:
        return await branch.report(receipt("", "clicked") | by_ref) != ["MESSAGE_UNKNOWN"]

    await until(is_known)
    assert await branch.report(receipt(sent.message_id, "opened"), receipt("msg_nobodys")) == [
        "NOTED",
        "MESSAGE_UNKNOWN",
    ]
    again = receipt(sent.message_id)
    assert sorted(await branch.report(again, again)) == ["KNOWN", "NOTED"]
    assert await branch.report(again, receipt(sent.message_id, "opened")) == ["KNOWN", "KNOWN"]
    now = await branch.office.message(anna, sent.message_id)
    kinds = [delivery_pb2.ReceiptKind.Name(one.kind).removeprefix("RECEIPT_KIND_") for one in now.receipts]
    assert (state_of(now), sorted(kinds)) == ("SENT", ["CLICKED", "DELIVERED", "OPENED"])
    noted = [event for event in await branch.office.events(anna) if event.HasField("message_receipt_noted")]
    assert len(noted) == 3


async def test_a_receipt_proves_that_a_message_went_out_of_which_nobody_knew(branch: Branch) -> None:
    anna = (await branch.office.person()).customer_id
    branch.gate.manners[anna] = "drop after taking"
    unknown = await branch.office.ended(anna, await branch.push(anna))
    assert state_of(unknown) == "UNKNOWN"

    async def is_noted() -> bool:
        return await branch.report(receipt(unknown.message_id)) == ["NOTED"]

    await until(is_noted)
    assert came_to(await branch.office.message(anna, unknown.message_id)) == ("SENT", "")


async def test_after_a_complaint_only_what_needs_no_consent_still_goes(branch: Branch) -> None:
    anna = (await branch.office.person()).customer_id
    await branch.office.consent(anna, PUSH, YES)
    sent = await branch.office.ended(anna, await branch.push(anna))

    async def is_noted() -> bool:
        return await branch.report(receipt(sent.message_id, "complained")) == ["NOTED"]

    await until(is_noted)
    reminder = await branch.office.send(anna, "push_news", "cart_reminder", delivery_kind=PUSH)
    assert state_of(await branch.office.ended(anna, reminder)) == "SKIPPED"
    assert state_of(await branch.office.ended(anna, await branch.push(anna))) == "SENT"


async def test_staff_let_messages_go_again_to_an_address_that_was_closed(branch: Branch) -> None:
    anna = (await branch.office.person()).customer_id
    branch.gate.manners[anna] = "410"
    await branch.office.ended(anna, await branch.push(anna))
    del branch.gate.manners[anna]
    assert came_to(await branch.office.ended(anna, await branch.push(anna))) == ("SKIPPED", "SUPPRESSED")

    [closed] = (await branch.delivery.ListSuppressions(pb.ListSuppressionsRequest(customer_id=anna))).suppressions
    assert (closed.delivery_kind, closed.reason) == (PUSH, delivery_pb2.SUPPRESSION_REASON_BOUNCED)
    assert closed.address_digest == hashlib.sha256(f"PUSH\0{anna}".encode()).hexdigest()[:12]
    assert closed.HasField("since_time")
    lifting = stamped(
        pb.LiftSuppressionRequest(
            customer_id=anna,
            delivery_kind=closed.delivery_kind,
            address_digest=closed.address_digest,
            reason=closed.reason,
        )
    )
    refused = await refusal(branch.delivery.LiftSuppression(lifting))
    assert (refused.code, refused.reason) == (StatusCode.PERMISSION_DENIED, "ACTOR_REQUIRED")
    once_more = pb.LiftSuppressionRequest()
    once_more.CopyFrom(lifting)
    once_more.ClearField("request_id")
    answers = [await branch.staff.LiftSuppression(lifting) for _ in range(2)]
    assert [(answer.replayed, len(answer.suppressions)) for answer in answers] == [(False, 0), (True, 0)]
    refused = await refusal(branch.staff.LiftSuppression(once_more))
    assert (refused.code, refused.reason) == (StatusCode.NOT_FOUND, "SUPPRESSION_NOT_FOUND")
    assert came_to(await branch.office.ended(anna, await branch.push(anna))) == ("SENT", "")
    [told] = [event for event in await branch.office.events(anna) if event.HasField("suppression_lifted")]
    assert (told.header.actor_id, told.suppression_lifted.delivery_kind) == ("agent_7", PUSH)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [({"time": "2999-01-01T00:00:00Z"}, "TIME_INVALID"), ({"time": "2001-01-01T00:00:00+01:00"}, "TIME_INVALID")],
)
async def test_a_receipt_of_another_time_changes_nothing(branch: Branch, fields: dict[str, str], outcome: str) -> None:
    anna = (await branch.office.person()).customer_id
    sent = await branch.office.ended(anna, await branch.push(anna))

    async def is_found() -> bool:
        return await branch.report(receipt(sent.message_id, **fields)) != ["MESSAGE_UNKNOWN"]

    await until(is_found)
    assert await branch.report(receipt(sent.message_id, **fields)) == [outcome]
    assert not (await branch.office.message(anna, sent.message_id)).receipts


async def test_what_the_provider_did_not_sign_now_is_refused(branch: Branch) -> None:
    body = json.dumps({"receipts": [receipt("msg_1")]}).encode()
    old = signature_header((SECRET,), body, system_clock().replace(year=2001))
    for changes, code, reason in (
        ({"secret": "another secret of theirs"}, StatusCode.PERMISSION_DENIED, "SIGNATURE_INVALID"),
        ({"signature": old, "body": body}, StatusCode.PERMISSION_DENIED, "SIGNATURE_INVALID"),
        ({"signature": "t=1"}, StatusCode.PERMISSION_DENIED, "SIGNATURE_INVALID"),
        ({"provider_id": "nobody"}, StatusCode.NOT_FOUND, "PROVIDER_NOT_FOUND"),
        ({"provider_id": "folder"}, StatusCode.NOT_FOUND, "PROVIDER_NOT_FOUND"),
    ):
        refused = await refusal(branch.report(receipt("msg_1"), **changes))
        assert (refused.code, refused.reason) == (code, reason)
    bodies: list[dict[str, Any]] = [{}, {"receipts": []}, {"receipts": [{"message_id": "msg_1", "kind": "eaten"}]}]
    for told in bodies:
        wrong = json.dumps(told).encode()
        refused = await refusal(branch.report(body=wrong, signature=signature_header((SECRET,), wrong, system_clock())))
        assert (refused.code, refused.reason) == (StatusCode.INVALID_ARGUMENT, "RECEIPTS_INVALID")


async def test_what_nobody_failed_to_send_is_no_dead_letter(branch: Branch) -> None:
    anna = (await branch.office.person()).customer_id
    for call in (
        branch.delivery.GetDeadLetter(pb.GetDeadLetterRequest(customer_id=anna, message_id="msg_none")),
        branch.delivery.ReplayDeadLetter(pb.ReplayDeadLetterRequest(customer_id=anna, message_id="msg_none")),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (StatusCode.NOT_FOUND, "DEAD_LETTER_NOT_FOUND")


async def test_who_the_providers_are_can_be_seen(branch: Branch) -> None:
    providers = (await branch.delivery.ListProviders(pb.ListProvidersRequest())).providers
    assert [(one.provider_id, one.adapter) for one in providers] == [
        ("gateway", "webhook"),
        ("folder", "file"),
        ("built-in", "built_in"),
    ]
    assert providers[0].circuit == delivery_pb2.CIRCUIT_STATE_CLOSED


async def answer_of(stream: Any) -> Any:  # of two services: their answers have the same fields
    """The next answer."""
    return await stream.read()


async def news(stream: Any) -> Any:  # as above
    """The next answer that is no heartbeat."""
    while not (shown := await answer_of(stream)).messages:
        pass
    return shown


async def test_an_inbox_shows_what_is_unread_then_what_is_new_then_what_was_read(branch: Branch) -> None:
    anna = (await branch.office.person()).customer_id
    first = await branch.office.send(anna, "inbox_news")
    await branch.office.ended(anna, first)
    stream = branch.inbox.SubscribeInbox(inbox_service_pb2.SubscribeInboxRequest(customer_id=anna))
    shown = await answer_of(stream)
    assert ([one.message_id for one in shown.messages], shown.unread_count) == ([first], 1)

    second = await branch.office.send(anna, "inbox_news")
    shown = await news(stream)
    assert ([one.message_id for one in shown.messages], shown.unread_count) == ([second], 2)

    read = stamped(inbox_service_pb2.MarkMessageReadRequest(customer_id=anna, message_id=first))
    assert not (await branch.inbox.MarkMessageRead(read)).replayed
    assert (await branch.inbox.MarkMessageRead(read)).replayed
    shown = await news(stream)
    assert ([one.message_id for one in shown.messages], shown.unread_count) == ([first], 1)
    stream.cancel()

    resumed = branch.inbox.SubscribeInbox(
        inbox_service_pb2.SubscribeInboxRequest(customer_id=anna, resume_token=shown.resume_token)
    )
    since = await answer_of(resumed)
    assert {one.message_id for one in since.messages} == {first, second}
    assert not (await answer_of(resumed)).messages
    resumed.cancel()
    fresh = branch.inbox.SubscribeInbox(inbox_service_pb2.SubscribeInboxRequest(customer_id=anna))
    assert [one.message_id for one in (await answer_of(fresh)).messages] == [second]
    fresh.cancel()


async def test_who_was_parted_again_is_shown_nothing_more_of_the_other(branch: Branch) -> None:
    anna, bob = [(await branch.office.person(name=name)).customer_id for name in ("Anna", "Bob")]
    for customer_id in (anna, bob):
        await branch.office.ended(customer_id, await branch.office.send(customer_id, "inbox_news"))
    merge_id = new_id("mrg")
    stream = branch.inbox.SubscribeInbox(inbox_service_pb2.SubscribeInboxRequest(customer_id=bob))
    assert {one.customer_id for one in (await news(stream)).messages} == {bob}
    await branch.office.absorb(merge_id, bob, anna)
    while {one.customer_id for one in (await news(stream)).messages} != {anna}:
        pass
    await branch.office.release(merge_id, bob, anna)
    for_anna = await branch.office.send(anna, "inbox_news")
    await branch.office.ended(anna, for_anna)
    for_bob = await branch.office.send(bob, "inbox_news")
    seen: set[str] = set()
    async with asyncio.timeout(20):
        while for_bob not in seen:
            seen |= {one.message_id for one in (await news(stream)).messages}
    assert for_anna not in seen
    stream.cancel()


async def test_a_display_in_the_store_shows_what_is_meant_for_it(branch: Branch) -> None:
    anna = (await branch.office.person()).customer_id
    await branch.office.put("welcome", form(DELIVERY_KIND_STORE_DISPLAY, "Welcome {{ customer.given_name }}"))
    stream = branch.inbox.SubscribeDisplay(inbox_service_pb2.SubscribeDisplayRequest(customer_id=anna))
    assert not (await answer_of(stream)).messages
    await branch.office.send(anna, "welcome")
    shown = await news(stream)
    assert [one.body_text for one in shown.messages] == ["Welcome Anna"]
    stream.cancel()


async def test_one_watcher_too_many_is_refused_and_there_is_room_again(branch: Branch) -> None:
    anna = (await branch.office.person()).customer_id
    request = inbox_service_pb2.SubscribeInboxRequest(customer_id=anna)
    streams = []

    async def refused() -> ErrorDetails | None:
        """Open one more, and give why it is refused; None where it is not."""
        stream = branch.inbox.SubscribeInbox(request)
        streams.append(stream)
        try:
            await answer_of(stream)
        except AioRpcError as error:
            return details_of(error)
        return None

    async def too_many() -> ErrorDetails | None:
        """As above, once it is for this reason: streams that ended before may give their places back meanwhile."""
        found = await refused()
        return found if found is not None and found.reason == "TOO_MANY_WATCHERS" else None

    async def has_room() -> bool:
        return await refused() is None

    found = await until(too_many)
    assert found is not None
    assert found.code == StatusCode.RESOURCE_EXHAUSTED
    for stream in streams:
        stream.cancel()
    await until(has_room)
    streams[-1].cancel()


async def test_only_what_is_shown_can_be_read(branch: Branch) -> None:
    anna = (await branch.office.person()).customer_id
    sent = await branch.office.ended(anna, await branch.push(anna))
    for message_id, code, reason in (
        (sent.message_id, StatusCode.FAILED_PRECONDITION, "MESSAGE_NOT_SHOWN"),
        ("msg_none", StatusCode.NOT_FOUND, "MESSAGE_NOT_FOUND"),
    ):
        refused = await refusal(
            branch.inbox.MarkMessageRead(
                inbox_service_pb2.MarkMessageReadRequest(customer_id=anna, message_id=message_id)
            )
        )
        assert (refused.code, refused.reason) == (code, reason)
