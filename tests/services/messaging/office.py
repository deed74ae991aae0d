"""A company with its channels and its mail: what tests of messaging's calls are told with."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.type.money_pb2 import Money

from libs.clock import system_clock
from libs.ids import new_id
from libs.serving import Running
from libs.timestamps import to_timestamp
from omnithread import cookie, email
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, CheckoutRequest, PickupChoice
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP, DeliveryKind
from omnithread.messaging.v1 import messaging_internal_service_pb2 as internal_pb
from omnithread.messaging.v1 import messaging_pb2
from omnithread.messaging.v1 import messaging_service_pb2 as pb
from omnithread.messaging.v1.messaging_events_pb2 import MessageStateChanged, MessagingEvent
from omnithread.messaging.v1.messaging_internal_service_pb2_grpc import MessagingInternalServiceStub
from omnithread.messaging.v1.messaging_pb2 import MessagingOverview, Template, TemplateForm
from omnithread.preference.v1.preference_pb2 import (
    CONSENT_STATE_GRANTED,
    CONSENT_STATE_REVOKED,
    ConsentState,
    Preferences,
    QuietHours,
)
from omnithread.preference.v1.preference_service_pb2 import SetConsentRequest, UpdatePreferencesRequest
from omnithread.profile.v1.profile_service_pb2 import IdentifyRequest
from tests.services.calls import until
from tests.services.messaging.post_office import PostOffice
from tests.services.running import Services

if TYPE_CHECKING:  # the classes of stubs on asyncio channels are known to type checkers only
    from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceAsyncStub
    from omnithread.messaging.v1.conversation_service_pb2_grpc import ConversationServiceAsyncStub
    from omnithread.messaging.v1.messaging_internal_service_pb2_grpc import MessagingInternalServiceAsyncStub
    from omnithread.messaging.v1.messaging_service_pb2_grpc import MessagingServiceAsyncStub
    from omnithread.preference.v1.preference_service_pb2_grpc import PreferenceServiceAsyncStub
    from omnithread.profile.v1.identity_service_pb2_grpc import IdentityServiceAsyncStub
    from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

EMAIL, IN_APP = DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP
YES, NO = CONSENT_STATE_GRANTED, CONSENT_STATE_REVOKED
STATES = messaging_pb2.MessageState
ENDED = {"SENT", "SKIPPED", "CANCELLED", "FAILED", "UNKNOWN"}


@dataclass(frozen=True, slots=True)
class Person:
    """A customer of a test."""

    customer_id: str
    address: str


@dataclass(frozen=True, slots=True)
class Office:
    """Messaging as the web shop, the app, the call centre and the aggregator meet it."""

    web: "MessagingServiceAsyncStub"
    app: "MessagingServiceAsyncStub"
    call_centre: "MessagingServiceAsyncStub"
    """Its calls are made by Ben, who works there."""
    internal: "MessagingInternalServiceAsyncStub"
    profile: "ProfileServiceAsyncStub"
    preference: "PreferenceServiceAsyncStub"
    cart: "CartServiceAsyncStub"
    post: PostOffice
    running: Running
    identity: "IdentityServiceAsyncStub"
    gateway: "ConversationServiceAsyncStub"
    """Brings the mails that customers write."""
    staff: "ConversationServiceAsyncStub"
    """Ben again."""
    bot: "ConversationServiceAsyncStub"
    """A program that answers in the web shop's chat."""

    async def guest(self) -> str:
        """Somebody nobody has seen before; their id."""
        answer = await self.profile.Identify(IdentifyRequest(identifiers=[cookie(new_id("visitor"))]))
        return answer.profile.customer_id

    async def person(self, *consents: DeliveryKind.ValueType, name: str = "Anna") -> Person:
        """A known customer with an address, who said yes to cart reminders by these ways."""
        person = await new_person(self.profile, name)
        for kind in consents:
            await self.consent(person.customer_id, kind)
        return person

    async def consent(
        self, customer_id: str, kind: DeliveryKind.ValueType, state: ConsentState.ValueType = YES, **fields: Any
    ) -> None:
        """A yes or a no to cart reminders."""
        said: dict[str, Any] = {"purpose": "cart_reminder", "wording": "May we?", "wording_version": "1", "source": "x"}
        await self.preference.SetConsent(
            SetConsentRequest(customer_id=customer_id, delivery_kind=kind, state=state, **(said | fields))
        )

    async def prefer(self, customer_id: str, **fields: Any) -> None:
        """What else the customer wishes."""
        await self.preference.UpdatePreferences(
            UpdatePreferencesRequest(
                preferences=Preferences(customer_id=customer_id, **fields), update_mask=FieldMask(paths=fields)
            )
        )

    async def fill_cart(self, customer_id: str, name: str = "Red <shoe>") -> str:
        """One thing in the cart, which is announced as abandoned soon; the cart's id."""
        price = Money(currency_code="EUR", units=1129, nanos=500_000_000)
        answer = await self.cart.AddItem(
            AddItemRequest(customer_id=customer_id, sku="shoe", name=name, unit_price=price, quantity=1)
        )
        return answer.cart.cart_id

    async def check_out(self, customer_id: str) -> str:
        """Buy what is in the cart; the order's id."""
        answer = await self.cart.Checkout(
            CheckoutRequest(customer_id=customer_id, pickup=PickupChoice(store_id="store-042"))
        )
        return answer.order.order_id

    async def send(self, customer_id: str, template_id: str, purpose: str = "service", **fields: Any) -> str:
        """Queue a message; its id."""
        request = pb.SendMessageRequest(customer_id=customer_id, template_id=template_id, purpose=purpose, **fields)
        return (await self.web.SendMessage(request)).message.message_id

    async def put(self, template_id: str, *forms: TemplateForm, variable_names: tuple[str, ...] = ()) -> Template:
        """Put a template; by default one for the inbox."""
        request = put_request(template_id, *forms, variable_names=variable_names)
        return (await self.call_centre.PutTemplate(request)).template

    async def message(self, customer_id: str, message_id: str) -> messaging_pb2.Message:
        """What became of a message."""
        request = pb.GetMessageRequest(customer_id=customer_id, message_id=message_id)
        return (await self.web.GetMessage(request)).message

    async def messages(self, customer_id: str, **fields: Any) -> list[messaging_pb2.Message]:
        """All that was said to a customer, newest first."""
        return list((await self.app.ListMessages(pb.ListMessagesRequest(customer_id=customer_id, **fields))).messages)

    async def ended(self, customer_id: str, message_id: str) -> messaging_pb2.Message:
        """Wait until a message has come to its end."""
        return await self.in_state(customer_id, message_id, *ENDED)

    async def in_state(self, customer_id: str, message_id: str, *states: str) -> messaging_pb2.Message:
        """Wait until a message is in one of some states."""

        async def look() -> list[messaging_pb2.Message]:
            message = await self.message(customer_id, message_id)
            return [message] if state_of(message) in states else []

        [message] = await until(look)
        return message

    async def first_message(self, customer_id: str, *, besides: str = "") -> messaging_pb2.Message:
        """Wait until something was queued for a customer, another message than `besides`, and give the newest."""

        async def others() -> list[messaging_pb2.Message]:
            return [message for message in await self.messages(customer_id) if message.message_id != besides]

        return (await until(others))[0]

    async def post_entry(self, channel: str, customer_id: str, text: str, **place: Any) -> pb.PostMessageResponse:
        """Say something on `web`, `app` or `call_centre`."""
        author = messaging_pb2.AUTHOR_AGENT if channel == "call_centre" else messaging_pb2.AUTHOR_CUSTOMER
        stub: MessagingServiceAsyncStub = getattr(self, channel)
        place = place or {"topic": "order"}
        return await stub.PostMessage(pb.PostMessageRequest(customer_id=customer_id, author=author, text=text, **place))

    async def overview(self, customer_id: str) -> MessagingOverview:
        """What every channel sees."""
        request = pb.GetMessagingOverviewRequest(customer_id=customer_id)
        return (await self.web.GetMessagingOverview(request)).overview

    async def release(
        self, merge_id: str, source: str, survivor: str, *session_ids: str
    ) -> internal_pb.ReleaseCustomerResponse:
        """What the aggregator asks for after an undoing."""
        return await self.internal.ReleaseCustomer(
            internal_pb.ReleaseCustomerRequest(
                merge_id=merge_id,
                source_customer_id=source,
                survivor_customer_id=survivor,
                source_session_ids=session_ids,
                merge_time=to_timestamp(system_clock()),
            )
        )

    async def absorb(self, merge_id: str, source: str, survivor: str) -> internal_pb.AbsorbCustomerResponse:
        """What the aggregator asks for after a merge."""
        return await self.internal.AbsorbCustomer(
            internal_pb.AbsorbCustomerRequest(
                merge_id=merge_id, source_customer_id=source, survivor_customer_id=survivor
            )
        )

    async def events(self, customer_id: str) -> list[MessagingEvent]:
        """What was announced of a customer."""
        answer = await self.internal.ReplayEvents(internal_pb.ReplayEventsRequest(customer_id=customer_id))
        return list(answer.events)


