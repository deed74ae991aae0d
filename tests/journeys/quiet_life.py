"""A person who tells unmistakable values on every way that the suite has; some calls of theirs are refused."""

from datetime import UTC, datetime

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.money_pb2 import Money
from google.type.postal_address_pb2 import PostalAddress

import omnithread
from libs.timestamps import to_timestamp
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, CheckoutRequest, PickupChoice
from omnithread.cart.v1.offer_pb2 import OfferAudience, OfferTerms, PercentageOff, TraitChoice
from omnithread.cart.v1.offer_service_pb2 import ActivateOfferRequest, SaveOfferRequest
from omnithread.cart.v1.order_pb2 import ExternalOrder
from omnithread.cart.v1.order_service_pb2 import ExternalLine, RecordOrderRequest, RecordReturnRequest, ReturnChoice
from omnithread.common.v1.attribute_pb2 import Attribute
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_PRODUCT_VIEWED
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_AGENT, AUTHOR_CUSTOMER, MESSAGE_STATE_SENT, Message
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_GRANTED
from omnithread.preference.v1.preference_service_pb2 import SetConsentRequest
from omnithread.profile.v1.identity_service_pb2 import StartVerificationRequest
from omnithread.profile.v1.profile_pb2 import Profile, Trait
from omnithread.profile.v1.profile_service_pb2 import UpdateProfileRequest
from tests.journeys.people import REMINDER, messages_to, speak_to
from tests.running_suite import Channels, until

SECRETS = (
    "Quietgiven",
    "Quietfamily",
    "Quietstrasse",
    "quiet.person@example.com",
    "quiet.second@example.com",
    "quiet.proven@example.com",
    "+41446681823",
    "quietcard4711",
    "quietvisitor",
    "quietdevice",
    "quiettrait",
    "quietengraving",
    "quietpayment",
    "quietquestion",
    "quietanswer",
    "quietnote",
    "quietwrong",
    "4111 1111 1111 1111",
)
NEVER_TAKEN = ("quietwrong", "4111 1111 1111 1111")
"""What only refused calls had."""


async def engraved(channel: omnithread.Omnithread, customer_id: str, *, quantity: int = 1) -> None:
    await channel.cart.AddItem(
        AddItemRequest(
            customer_id=customer_id,
            sku="ring",
            name="Ring",
            unit_price=Money(currency_code="EUR", units=90),
            quantity=quantity,
            attributes=[Attribute(key="engraving", value="quietengraving")],
        )
    )


async def offer_by_hobby(channel: omnithread.Omnithread) -> None:
    """An offer that looks at a trait: cart keeps a copy of it for everybody whose cart is priced."""
    players = OfferAudience(traits=[TraitChoice(name="hobby", values=["chess"])])
    terms = OfferTerms(name="Players", audience=players, percentage_off=PercentageOff(basis_points=500))
    await channel.offers.SaveOffer(SaveOfferRequest(offer_id="players", terms=terms))
    await channel.offers.ActivateOffer(ActivateOfferRequest(offer_id="players"))


