"""A customer with something at every service, made through the services' own calls, and what honest requests name.

What the contract cannot say of a request stands here, by method or by message.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from libs.ids import new_id
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_IN_APP
from omnithread.profile.v1.profile_pb2 import IDENTIFIER_KIND_COOKIE, IDENTIFIER_KIND_EMAIL
from tests.hostile.contract import Rpc
from tests.hostile.honest import CANARY, Fills, Honest
from tests.hostile.house import House, named

FIRST: Mapping[str, tuple[str, ...]] = {
    "profile": ("SegmentService/PutSegment",),
    "cart": (
        "CartService/AddItem",
        "CartService/AddNote",
        "OrderService/RecordOrder",
        "OfferService/SaveOffer",
        "OfferService/ActivateOffer",
        "HandoverService/CreateHandover",
    ),
    "preference": ("PreferenceService/SetConsent",),
    "messaging": (
        "MessagingService/PutTemplate",
        "MessagingService/SendMessage",
        "MessagingService/PostMessage",
        "BrandService/PutBrand",
        "CampaignService/PutCampaign",
        "SubscriptionService/PutSubscription",
    ),
    "aggregator": ("ContextService/StartSession", "InterestService/ReportPriceChange"),
}
"""What is done for a customer before anything else, in order: answers name ids that later requests have."""
KNOWN: Mapping[str, Any] = {
    "sku": "boots",
    "purpose": "newsletter",
    "link_template": "https://shop.example.com/cart#{token}",
    "language": "de",
    "url": "https://hooks.example.com/omnithread",
    "template_id": "greeting",
    "offer_id": "spring",
    "segment_id": "loyal",
    "campaign_id": "welcome",
    "brand_id": "main",
    "area": "cart",
    "subscription_id": "hooks",
    "change_id": "change-1",
    "default_language": "de",
}
NEVER_TAKEN = {"customer_id", "survivor_customer_id", "source_customer_id", "request_id", "session_id"}


@dataclass(slots=True)
class Furnished:
    """One customer, and how honest requests about them look."""

    customer_id: str
    honest: Honest
    known: dict[str, Any] = field(default_factory=dict)


async def furnish(house: House, service: str) -> Furnished:
    """Make a customer who has something at this service."""
    customer_id, other = await house.new_customer(), await house.new_customer()
    known = {
        **KNOWN,
        "customer_id": customer_id,
        "other_customer_id": other,
        "source_customer_id": other,
        "survivor_customer_id": customer_id,
    }
    furnished = Furnished(customer_id, Honest(known=known, fills=FILLS), known)
    for name in FIRST[service]:
        rpc = named(service, name)
        outcome = await house.send(rpc, *honest_messages(rpc, furnished.honest))
        if outcome.accepted:
            take(answer_of(rpc, outcome.answer), known)
    return furnished


def honest_messages(rpc: Rpc, honest: Honest) -> list[bytes]:
    """Give what an honest caller sends to a method."""
    made = [honest_request(rpc, honest)]
    if rpc.streams_requests:
        made.append(row_of(rpc, honest))
    return [one.SerializeToString(deterministic=True) for one in made]


def honest_request(rpc: Rpc, honest: Honest) -> Message:
    """Give the request, or the first of a stream."""
    if rpc.path.rpartition("/")[2] in OF_ANOTHER:
        honest = replace(honest, known={**honest.known, "customer_id": honest.known["other_customer_id"]})
    return honest.request(rpc.path, rpc.request)


def row_of(rpc: Rpc, honest: Honest) -> Message:
    """Give a row that follows the start of an import."""
    row = message_factory.GetMessageClass(rpc.request)()
    honest.put(row, rpc.request.fields_by_name["row"])
    return row


def answer_of(rpc: Rpc, raw: bytes) -> Message:
    """Read an answer."""
    service, method = rpc.path[1:].split("/")
    described = descriptor_pool.Default().FindServiceByName(service).methods_by_name[method]
    return message_factory.GetMessageClass(described.output_type).FromString(raw)


def take(message: Message, known: dict[str, Any]) -> None:
    """Note the ids that an answer names."""
    for one, value in message.ListFields():
        if one.type == FieldDescriptor.TYPE_MESSAGE:
            for inner in value if one.is_repeated else [value]:
                take(inner, known)
        elif one.name.endswith("_id") and not one.is_repeated and one.name not in NEVER_TAKEN | KNOWN.keys():
            known[one.name] = value


def _identifier(made: Any) -> None:  # of the generated type; so all below
    made.kind, made.value = IDENTIFIER_KIND_COOKIE, new_id("visitor")


def _verification(made: Any) -> None:
    made.identifier.kind, made.identifier.value = IDENTIFIER_KIND_EMAIL, f"{CANARY}@example.com"


def _session(made: Any) -> None:
    _identifier(made.identifiers.add())


def _update_profile(made: Any) -> None:
    made.profile.given_name = f"{CANARY} the first"
    made.update_mask.paths.append("given_name")


def _update_preferences(made: Any) -> None:
    made.preferences.language = "de"
    made.update_mask.paths.append("language")


def _template(made: Any) -> None:
    del made.forms[:]
    made.forms.add(delivery_kind=DELIVERY_KIND_IN_APP, language="de", body_text=f"{CANARY} says hello")


def _trigger(made: Any) -> None:
    made.segment_id = ""


def _report(made: Any) -> None:
    made.from_time.FromSeconds(made.to_time.seconds - 86_400)


def _subscription(made: Any) -> None:
    made.event_types[:] = ["*"]


FILLS: Mapping[str, Fills] = {
    "omnithread.profile.v1.Identifier": _identifier,
    "/omnithread.profile.v1.IdentityService/StartVerification": _verification,
    "/omnithread.context.v1.ContextService/StartSession": _session,
    "/omnithread.profile.v1.ProfileService/UpdateProfile": _update_profile,
    "/omnithread.preference.v1.PreferenceService/UpdatePreferences": _update_preferences,
    "omnithread.messaging.v1.Template": _template,
    "omnithread.messaging.v1.CampaignTrigger": _trigger,
    "/omnithread.messaging.v1.CampaignReportService/GetCampaignReport": _report,
    "/omnithread.messaging.v1.SubscriptionService/PutSubscription": _subscription,
}
OF_ANOTHER = frozenset({"EraseArea", "EraseCustomer"})
"""Methods that leave nothing of the customer: they are asked about another one."""
