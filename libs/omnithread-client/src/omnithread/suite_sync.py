"""The connection of a blocking program to the suite."""

from collections.abc import Iterable
from types import TracebackType
from typing import Self

import grpc
from opentelemetry import trace

from omnithread.addresses import Addresses, authority_options
from omnithread.cart.v1.article_service_pb2_grpc import ArticleServiceStub
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from omnithread.cart.v1.handover_service_pb2_grpc import HandoverServiceStub
from omnithread.cart.v1.offer_service_pb2_grpc import OfferServiceStub
from omnithread.cart.v1.order_service_pb2_grpc import OrderServiceStub
from omnithread.common.v1.audit_service_pb2_grpc import AuditLogServiceStub
from omnithread.context.v1.context_pb2 import Section
from omnithread.context.v1.context_service_pb2 import GetCustomerContextResponse, StartSessionRequest
from omnithread.context.v1.context_service_pb2_grpc import ContextServiceStub
from omnithread.context.v1.interest_service_pb2_grpc import InterestServiceStub
from omnithread.context.v1.journey_service_pb2_grpc import JourneyServiceStub
from omnithread.context.v1.privacy_service_pb2_grpc import PrivacyServiceStub
from omnithread.context.v1.watch_service_pb2_grpc import WatchServiceStub
from omnithread.interceptor_streams_sync import OutgoingStreamSync
from omnithread.interceptor_sync import OutgoingUnarySync
from omnithread.labels import current_labels
from omnithread.messaging.v1.brand_service_pb2_grpc import BrandServiceStub
from omnithread.messaging.v1.campaign_report_service_pb2_grpc import CampaignReportServiceStub
from omnithread.messaging.v1.campaign_service_pb2_grpc import CampaignServiceStub
from omnithread.messaging.v1.conversation_service_pb2_grpc import ConversationServiceStub
from omnithread.messaging.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from omnithread.messaging.v1.explanation_service_pb2_grpc import ExplanationServiceStub
from omnithread.messaging.v1.inbox_service_pb2_grpc import InboxServiceStub
from omnithread.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from omnithread.messaging.v1.subscription_service_pb2_grpc import SubscriptionServiceStub
from omnithread.messaging.v1.template_service_pb2_grpc import TemplateServiceStub
from omnithread.options import CHANNEL_OPTIONS, DEFAULT_TIMEOUT_SECONDS
from omnithread.preference.v1.consent_import_service_pb2_grpc import ConsentImportServiceStub
from omnithread.preference.v1.consent_service_pb2_grpc import ConsentServiceStub
from omnithread.preference.v1.preference_service_pb2_grpc import PreferenceServiceStub
from omnithread.profile.v1.customer_import_service_pb2_grpc import CustomerImportServiceStub
from omnithread.profile.v1.identity_service_pb2_grpc import IdentityServiceStub
from omnithread.profile.v1.profile_pb2 import Identifier, Trait
from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from omnithread.profile.v1.segment_service_pb2_grpc import SegmentServiceStub
from omnithread.reading import context_request
from omnithread.requests import ServerClock
from omnithread.session import SESSION_SPAN, Session, link_to_last_touchpoint, session_of, with_handover
from omnithread.tokens import TokenProvider, TokenSource


