"""Why somebody got a message, or why not, as staff at the telephone ask it."""

from typing import TYPE_CHECKING, Any

import pytest

from omnithread.common.v1.delivery_pb2 import DeliveryKind
from omnithread.messaging.v1 import explanation_pb2 as told
from omnithread.messaging.v1 import explanation_service_pb2 as pb
from services.messaging.service import SERVICE as MESSAGING
from tests.services.calls import refusal, until
from tests.services.messaging.conftest import IMPATIENT, mail_by
from tests.services.messaging.office import EMAIL, IN_APP, NO, Office, form, office_at, quiet_now
from tests.services.messaging.post_office import PostOffice
from tests.services.running import Services

if TYPE_CHECKING:  # the classes of stubs on asyncio channels are known to type checkers only
    from omnithread.messaging.v1.explanation_service_pb2_grpc import ExplanationServiceAsyncStub

ALL_GATES = [
    "relevant",
    "not_bought",
    "consent",
    "suppression",
    "pauses",
    "caps",
    "way",
    "quiet_hours",
    "send_time",
    "content",
]
NEWS = {"template_id": "news_explained", "purpose": "cart_reminder"}


@pytest.fixture
async def why(services: Services, office: Office) -> "ExplanationServiceAsyncStub":
    """What staff at the telephone ask."""
    await office.put("news_explained", form(EMAIL, "News"), form(IN_APP, "News"))
    return services.connect("call-centre", at=office.running, actor="ben").explanations


async def chain(why: "ExplanationServiceAsyncStub", customer_id: str, message_id: str) -> told.MessageExplanation:
    request = pb.ExplainMessageRequest(customer_id=customer_id, message_id=message_id)
    return (await why.ExplainMessage(request)).explanation


async def silence(why: "ExplanationServiceAsyncStub", customer_id: str, **missed: Any) -> told.SilenceExplanation:
    missed = missed or {"purpose": "cart_reminder"}
    return (await why.ExplainSilence(pb.ExplainSilenceRequest(customer_id=customer_id, **missed))).explanation


async def test_a_message_that_came_tells_what_it_was_judged_by(why: Any, office: Office) -> None:
    anna = await office.person(EMAIL)
    message_id = await office.send(anna.customer_id, **NEWS)
    await office.ended(anna.customer_id, message_id)

    explained = await chain(why, anna.customer_id, message_id)
    [judgement] = explained.judgements
    assert judgement.verdict == told.JUDGEMENT_VERDICT_SEND
    assert [finding.gate for finding in judgement.findings] == ALL_GATES
    assert {finding.verdict for finding in judgement.findings} == {told.GATE_VERDICT_PASS}
    assert {entry.source for entry in judgement.inputs} == {"profile", "preference", "template", "purposes"}
    assert min(entry.version for entry in judgement.inputs) >= 1
    assert explained.cause.channel.id == "web-shop"
    assert not explained.HasField("now")
    assert any(words.startswith("It was sent by e-mail on ") for words in explained.words)
    [judged] = [words for words in explained.words if words.startswith("Judged on ")]
    assert "Nothing was against it: " in judged
    assert "the customer said yes to it on web-shop (" in judged
    assert anna.address not in str(explained)


async def test_a_message_that_was_not_sent_tells_which_gate_ended_it(why: Any, office: Office) -> None:
    anna = await office.person()
    await office.consent(anna.customer_id, EMAIL, NO)
    message_id = await office.send(anna.customer_id, **NEWS)
    await office.ended(anna.customer_id, message_id)

    explained = await chain(why, anna.customer_id, message_id)
    finding = explained.judgements[-1].findings[-1]
    assert (finding.gate, finding.verdict, finding.reason) == ("consent", told.GATE_VERDICT_SKIP, "NO_CONSENT")
    assert {(fact.name, fact.value) for fact in finding.facts} >= {("EMAIL", "revoked"), ("IN_APP", "none")}

    missed = await silence(why, anna.customer_id)
    assert missed.reason == "NO_CONSENT"
    assert [one.message.message_id for one in missed.messages] == [message_id]
    assert any("e-mail: no, the inbox in the app: nothing said" in words for words in missed.words)


