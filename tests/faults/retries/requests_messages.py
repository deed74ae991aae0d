"""Calls about messages, their texts and conversations, as they can be made by a customer of one's own."""

from typing import Any

from google.protobuf.message import Message

from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_IN_APP, DELIVERY_KIND_PUSH
from omnithread.messaging.v1 import brand_service_pb2 as brand_pb
from omnithread.messaging.v1 import conversation_service_pb2 as talk_pb
from omnithread.messaging.v1 import delivery_service_pb2 as delivery_pb
from omnithread.messaging.v1 import messaging_service_pb2 as pb
from omnithread.messaging.v1 import template_service_pb2 as template_pb
from omnithread.messaging.v1.brand_pb2 import Brand, BrandTexts
from omnithread.messaging.v1.inbox_service_pb2 import MarkMessageReadRequest
from omnithread.messaging.v1.messaging_pb2 import (
    ASSIGNEE_KIND_AGENT,
    AUTHOR_CUSTOMER,
    CONVERSATION_SIDE_STAFF,
    MESSAGE_STATE_FAILED,
    MESSAGE_STATE_SENT,
    MESSAGE_STATE_SKIPPED,
    MessageState,
    Template,
    TemplateForm,
)
from tests.faults.retries.case import Case, seed
from tests.faults.retries.house import APP, INBOX_TEMPLATE, PUSH_TEMPLATE, STAFF, WEB
from tests.faults.retries.patience import until

MESSAGES, TALKS = "messaging.v1.MessagingService/", "messaging.v1.ConversationService/"
TEMPLATES = "messaging.v1.TemplateService/"
DELIVERIES = "messaging.v1.DeliveryService/"
BEN = talk_pb.Assignee(kind=ASSIGNEE_KIND_AGENT, id="ben")
ENDS = frozenset({MESSAGE_STATE_SENT, MESSAGE_STATE_SKIPPED, MESSAGE_STATE_FAILED})


async def sent(case: Case, customer_id: str, template_id: str, *states: MessageState.ValueType) -> str:
    """A message that came to one of these ends; its id."""
    kind = DELIVERY_KIND_PUSH if template_id == PUSH_TEMPLATE else DELIVERY_KIND_IN_APP
    asked = pb.SendMessageRequest(
        customer_id=customer_id, template_id=template_id, purpose="service", delivery_kind=kind
    )
    message_id = (await case.do(f"{MESSAGES}SendMessage", asked, pb.SendMessageResponse)).message.message_id

    async def ended() -> bool:
        look = pb.GetMessageRequest(customer_id=customer_id, message_id=message_id)
        return (await case.do(f"{MESSAGES}GetMessage", look, pb.GetMessageResponse)).message.state in states

    await until(ended)
    return message_id


async def written_to(case: Case, customer_id: str) -> None:
    """Wait until there is an end of what the suite writes by itself: it skips what is used before as `EXPIRED`."""

    async def ended() -> bool:
        listing = pb.ListMessagesRequest(customer_id=customer_id)
        listed = await case.do(f"{MESSAGES}ListMessages", listing, pb.ListMessagesResponse)
        return bool(listed.messages) and all(one.state in ENDS for one in listed.messages)

    await until(ended)


async def begun(case: Case) -> dict[str, Any]:
    """A guest who asked something: where."""
    customer_id = await case.guest()
    asked = pb.PostMessageRequest(customer_id=customer_id, topic="order", author=AUTHOR_CUSTOMER, text="Hello?")
    answer = await case.do(f"{MESSAGES}PostMessage", asked, pb.PostMessageResponse)
    return {"customer_id": customer_id, "conversation_id": answer.conversation.conversation_id}


def template(case: Case) -> Template:
    """A text for the inbox."""
    form = TemplateForm(delivery_kind=DELIVERY_KIND_IN_APP, language="en", subject="Hello", body_text="Hello.")
    return Template(template_id=f"t_{case.key}", forms=[form], default_language="en")


@seed("messaging.v1.BrandService/PutBrand", STAFF)
async def put_brand(case: Case) -> Message:
    brand = Brand(brand_id=f"b-{case.key}", name="The house", texts=[BrandTexts(language="en")], default_language="en")
    return brand_pb.PutBrandRequest(brand=brand)


@seed(f"{MESSAGES}PutTemplate", STAFF)
async def put_template(case: Case) -> Message:
    return pb.PutTemplateRequest(template=template(case))


