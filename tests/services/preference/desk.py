"""Where customers say how they want to be spoken to: what tests of preference's calls are told with."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from google.protobuf.field_mask_pb2 import FieldMask

from libs.ids import new_id
from libs.serving import Running
from libs.timestamps import to_timestamp
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.preference.v1 import preference_internal_service_pb2 as internal_pb
from omnithread.preference.v1 import preference_service_pb2 as pb
from omnithread.preference.v1.preference_events_pb2 import PreferenceEvent
from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceStub
from omnithread.preference.v1.preference_pb2 import (
    CONSENT_STATE_GRANTED,
    CONSENT_STATE_PENDING,
    CONSENT_STATE_REVOKED,
    ConsentRecord,
    Preferences,
)
from omnithread.profile.v1.profile_pb2 import IDENTIFIER_KIND_COOKIE, Identifier
from omnithread.profile.v1.profile_service_pb2 import IdentifyRequest
from services.preference.service import SERVICE as PREFERENCE
from tests.services.running import Services

if TYPE_CHECKING:  # the classes of stubs on asyncio channels are known to type checkers only
    from omnithread.preference.v1.consent_service_pb2_grpc import ConsentServiceAsyncStub
    from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceAsyncStub
    from omnithread.preference.v1.preference_service_pb2_grpc import PreferenceServiceAsyncStub
    from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

YES, NO, PENDING = CONSENT_STATE_GRANTED, CONSENT_STATE_REVOKED, CONSENT_STATE_PENDING
TWENTY_DAYS = 20 * 86400.0
PUBLIC = "https://my.example"
PURPOSES = """
[cart_reminder]
kind = "marketing"
labels = { en = "Reminders of your cart", de = "Erinnerungen an Ihren Warenkorb" }

[club]
kind = "marketing"
double_opt_in = true
labels = { en = "Club news", de = "Neues aus dem Club" }

[price_alert]
kind = "marketing"

[service]
kind = "transactional"
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Preference as the app, the call centre and the aggregator meet it."""

    app: "PreferenceServiceAsyncStub"
    call_centre: "PreferenceServiceAsyncStub"
    """Its calls are made by Ben, who works there."""
    internal: "PreferenceInternalServiceAsyncStub"
    profile: "ProfileServiceAsyncStub"
    consents: "ConsentServiceAsyncStub"
    """The app's again."""
    messaging: "PreferenceInternalServiceAsyncStub"
    """Messaging, which writes mails."""
    door: "PreferenceInternalServiceAsyncStub"
    """The public door, which shows pages."""
    in_ten_days: "Desk | None"
    """The same in ten days, when links and codes of today are too old."""
    mongo_uri: str
    database_name: str

    async def new_customer(self) -> str:
        """Somebody nobody has seen before."""
        visitor = Identifier(kind=IDENTIFIER_KIND_COOKIE, value=new_id("visitor"))
        return (await self.profile.Identify(IdentifyRequest(identifiers=[visitor]))).profile.customer_id

    async def preferences(self, customer_id: str) -> Preferences:
        """What every channel sees."""
        return (await self.app.GetPreferences(pb.GetPreferencesRequest(customer_id=customer_id))).preferences

    async def absorb(
        self, merge_id: str, source: str, survivor: str, *, merge_time: datetime | None = None
    ) -> internal_pb.AbsorbCustomerResponse:
        """What the aggregator asks for after a merge."""
        return await self.internal.AbsorbCustomer(
            internal_pb.AbsorbCustomerRequest(
                merge_id=merge_id,
                source_customer_id=source,
                survivor_customer_id=survivor,
                merge_time=to_timestamp(merge_time) if merge_time else None,
            )
        )

    async def release(
        self, merge_id: str, source: str, survivor: str, *session_ids: str, merge_time: datetime
    ) -> internal_pb.ReleaseCustomerResponse:
        """What the aggregator asks for after an undoing."""
        return await self.internal.ReleaseCustomer(
            internal_pb.ReleaseCustomerRequest(
                merge_id=merge_id,
                source_customer_id=source,
                survivor_customer_id=survivor,
                source_session_ids=session_ids,
                merge_time=to_timestamp(merge_time),
            )
        )

    async def asked(self, customer_id: str) -> internal_pb.GetConfirmationResponse:
        """What the newest mail to the address of a yes says that waits."""
        requested = [event.consent_confirmation_requested for event in await self.events(customer_id)]
        confirmation_id = [one.confirmation_id for one in requested if one.confirmation_id][-1]
        return await self.messaging.GetConfirmation(
            internal_pb.GetConfirmationRequest(customer_id=customer_id, confirmation_id=confirmation_id)
        )

    async def links(self, customer_id: str, **fields: Any) -> internal_pb.CreateMessageLinksResponse:
        """The links in a club mail to an address, unless another is meant."""
        told: dict[str, Any] = {"purpose": "club", "delivery_kind": DELIVERY_KIND_EMAIL, "message_id": "msg_1"}
        return await self.messaging.CreateMessageLinks(
            internal_pb.CreateMessageLinksRequest(customer_id=customer_id, **(told | fields))
        )

    async def shown(self, link: str) -> internal_pb.LinkView:
        """The page behind a link."""
        return (await self.door.ShowLink(internal_pb.ShowLinkRequest(token=token_in(link)))).view

    async def pressed(self, link: str, **action: Any) -> internal_pb.LinkView:
        """The page after its button was pressed."""
        return (await self.door.UseLink(press(link, **action))).view

    async def records(self, customer_id: str) -> list[ConsentRecord]:
        """The proofs, in the order in which they were noted."""
        listed = await self.app.ListConsentRecords(pb.ListConsentRecordsRequest(customer_id=customer_id, page_size=100))
        return sorted(listed.records, key=lambda record: record.position)

    async def events(self, customer_id: str) -> list[PreferenceEvent]:
        """What was announced of a customer."""
        answer = await self.internal.ReplayEvents(internal_pb.ReplayEventsRequest(customer_id=customer_id))
        return list(answer.events)


