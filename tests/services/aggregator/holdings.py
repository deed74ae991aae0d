"""What is stored about somebody in all five databases, found by looking at every value of every document."""

from collections.abc import Iterable
from typing import Any

from google.protobuf.json_format import MessageToDict

import omnithread
from libs.mongo.connection import Client
from omnithread.cart.v1.cart_service_pb2 import CheckoutRequest, PickupChoice
from omnithread.common.v1.attribute_pb2 import Attribute
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_PRODUCT_VIEWED
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest
from omnithread.context.v1.privacy_service_pb2 import ExportCustomerRequest
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_GRANTED
from omnithread.preference.v1.preference_service_pb2 import SetConsentRequest
from omnithread.profile.v1.profile_pb2 import Identifier, Trait
from tests.services.aggregator.company import Company, item
from tests.services.running import Services

SERVICES = {"profile": "profile", "cart": "cart", "preference": "preference", "messaging": "messaging"} | {
    "context": "aggregator"
}
"""The process of each area."""
SECRET = "quietword"
NOBODYS = {"templates", "erasures", "meta", "erased_identifiers", "audit"}


async def live_fully(company: Company, *identifiers: Identifier, secret: str = SECRET) -> str:
    """Let somebody do everything that leaves something behind; gives their id."""
    session = await company.web.start_session(
        identifiers, given_name=f"{secret}-name", traits=[Trait(name="mood", string_value=f"{secret}-trait")]
    )
    customer_id = session.customer_id
    with session.carry():
        engraved = item(customer_id)
        engraved.attributes.append(Attribute(key="engraving", value=f"{secret}-engraving"))
        await company.web.cart.AddItem(engraved)
        checkout = CheckoutRequest(customer_id=customer_id, pickup=PickupChoice(store_id="store-042"))
        await company.store.cart.Checkout(checkout)
        await company.web.cart.AddItem(item(customer_id, "gloves"))
        await company.web.preference.SetConsent(
            SetConsentRequest(
                customer_id=customer_id,
                purpose="cart_reminder",
                delivery_kind=DELIVERY_KIND_EMAIL,
                contact_point=f"{secret}@example.com",
                state=CONSENT_STATE_GRANTED,
                wording="Yes, remind me.",
                wording_version="1",
                source="account page",
            )
        )
        await company.web.messaging.PostMessage(
            PostMessageRequest(customer_id=customer_id, topic="order", author=AUTHOR_CUSTOMER, text=f"{secret} said")
        )
        await company.web.context.RecordTouchpoint(
            RecordTouchpointRequest(
                customer_id=customer_id,
                kind=TOUCHPOINT_KIND_PRODUCT_VIEWED,
                subject="boots",
                attributes=[Attribute(key="note", value=f"{secret}-note")],
            )
        )
    return customer_id


async def mentions(client: Client, services: Services, words: Iterable[str]) -> dict[str, set[tuple[str, str]]]:
    """Give by area the collection and id of every document that has one of the words in any of its values."""
    wanted = [word.lower() for word in words]
    found: dict[str, set[tuple[str, str]]] = {}
    for area, name in SERVICES.items():
        database = client[services.database_name(name)]
        for collection in await database.list_collection_names():
            async for document in database[collection].find():
                if any(word in text for text in _texts(document) for word in wanted):
                    found.setdefault(area, set()).add((collection, str(document["_id"])))
    return found


async def export(channel: omnithread.Omnithread, customer_id: str) -> dict[str, dict[tuple[str, str], dict[str, Any]]]:
    """Give by area the content of every exported document, by collection and id."""
    exported: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
    async for page in channel.privacy.ExportCustomer(ExportCustomerRequest(customer_id=customer_id)):
        documents = exported.setdefault(page.area, {})
        for document in page.documents:
            assert (document.collection, document.id) not in documents
            documents[document.collection, document.id] = MessageToDict(document.content)
    return exported


def _texts(value: Any) -> list[str]:
    match value:
        case dict():
            return [text for pair in value.items() for one in pair for text in _texts(one)]
        case list():
            return [text for one in value for text in _texts(one)]
        case bytes():
            return [value.decode("latin-1").lower()]
    return [str(value).lower()]