class OmnithreadSync:
    """The same stubs, blocking. Made with `connect_sync`; safe to use from several threads."""

    def __init__(
        self, addresses: Addresses, *, channels: dict[str, grpc.Channel], intercepted: dict[str, grpc.Channel]
    ) -> None:
        self._channels = channels
        self._tracer = trace.get_tracer("omnithread")
        self.profile = ProfileServiceStub(intercepted[addresses.profile])
        self.identity = IdentityServiceStub(intercepted[addresses.profile])
        self.segments = SegmentServiceStub(intercepted[addresses.profile])
        self.customer_import = CustomerImportServiceStub(intercepted[addresses.profile])
        self.cart = CartServiceStub(intercepted[addresses.cart])
        self.orders = OrderServiceStub(intercepted[addresses.cart])
        self.offers = OfferServiceStub(intercepted[addresses.cart])
        self.handovers = HandoverServiceStub(intercepted[addresses.cart])
        self.articles = ArticleServiceStub(intercepted[addresses.cart])
        self.preference = PreferenceServiceStub(intercepted[addresses.preference])
        self.consents = ConsentServiceStub(intercepted[addresses.preference])
        self.consent_import = ConsentImportServiceStub(intercepted[addresses.preference])
        self.messaging = MessagingServiceStub(intercepted[addresses.messaging])
        self.explanations = ExplanationServiceStub(intercepted[addresses.messaging])
        self.delivery = DeliveryServiceStub(intercepted[addresses.messaging])
        self.inbox = InboxServiceStub(intercepted[addresses.messaging])
        self.conversations = ConversationServiceStub(intercepted[addresses.messaging])
        self.campaign_reports = CampaignReportServiceStub(intercepted[addresses.messaging])
        self.templates = TemplateServiceStub(intercepted[addresses.messaging])
        self.brands = BrandServiceStub(intercepted[addresses.messaging])
        self.subscriptions = SubscriptionServiceStub(intercepted[addresses.messaging])
        self.campaigns = CampaignServiceStub(intercepted[addresses.messaging])
        self.context = ContextServiceStub(intercepted[addresses.context])
        self.interests = InterestServiceStub(intercepted[addresses.context])
        self.journeys = JourneyServiceStub(intercepted[addresses.context])
        self.privacy = PrivacyServiceStub(intercepted[addresses.context])
        self.watching = WatchServiceStub(intercepted[addresses.context])
        self.audit_logs = {
            area: AuditLogServiceStub(intercepted[address])
            for area, address in (
                ("profile", addresses.profile),
                ("cart", addresses.cart),
                ("preference", addresses.preference),
                ("messaging", addresses.messaging),
                ("context", addresses.context),
            )
        }
        """The audit log of each of the five, by area."""

    def start_session(
        self,
        identifiers: Iterable[Identifier] = (),
        *,
        traits: Iterable[Trait] = (),
        given_name: str = "",
        family_name: str = "",
        sections: Iterable[Section.ValueType] = (),
        handover_token: str = "",
        handover_code: str = "",
    ) -> Session:
        """Say who came. Called again inside `session.carry()` (after a login), it goes on with the same session.

        With what a customer carried over from another channel, the token or the six digits, the visit goes on with
        that cart and journey; `session.handover` says what came of it.
        """
        with self._tracer.start_as_current_span(SESSION_SPAN) as span:
            answer = self.context.StartSession(
                with_handover(
                    StartSessionRequest(
                        identifiers=identifiers,
                        traits=traits,
                        given_name=given_name,
                        family_name=family_name,
                        session_id=current_labels().session_id,
                        sections=sections,
                    ),
                    token=handover_token,
                    code=handover_code,
                )
            )
            link_to_last_touchpoint(span, answer)
        return session_of(answer)

    def get_context(
        self,
        customer_id: str,
        *,
        sections: Iterable[Section.ValueType] = (),
        max_age_seconds: float | None = None,
        newest: bool = False,
    ) -> GetCustomerContextResponse:
        """The context of a customer: as committed now, or from a moment ago, which costs a fraction.

        Inside `session.carry()` it may be up to ten seconds old, and holds whatever the session was told is saved: what
        it wrote itself, it sees. With `max_age_seconds` (up to 60) no section is older than that. `newest` asks for
        what is committed now in any case, and so does a call outside of a session without `max_age_seconds`.
        `read_times` of the answer says from when each section is. Raises grpc.RpcError; `details_of` reads it.
        """
        request = context_request(customer_id, sections=sections, max_age_seconds=max_age_seconds, newest=newest)
        return self.context.GetCustomerContext(request)

    def close(self) -> None:
        """Close the connections."""
        for channel in self._channels.values():
            channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def connect_sync(
    addresses: str | Addresses,
    *,
    token: TokenProvider,
    root_certificates: bytes | None = None,
    credentials: grpc.ChannelCredentials | None = None,
    plaintext: bool = False,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
) -> OmnithreadSync:
    """Connect a blocking program to the suite; the arguments are those of `connect`."""
    where = Addresses.one(addresses) if isinstance(addresses, str) else addresses
    tokens = TokenSource(token)
    clock, tracer = ServerClock(), trace.get_tracer("omnithread")

    def channel(address: str) -> grpc.Channel:
        options = (*CHANNEL_OPTIONS, *authority_options(address))
        if plaintext:
            return grpc.insecure_channel(address, options=options)
        return grpc.secure_channel(
            address, credentials or grpc.ssl_channel_credentials(root_certificates), options=options
        )

    channels = {address: channel(address) for address in where.distinct()}
    intercepted = {
        address: grpc.intercept_channel(
            plain,
            OutgoingUnarySync(
                tokens=tokens, clock=clock, timeout_seconds=timeout_seconds, tracer=tracer, address=address
            ),
            OutgoingStreamSync(tokens=tokens, tracer=tracer, address=address),
        )
        for address, plain in channels.items()
    }
    return OmnithreadSync(where, channels=channels, intercepted=intercepted)