async def live(channels: Channels) -> str:
    """A guest becomes a customer, who is reminded, asks, buys and goes on; gives their id."""
    visitor = await channels.shop.start_session([omnithread.cookie("quietvisitor")])
    with visitor.carry():
        await engraved(channels.shop, visitor.customer_id)
    known = [
        omnithread.email("quiet.person@example.com", verified=True),
        omnithread.phone("+41446681823", verified=True),
        omnithread.loyalty_card("quietcard4711", verified=True),
        omnithread.cookie("quietvisitor"),
    ]
    session = await channels.shop.start_session(
        known,
        given_name="Quietgiven",
        family_name="Quietfamily",
        traits=[Trait(name="hobby", string_value="quiettrait")],
    )
    anna = session.customer_id
    with session.carry():
        home = PostalAddress(region_code="CH", address_lines=["Quietstrasse 7"], recipients=["Quietgiven Quietfamily"])
        await channels.shop.profile.UpdateProfile(
            UpdateProfileRequest(
                profile=Profile(customer_id=anna, postal_address=home),
                update_mask=FieldMask(paths=["postal_address"]),
            )
        )
        await speak_to(channels.shop, anna, language="en", ways=[DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP])
        for address in ("quiet.person@example.com", "quiet.second@example.com"):
            await channels.shop.preference.SetConsent(
                SetConsentRequest(
                    customer_id=anna,
                    purpose=REMINDER,
                    delivery_kind=DELIVERY_KIND_EMAIL,
                    contact_point=address,
                    state=CONSENT_STATE_GRANTED,
                    wording="Yes, remind me.",
                    wording_version="1",
                    source="account page",
                )
            )
        await prove(channels, anna)
        await engraved(channels.shop, anna, quantity=2)
        for author, text, channel in (
            (AUTHOR_CUSTOMER, "quietquestion", channels.shop),
            (AUTHOR_AGENT, "quietanswer", channels.agent),
        ):
            await channel.messaging.PostMessage(
                PostMessageRequest(customer_id=anna, topic="order", author=author, text=text)
            )
        await channels.app.start_session([omnithread.device("quietdevice"), known[0]])
        await channels.app.context.RecordTouchpoint(
            RecordTouchpointRequest(
                customer_id=anna,
                kind=TOUCHPOINT_KIND_PRODUCT_VIEWED,
                subject="ring",
                attributes=[Attribute(key="note", value="quietnote")],
            )
        )
    return anna


async def prove(channels: Channels, customer_id: str) -> None:
    """Ask for a code to one more address, and have it sent."""
    another = omnithread.email("quiet.proven@example.com", verified=False)
    await channels.shop.identity.StartVerification(
        StartVerificationRequest(customer_id=customer_id, identifier=another)
    )
    await until_sent(channels, customer_id, "identity_code")


async def until_sent(channels: Channels, customer_id: str, purpose: str) -> None:
    async def messages() -> list[Message]:
        return await messages_to(channels.agent, customer_id, purpose=purpose)

    await until(messages, lambda sent: any(one.state == MESSAGE_STATE_SENT for one in sent))


async def be_refused(channels: Channels, customer_id: str) -> None:
    """Calls that fail with something personal in them."""
    wrong = AddItemRequest(customer_id=customer_id, sku="x", attributes=[Attribute(key="quietwrong", value="!" * 999)])
    for call in (
        channels.shop.start_session([omnithread.email("quietwrong at example", verified=True)]),
        channels.shop.cart.AddItem(wrong),
        channels.store.orders.RecordOrder(rung_up(customer_id, "R-0", payment_reference="4111 1111 1111 1111")),
        channels.shop.preference.SetConsent(
            SetConsentRequest(customer_id=customer_id, purpose=REMINDER, contact_point="quietwrong")
        ),
    ):
        with pytest.raises(grpc.RpcError):
            await call


def rung_up(customer_id: str, number: str, *, payment_reference: str) -> RecordOrderRequest:
    """A sale of the store's own till."""
    return RecordOrderRequest(
        customer_id=customer_id,
        external=ExternalOrder(system="till", number=number),
        lines=[
            ExternalLine(
                sku="ring",
                name="Ring",
                unit_price=Money(currency_code="EUR", units=90),
                quantity=1,
                attributes=[Attribute(key="engraving", value="quietengraving")],
            )
        ],
        occur_time=to_timestamp(datetime.now(UTC)),
        store_id="store-042",
        payment_reference=payment_reference,
    )


async def buy(channels: Channels, customer_id: str) -> None:
    sale = rung_up(customer_id, "R-1", payment_reference="quietpayment")
    sold = (await channels.store.orders.RecordOrder(sale)).order
    await channels.store.orders.RecordReturn(
        RecordReturnRequest(
            customer_id=customer_id,
            order_id=sold.order_id,
            external=ExternalOrder(system="till", number="X-1"),
            lines=[ReturnChoice(sku="ring", quantity=1)],
            occur_time=sale.occur_time,
        )
    )
    await channels.store.cart.Checkout(
        CheckoutRequest(
            customer_id=customer_id, pickup=PickupChoice(store_id="store-042"), payment_reference="quietpayment"
        )
    )
    await engraved(channels.app, customer_id)  # something is in the cart when they are forgotten