async def test_a_message_that_waits_tells_until_when_and_what_would_be_decided_now(why: Any, office: Office) -> None:
    anna = await office.person(EMAIL)
    await office.prefer(anna.customer_id, time_zone="UTC", quiet_hours=quiet_now())
    message_id = await office.send(anna.customer_id, **NEWS)

    async def judged() -> list[told.MessageExplanation]:
        explained = await chain(why, anna.customer_id, message_id)
        return [explained] if explained.judgements else []

    [explained] = await until(judged)
    assert explained.judgements[-1].reason == explained.now.reason == "QUIET_HOURS"
    assert explained.due_time == explained.judgements[-1].until_time
    assert "quiet hours" in explained.words[-1]

    await office.prefer(anna.customer_id, quiet_hours=None)
    assert (await chain(why, anna.customer_id, message_id)).now.verdict == told.JUDGEMENT_VERDICT_SEND
    assert (await silence(why, anna.customer_id)).reason == "QUIET_HOURS"


async def test_a_silence_of_which_nothing_was_ever_made_tells_what_is_missing_by_each_way(
    why: Any, office: Office
) -> None:
    anna = await office.person(IN_APP)
    missed = await silence(why, anna.customer_id)
    assert missed.reason == "NO_CART"
    assert not missed.messages
    assert not missed.triggers
    ways = {DeliveryKind.Name(way.delivery_kind): way.judgement.reason for way in missed.ways}
    assert ways["DELIVERY_KIND_EMAIL"] == "NO_CONSENT"
    assert ways["DELIVERY_KIND_IN_APP"] == ""
    assert "There is no cart with anything in it." in missed.words
    assert any(words.startswith("By e-mail, now: It does not go (NO_CONSENT).") for words in missed.words)
    assert missed.unavailable_services == []

    answers = await silence(why, anna.customer_id, purpose="conversation")  # which is no campaign's
    assert not answers.triggers
    assert not answers.facts
    prices = await silence(why, anna.customer_id, purpose="price_alert")
    assert prices.reason == "NO_CONSENT"
    assert "Nothing was heard that would have led to one." in prices.words
    assert (await silence(why, anna.customer_id, campaign_id="never_seen")).reason == "NOT_ACTIVE"


async def test_what_came_after_all_is_no_silence(why: Any, office: Office) -> None:
    anna = await office.person(IN_APP)
    message_id = await office.send(anna.customer_id, **NEWS)
    await office.ended(anna.customer_id, message_id)
    assert (await silence(why, anna.customer_id)).reason == "SENT"
    assert (await silence(why, anna.customer_id, template_id="news_explained")).reason == "SENT"
    assert (await silence(why, anna.customer_id, template_id="price_alert")).messages == []


async def test_who_cannot_be_asked_is_named_and_the_rest_is_told(services: Services, post: PostOffice) -> None:
    nowhere = {"preference_address": "127.0.0.1:9", "cart_address": "127.0.0.1:9"}
    lonely = await services.start(MESSAGING, **mail_by(post), **{**IMPATIENT, **nowhere})
    office = office_at(services, lonely, post)
    why = services.connect("call-centre", at=lonely).explanations
    anna = await office.person()
    missed = await silence(why, anna.customer_id)
    assert missed.unavailable_services == ["cart", "preference"]
    assert {way.judgement.reason for way in missed.ways} == {"SOURCE_AWAY"}
    assert {"cart could not be asked.", "preference could not be asked."} <= set(missed.words)


@pytest.mark.parametrize(
    ("missed", "reason"),
    [
        ({"purpose": "spam"}, "PURPOSE_UNKNOWN"),
        ({"template_id": "nothing"}, "TEMPLATE_NOT_FOUND"),
        ({}, "INVALID_FIELD"),
        ({"purpose": "Spam!"}, "INVALID_FIELD"),
    ],
)
async def test_what_there_is_not_cannot_be_missed(
    why: Any, office: Office, missed: dict[str, Any], reason: str
) -> None:
    customer_id = await office.guest()
    request = pb.ExplainSilenceRequest(customer_id=customer_id, **missed)
    assert (await refusal(why.ExplainSilence(request))).reason == reason


async def test_nobody_is_told_of_messages_that_are_not_theirs(why: Any, office: Office) -> None:
    anna, ben = await office.person(IN_APP), await office.person(IN_APP)
    message_id = await office.send(anna.customer_id, **NEWS)
    other = pb.ExplainMessageRequest(customer_id=ben.customer_id, message_id=message_id)
    assert (await refusal(why.ExplainMessage(other))).reason == "MESSAGE_NOT_FOUND"
    nobody = pb.ExplainSilenceRequest(customer_id="cus_nobody", purpose="cart_reminder")
    assert (await refusal(why.ExplainSilence(nobody))).reason == "CUSTOMER_NOT_FOUND"