def office_at(services: Services, messaging: Running, post: PostOffice) -> Office:
    """The company whose channels all call this one replica of messaging."""
    elsewhere = services.connect("web-shop")
    return Office(
        web=services.connect("web-shop", at=messaging).messaging,
        app=services.connect("mobile-app", at=messaging).messaging,
        call_centre=services.connect("call-centre", at=messaging, actor="ben").messaging,
        internal=MessagingInternalServiceStub(services.as_service("aggregator", to=messaging)),
        profile=elsewhere.profile,
        preference=elsewhere.preference,
        cart=elsewhere.cart,
        post=post,
        running=messaging,
        identity=elsewhere.identity,
        gateway=services.connect("mail-gateway", at=messaging).conversations,
        staff=services.connect("call-centre", at=messaging, actor="ben").conversations,
        bot=services.connect("web-shop", at=messaging).conversations,
    )


async def new_person(profile: "ProfileServiceAsyncStub", name: str = "Anna") -> Person:
    """Somebody with an address of their own."""
    address = f"{new_id('anna')}@example.com"
    known_by = [email(address, verified=True)]
    answer = await profile.Identify(IdentifyRequest(identifiers=known_by, given_name=name))
    return Person(answer.profile.customer_id, address)


def put_request(template_id: str, *forms: TemplateForm, variable_names: tuple[str, ...] = ()) -> pb.PutTemplateRequest:
    """A template in English; without a form, one for the inbox."""
    template = Template(
        template_id=template_id,
        forms=forms or [form(IN_APP, "Hello from {{ customer.given_name }}")],
        default_language="en",
        variable_names=variable_names,
    )
    return pb.PutTemplateRequest(template=template)


def form(kind: DeliveryKind.ValueType, body_text: str, **fields: Any) -> TemplateForm:
    """A form in English, for e-mail with a subject."""
    given: dict[str, Any] = {"language": "en", "subject": "Hello"}
    return TemplateForm(delivery_kind=kind, body_text=body_text, **(given | fields))


def quiet_now() -> QuietHours:
    """Quiet hours that began a while ago and last for half an hour more at least, by UTC and by our stores' clocks."""
    now = system_clock()
    minute = now.hour * 60 + now.minute
    return QuietHours(start_minute=(minute - 30) % 1440, end_minute=(minute + 151) % 1440)


def state_of(message: messaging_pb2.Message | MessageStateChanged) -> str:
    """The state without its prefix."""
    return STATES.Name(message.state).removeprefix("MESSAGE_STATE_")


def came_to(message: messaging_pb2.Message) -> tuple[str, str]:
    """State and reason."""
    return state_of(message), message.state_reason


class MovedClock:
    """The time, and as much later as a test says."""

    def __init__(self) -> None:
        self.later = timedelta()

    def __call__(self) -> Any:
        return system_clock() + self.later
