"""Translates calls: one short method per RPC of `DeliveryService`."""

from libs.clock import Clock
from libs.rpc.call import stamp_of
from libs.rpc.pages import PageTokens, page_size
from libs.timestamps import to_timestamp
from omnithread.common.v1.delivery_pb2 import DeliveryKind as DeliveryKindPb
from omnithread.messaging.v1 import delivery_pb2
from omnithread.messaging.v1 import delivery_service_pb2 as pb
from omnithread.messaging.v1.delivery_service_pb2_grpc import DeliveryServiceServicer
from services.messaging.convert import kind_to_proto
from services.messaging.delivery.dead_letters import DeadLetterDesk
from services.messaging.delivery.providers import BUILT_IN, Provider, Providers
from services.messaging.delivery.receipts import ReceiptDesk
from services.messaging.delivery.suppressed import shown
from services.messaging.delivery.suppressions import SuppressionDesk
from services.messaging.values import DeadLetter, DeliveryKind, Suppression, SuppressionReason

DEAD_LETTER_PAGES = PageTokens("messaging.dead_letters")


class DeliveryServicer(DeliveryServiceServicer):
    """Answers what providers and those who look after them ask."""

    def __init__(
        self,
        *,
        receipts: ReceiptDesk,
        dead_letters: DeadLetterDesk,
        suppressions: SuppressionDesk,
        providers: Providers,
        clock: Clock,
    ) -> None:
        self._receipts = receipts
        self._dead_letters = dead_letters
        self._suppressions = suppressions
        self._providers = providers
        self._clock = clock

    async def ReportReceipts(self, request: pb.ReportReceiptsRequest, _context: object) -> pb.ReportReceiptsResponse:
        outcomes = await self._receipts.report(request.provider_id, signature=request.signature, body=request.body)
        return pb.ReportReceiptsResponse(
            outcomes=[pb.ReceiptOutcome.Value(f"RECEIPT_OUTCOME_{outcome}") for outcome in outcomes]
        )

    async def ListDeadLetters(self, request: pb.ListDeadLettersRequest, _context: object) -> pb.ListDeadLettersResponse:
        found, following = await self._dead_letters.page(
            request.customer_id,
            position=DEAD_LETTER_PAGES.decode(request.page_token, owner=request.customer_id),
            limit=page_size(request.page_size),
        )
        return pb.ListDeadLettersResponse(
            dead_letters=[_dead_letter(customer_id, letter) for customer_id, letter in found],
            next_page_token=DEAD_LETTER_PAGES.encode(following, owner=request.customer_id) if following else "",
        )

    async def GetDeadLetter(self, request: pb.GetDeadLetterRequest, _context: object) -> pb.GetDeadLetterResponse:
        customer_id, letter = await self._dead_letters.get(request.customer_id, request.message_id)
        return pb.GetDeadLetterResponse(dead_letter=_dead_letter(customer_id, letter))

    async def ReplayDeadLetter(
        self, request: pb.ReplayDeadLetterRequest, _context: object
    ) -> pb.ReplayDeadLetterResponse:
        customer_id, letter, replayed = await self._dead_letters.replay(
            request.customer_id, request.message_id, stamp=stamp_of(request)
        )
        return pb.ReplayDeadLetterResponse(dead_letter=_dead_letter(customer_id, letter), replayed=replayed)

    async def ListSuppressions(
        self, request: pb.ListSuppressionsRequest, _context: object
    ) -> pb.ListSuppressionsResponse:
        saved = await self._suppressions.list(request.customer_id)
        return pb.ListSuppressionsResponse(
            suppressions=[_suppression(one) for one in saved.state.suppressions], customer_id=saved.customer_id
        )

    async def LiftSuppression(self, request: pb.LiftSuppressionRequest, _context: object) -> pb.LiftSuppressionResponse:
        outcome = await self._suppressions.lift(
            request.customer_id,
            DeliveryKind(DeliveryKindPb.Name(request.delivery_kind).removeprefix("DELIVERY_KIND_")),
            request.address_digest,
            SuppressionReason(delivery_pb2.SuppressionReason.Name(request.reason).removeprefix("SUPPRESSION_REASON_")),
            stamp=stamp_of(request),
        )
        return pb.LiftSuppressionResponse(
            suppressions=[_suppression(one) for one in outcome.saved.state.suppressions],
            replayed=outcome.replayed,
            head=outcome.saved.head(),
        )

    async def ListProviders(self, _request: pb.ListProvidersRequest, _context: object) -> pb.ListProvidersResponse:
        built_in = delivery_pb2.Provider(
            provider_id="built-in",
            adapter="built_in",
            delivery_kinds=[kind_to_proto(kind) for kind in BUILT_IN],
            circuit=delivery_pb2.CIRCUIT_STATE_CLOSED,
        )
        return pb.ListProvidersResponse(providers=[*map(self._provider, self._providers.all), built_in])

    def _provider(self, provider: Provider) -> delivery_pb2.Provider:
        now = self._clock()
        retry_time = provider.circuit.retry_time(now)
        return delivery_pb2.Provider(
            provider_id=provider.provider_id,
            adapter=provider.adapter_name,
            delivery_kinds=[kind_to_proto(kind) for kind in provider.kinds],
            circuit=delivery_pb2.CircuitState.Value(f"CIRCUIT_STATE_{provider.circuit.state(now)}"),
            failures=provider.circuit.failures,
            retry_time=to_timestamp(retry_time) if retry_time else None,
            rate_per_second=provider.turns.per_second,
            waiting=provider.turns.waiting,
            in_flight=provider.in_flight,
            can_look_up=provider.adapter.can_look_up,
        )


def _dead_letter(customer_id: str, letter: DeadLetter) -> delivery_pb2.DeadLetter:
    message = letter.message
    return delivery_pb2.DeadLetter(
        message_id=message.message_id,
        customer_id=customer_id,
        template_id=message.template_id,
        purpose=message.purpose,
        delivery_kind=kind_to_proto(message.delivery_kind),
        provider_id=message.provider_id,
        reason=message.state_reason,
        tries=message.tries,
        fail_time=to_timestamp(message.update_time),
        replay_time=to_timestamp(letter.replay_time) if letter.replay_time else None,
        replayed_as=letter.replayed_as,
    )


def _suppression(one: Suppression) -> delivery_pb2.Suppression:
    return delivery_pb2.Suppression(
        delivery_kind=kind_to_proto(one.kind),
        address_digest=shown(one),
        reason=delivery_pb2.SuppressionReason.Value(f"SUPPRESSION_REASON_{one.reason}"),
        since_time=to_timestamp(one.time),
    )