def desk_at(services: Services, preference: Running, *, in_ten_days: Running | None = None) -> Desk:
    settings = services.settings(PREFERENCE)
    return Desk(
        app=services.connect("mobile-app", at=preference).preference,
        call_centre=services.connect("call-centre", at=preference, actor="ben").preference,
        internal=PreferenceInternalServiceStub(services.as_service("aggregator", to=preference)),
        profile=services.connect("mobile-app").profile,
        consents=services.connect("mobile-app", at=preference, token_seconds=TWENTY_DAYS).consents,
        messaging=PreferenceInternalServiceStub(services.as_service("messaging", to=preference)),
        door=PreferenceInternalServiceStub(services.as_service("door", to=preference)),
        in_ten_days=desk_at(services, in_ten_days) if in_ten_days else None,
        mongo_uri=settings.mongo_uri,
        database_name=settings.database_name(PREFERENCE.name),
    )


def token_in(link: str) -> str:
    """What follows the last `/`."""
    return link.rpartition("/")[2]


def press(link: str, **action: Any) -> internal_pb.UseLinkRequest:
    """A press on a page's button."""
    page = {"wording": "No more club news", "wording_version": "3", "source": "public page"}
    return internal_pb.UseLinkRequest(token=token_in(link), request_id=new_id("req"), **(page | action))


def consent(customer_id: str, **fields: Any) -> pb.SetConsentRequest:
    """A yes to cart reminders by e-mail, where nothing else is said."""
    said: dict[str, Any] = {
        "purpose": "cart_reminder",
        "delivery_kind": DELIVERY_KIND_EMAIL,
        "state": YES,
        "wording": "May we remind you of your cart?",
        "wording_version": "2026-1",
        "source": "cart page",
    }
    return pb.SetConsentRequest(customer_id=customer_id, **(said | fields))


def update(customer_id: str, *paths: str, **fields: Any) -> pb.UpdatePreferencesRequest:
    """A change of the fields given, or of those named first."""
    return pb.UpdatePreferencesRequest(
        preferences=Preferences(customer_id=customer_id, **fields),
        update_mask=FieldMask(paths=paths or tuple(fields)),
    )
