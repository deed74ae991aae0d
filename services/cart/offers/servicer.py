"""Translates calls: one short method per RPC of `OfferService`, between the contract's words and the operations."""

from collections.abc import Callable, Sequence

from libs.channel import Channel
from libs.mongo.documents import SavedDocument
from libs.rpc.call import current_call, stamp_of
from libs.rpc.pages import PageTokens, page_size
from omnithread.cart.v1 import offer_pb2
from omnithread.cart.v1 import offer_service_pb2 as pb
from omnithread.cart.v1.offer_service_pb2_grpc import OfferServiceServicer
from services.cart import errors
from services.cart.money import price_from_proto
from services.cart.offers.convert import offer_to_proto, state_from_proto, terms_from_proto
from services.cart.offers.operations import Offers
from services.cart.offers.values import Offer, OfferTerms
from services.cart.operations import Carts
from services.cart.pricing.convert import price_to_proto
from services.cart.pricing.operations import Pricing
from services.cart.redemption.code_batches import CodeBatches
from services.cart.redemption.code_entry import CodeEntry
from services.cart.redemption.codes_convert import code_to_proto

OFFER_PAGES = PageTokens("cart.offers")


def _text_that_counts(offer: Offer) -> OfferTerms | None:
    """Give the text that counts or counted last, or where there is none the draft."""
    return offer.terms or offer.draft


def _texts(offer: Offer) -> tuple[OfferTerms | None, ...]:
    return offer.terms, offer.draft


class OfferServicer(OfferServiceServicer):
    """Answers what is asked of offers and prices."""

    def __init__(
        self, offers: Offers, *, carts: Carts, pricing: Pricing, batches: CodeBatches, code_entry: CodeEntry
    ) -> None:
        self._offers = offers
        self._batches = batches
        self._code_entry = code_entry
        self._counters = pricing.redemptions.counters
        self._carts = carts
        self._pricing = pricing

    async def SaveOffer(self, request: pb.SaveOfferRequest, _context: object) -> pb.SaveOfferResponse:
        outcome = await self._offers.save(
            request.offer_id, terms_from_proto(request.terms), etag=request.etag, stamp=stamp_of(request)
        )
        (offer,) = await self._shown([outcome.saved], lambda offer: offer.draft or offer.terms)
        return pb.SaveOfferResponse(offer=offer, replayed=outcome.replayed)

    async def ActivateOffer(self, request: pb.ActivateOfferRequest, _context: object) -> pb.ActivateOfferResponse:
        outcome = await self._offers.activate(request.offer_id, etag=request.etag, stamp=stamp_of(request))
        (offer,) = await self._shown([outcome.saved])
        return pb.ActivateOfferResponse(offer=offer, replayed=outcome.replayed)

    async def EndOffer(self, request: pb.EndOfferRequest, _context: object) -> pb.EndOfferResponse:
        outcome = await self._offers.end(request.offer_id, etag=request.etag, stamp=stamp_of(request))
        (offer,) = await self._shown([outcome.saved])
        return pb.EndOfferResponse(offer=offer, replayed=outcome.replayed)

    async def GetOffer(self, request: pb.GetOfferRequest, _context: object) -> pb.GetOfferResponse:
        saved, terms, version = await self._offers.get(request.offer_id, version=request.version, draft=request.draft)
        (offer,) = await self._shown([saved], lambda _offer: terms)
        offer.version = version
        return pb.GetOfferResponse(offer=offer)

    async def ListOffers(self, request: pb.ListOffersRequest, _context: object) -> pb.ListOffersResponse:
        state = state_from_proto(request.state)
        owner = str(state or "")
        position = OFFER_PAGES.decode(request.page_token, owner=owner) or {"after_id": ""}
        found, following = await self._offers.page(
            state=state, after_id=str(position["after_id"]), limit=page_size(request.page_size)
        )
        return pb.ListOffersResponse(
            offers=await self._shown(found),
            next_page_token=OFFER_PAGES.encode({"after_id": following}, owner=owner) if following else "",
        )

    async def AddOfferCodes(self, request: pb.AddOfferCodesRequest, _context: object) -> pb.AddOfferCodesResponse:
        batch = await self._batches.add(request.offer_id, request.codes, request.drawn_count, stamp=stamp_of(request))
        return pb.AddOfferCodesResponse(codes=batch.codes, replayed=batch.replayed)

    async def GetOfferCode(self, request: pb.GetOfferCodeRequest, _context: object) -> pb.GetOfferCodeResponse:
        return code_to_proto(await self._code_entry.find(request.code))

    async def PriceCart(self, request: pb.PriceCartRequest, _context: object) -> pb.PriceCartResponse:
        channel = self._pricing.channels.find(request.channel_id or current_call().caller.channel_id)
        if channel is None:
            raise errors.channel_not_registered()
        fee = price_from_proto(request.delivery_fee, "delivery_fee") if request.HasField("delivery_fee") else None
        saved = await self._carts.get(request.customer_id)
        await self._code_entry.count_unknown(saved, request.offer_codes, current_call().caller.channel_id)
        price = await self._pricing.price(
            saved,
            Channel(channel.id, channel.kind),
            channel.brand,
            delivery_fee=fee,
            more_codes=request.offer_codes,
        )
        return pb.PriceCartResponse(price=price_to_proto(price) if price else None, cart_version=saved.version)

    async def _shown(
        self, found: Sequence[SavedDocument[Offer]], text_of: Callable[[Offer], OfferTerms | None] = _text_that_counts
    ) -> list[offer_pb2.Offer]:
        """Write offers, and how often they were redeemed. One query, none where no offer has a limit."""
        texts = [text_of(saved.state) for saved in found]
        limited = [saved.key for saved in found if any(text and text.max_redemptions for text in _texts(saved.state))]
        taken = await self._counters.taken(limited)
        return [
            offer_to_proto(saved, text, redemption_count=taken.get(saved.key, 0))
            for saved, text in zip(found, texts, strict=True)
        ]