@seed(f"{TEMPLATES}SaveTemplateDraft", STAFF)
async def save_template_draft(case: Case) -> Message:
    return template_pb.SaveTemplateDraftRequest(template=template(case))


@seed(f"{TEMPLATES}PublishTemplate", STAFF)
async def publish_template(case: Case) -> Message:
    saving = template_pb.SaveTemplateDraftRequest(template=template(case))
    await case.do(f"{TEMPLATES}SaveTemplateDraft", saving, template_pb.SaveTemplateDraftResponse, STAFF)
    return template_pb.PublishTemplateRequest(template_id=f"t_{case.key}")


@seed(f"{MESSAGES}SendMessage", WEB, goes_on=("message", "head"))
async def send_message(case: Case) -> Message:
    return pb.SendMessageRequest(
        customer_id=await case.person(),
        template_id=INBOX_TEMPLATE,
        purpose="service",
        delivery_kind=DELIVERY_KIND_IN_APP,
    )


@seed(f"{MESSAGES}PostMessage", APP)
async def post_message(case: Case) -> Message:
    where = await begun(case)
    return pb.PostMessageRequest(author=AUTHOR_CUSTOMER, text="Still there?", **where)


@seed("messaging.v1.InboxService/MarkMessageRead", APP)
async def mark_message_read(case: Case) -> Message:
    customer_id = await case.person()
    message_id = await sent(case, customer_id, INBOX_TEMPLATE, MESSAGE_STATE_SENT)
    return MarkMessageReadRequest(customer_id=customer_id, message_id=message_id)


@seed(f"{DELIVERIES}ReplayDeadLetter", STAFF, goes_on=("dead_letter",))
async def replay_dead_letter(case: Case) -> Message:
    customer_id = await case.person()
    case.house.gate.manners[customer_id] = "400"
    message_id = await sent(case, customer_id, PUSH_TEMPLATE, MESSAGE_STATE_FAILED)
    looking = delivery_pb.GetDeadLetterRequest(customer_id=customer_id, message_id=message_id)
    del case.house.gate.manners[customer_id]
    await case.found(f"{DELIVERIES}GetDeadLetter", looking, STAFF)
    return delivery_pb.ReplayDeadLetterRequest(customer_id=customer_id, message_id=message_id)


@seed(f"{DELIVERIES}LiftSuppression", STAFF)
async def lift_suppression(case: Case) -> Message:
    customer_id = await case.person()
    case.house.gate.manners[customer_id] = "410"
    await sent(case, customer_id, PUSH_TEMPLATE, MESSAGE_STATE_FAILED)
    await sent(case, customer_id, PUSH_TEMPLATE, MESSAGE_STATE_SKIPPED)
    looking = delivery_pb.ListSuppressionsRequest(customer_id=customer_id)
    listed = await case.do(f"{DELIVERIES}ListSuppressions", looking, delivery_pb.ListSuppressionsResponse, STAFF)
    [closed] = listed.suppressions
    return delivery_pb.LiftSuppressionRequest(
        customer_id=customer_id,
        delivery_kind=closed.delivery_kind,
        address_digest=closed.address_digest,
        reason=closed.reason,
    )


@seed(f"{TALKS}AssignConversation", STAFF)
async def assign_conversation(case: Case) -> Message:
    return talk_pb.AssignConversationRequest(assignee=BEN, **await begun(case))


@seed(f"{TALKS}HandOverConversation", STAFF)
async def hand_over_conversation(case: Case) -> Message:
    return talk_pb.HandOverConversationRequest(assignee=BEN, note="Asks for blue ones.", **await begun(case))


@seed(f"{TALKS}AddNote", STAFF)
async def add_note(case: Case) -> Message:
    return talk_pb.AddNoteRequest(text="Calls again.", **await begun(case))


@seed(f"{TALKS}MarkConversationRead", STAFF)
async def mark_conversation_read(case: Case) -> Message:
    return talk_pb.MarkConversationReadRequest(side=CONVERSATION_SIDE_STAFF, **await begun(case))


@seed(f"{TALKS}CloseConversation", STAFF)
async def close_conversation(case: Case) -> Message:
    return talk_pb.CloseConversationRequest(**await begun(case))


@seed(f"{TALKS}ReopenConversation", STAFF)
async def reopen_conversation(case: Case) -> Message:
    where = await begun(case)
    closing = talk_pb.CloseConversationRequest(**where)
    await case.do(f"{TALKS}CloseConversation", closing, talk_pb.CloseConversationResponse, STAFF)
    return talk_pb.ReopenConversationRequest(**where)
