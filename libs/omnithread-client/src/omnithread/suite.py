"""The connection of an asyncio program to the suite."""

from collections.abc import AsyncGenerator, Iterable
from types import TracebackType
from typing import Self

import grpc
from grpc import aio
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
from omnithread.context.v1.watch_service_pb2 import WatchCustomerContextRequest
from omnithread.context.v1.watch_service_pb2_grpc import WatchServiceStub
from omnithread.interceptor import OutgoingStream, OutgoingUnary
from omnithread.interceptor_streams import OutgoingImport
from omnithread.labels import current_labels
from omnithread.live import LiveContext
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
from omnithread.watching import OnConnection, Watch


class Omnithread:
    """The stubs: one for each of the five services, and those of their other doors.

    Make it inside the running loop with `connect`, use it in any number of tasks, and close it.
    """

    def __init__(
        self, addresses: Addresses, *, channels: dict[str, aio.Channel], tokens: TokenSource | None = None
    ) -> None:
        self._channels = channels
        self._tokens = tokens
        self._tracer = trace.get_tracer("omnithread")
        self.profile = ProfileServiceStub(channels[addresses.profile])
        self.identity = IdentityServiceStub(channels[addresses.profile])
        self.segments = SegmentServiceStub(channels[addresses.profile])
        self.customer_import = CustomerImportServiceStub(channels[addresses.profile])
        self.cart = CartServiceStub(channels[addresses.cart])
        self.orders = OrderServiceStub(channels[addresses.cart])
        self.offers = OfferServiceStub(channels[addresses.cart])
        self.handovers = HandoverServiceStub(channels[addresses.cart])
        self.articles = ArticleServiceStub(channels[addresses.cart])
        self.preference = PreferenceServiceStub(channels[addresses.preference])
        self.consents = ConsentServiceStub(channels[addresses.preference])
        self.consent_import = ConsentImportServiceStub(channels[addresses.preference])
        self.messaging = MessagingServiceStub(channels[addresses.messaging])
        self.explanations = ExplanationServiceStub(channels[addresses.messaging])
        self.delivery = DeliveryServiceStub(channels[addresses.messaging])
        self.inbox = InboxServiceStub(channels[addresses.messaging])
        self.conversations = ConversationServiceStub(channels[addresses.messaging])
        self.campaign_reports = CampaignReportServiceStub(channels[addresses.messaging])
        self.templates = TemplateServiceStub(channels[addresses.messaging])
        self.brands = BrandServiceStub(channels[addresses.messaging])
        self.subscriptions = SubscriptionServiceStub(channels[addresses.messaging])
        self.campaigns = CampaignServiceStub(channels[addresses.messaging])
        self.context = ContextServiceStub(channels[addresses.context])
        self.interests = InterestServiceStub(channels[addresses.context])
        self.journeys = JourneyServiceStub(channels[addresses.context])
        self.privacy = PrivacyServiceStub(channels[addresses.context])
        self.watching = WatchServiceStub(channels[addresses.context])
        self.audit_logs = {
            area: AuditLogServiceStub(channels[address])
            for area, address in (
                ("profile", addresses.profile),
                ("cart", addresses.cart),
                ("preference", addresses.preference),
                ("messaging", addresses.messaging),
                ("context", addresses.context),
            )
        }
        """The audit log of each of the five, by area."""

    async def start_session(
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
        Raises grpc.RpcError; `details_of` reads it.
        """
        with self._tracer.start_as_current_span(SESSION_SPAN) as span:
            answer = await self.context.StartSession(
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

    async def get_context(
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
        return await self.context.GetCustomerContext(request)

    def watch_context(
        self,
        customer: str | Identifier,
        *,
        sections: Iterable[Section.ValueType] = (),
        changed_sections_only: bool = False,
        heartbeat_seconds: int = 0,
        on_connection: OnConnection | None = None,
    ) -> AsyncGenerator[LiveContext, None]:
        """Give a customer's context, and again on each change by anyone: always the newest state.

        A stream that breaks or falls silent is opened again, with growing pauses and a fresh token, and nothing that
        changed meanwhile is missed. `on_connection(False)` is called when it breaks, `on_connection(True)` when it
        speaks again; where two heartbeats (15 s, or `heartbeat_seconds`, 2 to 60) did not come, it is broken. Close the
        generator (`contextlib.aclosing`) where you leave it before its end.
        Raises grpc.RpcError where opening it again is of no use: CUSTOMER_NOT_FOUND, WATCH_PARTED, a token that cannot
        be fetched again; `details_of` reads it.
        """
        named = {"customer_id": customer} if isinstance(customer, str) else {"identifier": customer}
        request = WatchCustomerContextRequest(sections=sections, heartbeat_seconds=heartbeat_seconds, **named)
        watch = Watch(
            self.watching,
            request,
            tokens=self._tokens,
            changed_sections_only=changed_sections_only,
            on_connection=on_connection,
        )
        return watch.updates()

    async def close(self, *, grace_seconds: float = 5.0) -> None:
        """Close the connections; calls under way get the grace."""
        for channel in self._channels.values():
            await channel.close(grace_seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


def connect(
    addresses: str | Addresses,
    *,
    token: TokenProvider,
    root_certificates: bytes | None = None,
    credentials: grpc.ChannelCredentials | None = None,
    plaintext: bool = False,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
) -> Omnithread:
    """Connect to the suite, behind one address or five; call it inside the running loop.

    `token` is the channel's token, or a function that fetches one. Connections use TLS and trust
    whom gRPC trusts by itself (GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names a file of others), or only those in
    `root_certificates` (PEM). `credentials` take the place of all that; `plaintext` is for tests on one machine.
    A call without a deadline of its own gets `timeout_seconds`; a stream has none.
    """
    where = Addresses.one(addresses) if isinstance(addresses, str) else addresses
    tokens = TokenSource(token)
    clock, tracer = ServerClock(), trace.get_tracer("omnithread")

    def channel(address: str) -> aio.Channel:
        interceptors: list[aio.ClientInterceptor] = [
            OutgoingUnary(tokens=tokens, clock=clock, timeout_seconds=timeout_seconds, tracer=tracer, address=address),
            OutgoingStream(tokens=tokens, tracer=tracer, address=address),
            OutgoingImport(tokens=tokens, tracer=tracer, address=address),
        ]
        options = (*CHANNEL_OPTIONS, *authority_options(address))
        if plaintext:
            return aio.insecure_channel(address, options=options, interceptors=interceptors)
        secure = credentials or grpc.ssl_channel_credentials(root_certificates)
        return aio.secure_channel(address, secure, options=options, interceptors=interceptors)

    return Omnithread(where, channels={address: channel(address) for address in where.distinct()}, tokens=tokens)
