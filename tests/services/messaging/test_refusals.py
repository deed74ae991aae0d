"""Every error that a caller of messaging can get: its status, its reason, what it names, and that nothing changed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from grpc import StatusCode

from omnithread.common.v1.error_reason_pb2 import ErrorReason as SharedErrorReason
from omnithread.messaging.v1 import messaging_internal_service_pb2 as internal_pb
from omnithread.messaging.v1 import messaging_service_pb2 as pb
from omnithread.messaging.v1.error_reason_pb2 import ErrorReason
from omnithread.messaging.v1.messaging_internal_service_pb2_grpc import MessagingInternalServiceStub
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER, Template, TemplateForm
from tests.services.calls import refusal, stamped
from tests.services.messaging.office import EMAIL, IN_APP, Office, form, quiet_now
from tests.services.running import Services

Call = Callable[[Office, str], Awaitable[object]]
STALE = "0" * 32
CODE = pb.Variable(name="code", value="A")


@dataclass(frozen=True)
class Refusal:
    code: StatusCode
    reason: str
    call: Call
    fields: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


def putting(*forms: TemplateForm, etag: str = "", **fields: Any) -> Call:
    given: dict[str, Any] = {"default_language": "en"}
    template = Template(template_id="refused", forms=forms, **(given | fields))
    return lambda office, _customer_id: office.call_centre.PutTemplate(
        pb.PutTemplateRequest(template=template, etag=etag)
    )


def sending(**fields: Any) -> Call:
    given: dict[str, Any] = {"template_id": "with_code", "purpose": "service", "variables": [CODE]}
    return lambda office, customer_id: office.web.SendMessage(
        pb.SendMessageRequest(customer_id=customer_id, **(given | fields))
    )


def posting(**fields: Any) -> Call:
    given: dict[str, Any] = {"author": AUTHOR_CUSTOMER, "text": "Hello"}
    return lambda office, customer_id: office.web.PostMessage(
        pb.PostMessageRequest(customer_id=customer_id, **(given | fields))
    )


def wrong(reason: str, call: Call, *fields: str, **metadata: str) -> Refusal:
    return Refusal(StatusCode.INVALID_ARGUMENT, reason, call, fields, metadata)


REFUSALS = [
    wrong(
        "TEMPLATE_INVALID",
        putting(form(EMAIL, "{{ nobody }}"), form(EMAIL, "{% if %}", language="de", body_html="{{ code")),
        "template.forms[0].body_text",
        "template.forms[1].body_text",
        "template.forms[1].body_html",
    ),
    wrong("TEMPLATE_INVALID", putting(form(EMAIL, "Hello", subject="")), "template.forms[0].subject"),
    wrong("TEMPLATE_INVALID", putting(form(EMAIL, "Hello"), default_language="de"), "template.default_language"),
    wrong("TEMPLATE_INVALID", putting(form(EMAIL, "Hello"), variable_names=("cart",)), "template.variable_names[0]"),
    wrong("TEMPLATE_INVALID", putting(form(EMAIL, "")), "template.forms[0].body_text"),
    wrong("INVALID_FIELD", putting(), "template.forms"),
    Refusal(StatusCode.ABORTED, "ETAG_MISMATCH", putting(form(EMAIL, "Hello"), etag=STALE)),
    Refusal(
        StatusCode.NOT_FOUND,
        "TEMPLATE_NOT_FOUND",
        lambda office, _customer_id: office.web.GetTemplate(pb.GetTemplateRequest(template_id="nothing")),
        metadata={"template_id": "nothing"},
    ),
    Refusal(
        StatusCode.NOT_FOUND,
        "TEMPLATE_NOT_FOUND",
        sending(template_id="nothing"),
        metadata={"template_id": "nothing"},
    ),
    wrong(
        "VARIABLE_UNKNOWN",
        sending(variables=[CODE, pb.Variable(name="cod", value="A")]),
        "variables[1].name",
        variable="cod",
    ),
    wrong("VARIABLE_MISSING", sending(variables=[]), "variables", variable="code"),
    wrong("INVALID_FIELD", sending(variables=[CODE, CODE]), "variables[1].name"),
    wrong("PURPOSE_UNKNOWN", sending(purpose="spam"), "purpose", purpose="spam"),
    wrong("INVALID_FIELD", sending(delivery_kind=99), "delivery_kind"),
    wrong("INVALID_FIELD", sending(variables=[pb.Variable(name="code", value="x" * 1025)]), "variables[0].value"),
    Refusal(
        StatusCode.NOT_FOUND,
        "MESSAGE_NOT_FOUND",
        lambda office, customer_id: office.web.GetMessage(
            pb.GetMessageRequest(customer_id=customer_id, message_id="msg_none")
        ),
    ),
    Refusal(StatusCode.NOT_FOUND, "CONVERSATION_NOT_FOUND", posting(conversation_id="cnv_none")),
    Refusal(
        StatusCode.NOT_FOUND,
        "CONVERSATION_NOT_FOUND",
        lambda office, customer_id: office.web.GetConversation(
            pb.GetConversationRequest(customer_id=customer_id, conversation_id="cnv_none")
        ),
    ),
    wrong("INVALID_FIELD", posting(), "conversation"),
    wrong("INVALID_FIELD", posting(topic="order", text=""), "text"),
    wrong("INVALID_FIELD", posting(topic="order", text="x" * 4097), "text"),
    wrong("INVALID_FIELD", posting(topic="order", author=0), "author"),
    wrong("INVALID_FIELD", posting(topic="An Order"), "topic"),
    *(
        wrong("PAGE_TOKEN_INVALID", call)
        for call in (
            lambda office, _customer_id: office.web.ListTemplates(pb.ListTemplatesRequest(page_token="damaged")),
            lambda office, customer_id: office.web.ListMessages(
                pb.ListMessagesRequest(customer_id=customer_id, page_token="damaged")
            ),
            lambda office, customer_id: office.web.ListConversations(
                pb.ListConversationsRequest(customer_id=customer_id, page_token="damaged")
            ),
        )
    ),
]
ELSEWHERE = {"QUEUE_FULL", "CONVERSATION_LIMIT"}
"""They need a full queue, and ten topics: below."""
OF_CONVERSATIONS = {"SENDER_UNKNOWN", "CONVERSATION_ASSIGNED", "TOPIC_OPEN"}
"""In `conversations/test_calls.py`."""
OF_TEMPLATES = {"BRAND_NOT_FOUND", "BRAND_INVALID", "TEMPLATE_DRAFT_NOT_FOUND", "TEMPLATE_VERSION_NOT_FOUND"}
"""In `texts/test_template_calls.py`."""
ELSEWHERE |= {
    "CAMPAIGN_NOT_FOUND",
    "CAMPAIGN_INVALID",
    "CAMPAIGN_LIMIT",
    "CAMPAIGN_STATE",
    "ENROLMENT_NOT_FOUND",
}  # campaigns/test_calls.py
ELSEWHERE |= {
    "SUBSCRIPTION_NOT_FOUND",
    "SUBSCRIPTION_INVALID",
    "SUBSCRIPTION_LIMIT",
    "SUBSCRIPTION_DELIVERY_NOT_FOUND",
}  # subscriptions/test_calls.py
ELSEWHERE |= {
    "PROVIDER_NOT_FOUND",
    "SIGNATURE_INVALID",
    "RECEIPTS_INVALID",
    "DEAD_LETTER_NOT_FOUND",
    "SUPPRESSION_NOT_FOUND",
    "MESSAGE_NOT_SHOWN",
    "TOO_MANY_WATCHERS",
    "INBOX_STOPPED",
}  # delivery/test_providers.py


@pytest.fixture(scope="package")
async def with_code(office: Office) -> Office:
    await office.put("with_code", form(IN_APP, "{{ code }}"), variable_names=("code",))
    return office


@pytest.mark.parametrize("expected", REFUSALS, ids=lambda refusal: refusal.reason)
async def test_what_is_refused_says_why_and_changes_nothing(with_code: Office, expected: Refusal) -> None:
    customer_id = await with_code.guest()
    before = await with_code.post_entry("web", customer_id, "Hello")

    refused = await refusal(expected.call(with_code, customer_id))
    assert (refused.code, refused.reason, refused.domain) == (expected.code, expected.reason, "messaging.omnithread")
    assert tuple(violation.field for violation in refused.fields) == expected.fields
    assert refused.metadata == expected.metadata
    assert (await with_code.overview(customer_id)).version == 1
    assert (await with_code.events(customer_id))[-1].header.seq == before.head.seq


def test_every_reason_of_messagings_own_is_among_the_refusals() -> None:
    own, shared = (
        {name.removeprefix("ERROR_REASON_") for name in reasons.DESCRIPTOR.values_by_name} - {"UNSPECIFIED"}
        for reasons in (ErrorReason, SharedErrorReason)
    )
    told = {expected.reason for expected in REFUSALS} | ELSEWHERE | OF_CONVERSATIONS | OF_TEMPLATES
    assert own <= told <= own | shared


async def test_the_21st_waiting_message_is_refused(office: Office) -> None:
    anna = await office.person(EMAIL)
    await office.prefer(anna.customer_id, quiet_hours=quiet_now())
    await office.put("slow", form(EMAIL, "Hello"))
    for _ in range(20):
        await office.send(anna.customer_id, "slow", "cart_reminder")
    refused = await refusal(office.send(anna.customer_id, "slow", "cart_reminder"))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "QUEUE_FULL")
    assert refused.metadata == {"limit": "20"}
    assert (await office.overview(anna.customer_id)).queued_count == 20


async def test_the_eleventh_topic_is_refused_and_the_others_go_on(office: Office) -> None:
    customer_id = await office.guest()
    for number in range(10):
        await office.post_entry("web", customer_id, "Hello", topic=f"topic_{number}")
    refused = await refusal(office.post_entry("web", customer_id, "Hello", topic="one_more"))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "CONVERSATION_LIMIT")
    assert refused.metadata == {"limit": "10", "what": "open conversations"}
    await office.post_entry("web", customer_id, "Hello", topic="topic_3")


async def test_a_customer_whom_nobody_knows_was_told_nothing(with_code: Office) -> None:
    nobody = "cus_nobody"
    for call in (
        with_code.web.GetMessagingOverview(pb.GetMessagingOverviewRequest(customer_id=nobody)),
        with_code.web.ListMessages(pb.ListMessagesRequest(customer_id=nobody)),
        with_code.web.ListConversations(pb.ListConversationsRequest(customer_id=nobody)),
        sending()(with_code, nobody),
        posting(topic="order")(with_code, nobody),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (StatusCode.NOT_FOUND, "CUSTOMER_NOT_FOUND")


async def test_a_page_token_leads_nowhere_in_another_list(office: Office) -> None:
    anna, ben = await office.guest(), await office.guest()
    for customer_id in (anna, ben):
        for topic in ("order", "returns"):
            await office.post_entry("web", customer_id, "Hello", topic=topic)
    answer = await office.post_entry("web", ben, "Hello")
    page = await office.app.ListConversations(pb.ListConversationsRequest(customer_id=anna, page_size=1))
    conversation_id = answer.conversation.conversation_id
    for call in (
        office.app.ListConversations(pb.ListConversationsRequest(customer_id=ben, page_token=page.next_page_token)),
        office.app.ListMessages(pb.ListMessagesRequest(customer_id=anna, page_token=page.next_page_token)),
        office.app.GetConversation(
            pb.GetConversationRequest(customer_id=ben, conversation_id=conversation_id, page_token=page.next_page_token)
        ),
    ):
        assert (await refusal(call)).reason == "PAGE_TOKEN_INVALID"


async def test_a_request_id_with_another_body_is_refused(office: Office) -> None:
    customer_id = await office.guest()
    request = stamped(
        pb.PostMessageRequest(customer_id=customer_id, topic="order", author=AUTHOR_CUSTOMER, text="Hello")
    )
    await office.web.PostMessage(request)
    request.text = "Hullo"
    refused = await refusal(office.web.PostMessage(request))
    assert (refused.code, refused.reason) == (StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")


async def test_no_channel_gets_at_the_internal_calls(services: Services, office: Office) -> None:
    internal = MessagingInternalServiceStub(services.bare("web-shop", to=office.running))
    refused = await refusal(internal.ReplayEvents(internal_pb.ReplayEventsRequest(customer_id="cus_1")))
    assert (refused.code, refused.reason) == (StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")
