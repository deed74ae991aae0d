"""Translates calls: one short method per RPC of `CartService`, between the contract's words and the operations."""

from libs.channel import Channel
from libs.mongo.values import Saved
from libs.rpc.call import current_call, stamp_of
from libs.rpc.written import Written
from libs.timestamps import to_timestamp
from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceServicer
from services.cart.articles.operations import Articles
from services.cart.audit.convert import account_to_proto
from services.cart.audit.operations import Audits
from services.cart.checkout.convert import wish_from_request
from services.cart.checkout.operations import Checkouts
from services.cart.convert import (
    article_from_request,
    batch_cart_to_proto,
    cart_to_proto,
    choice_from_request,
    record_to_answer,
)
from services.cart.desk.convert import lock_wish_from_request, problem_to_proto
from services.cart.desk.operations import Desk
from services.cart.operations import Carts
from services.cart.orders.convert import order_to_proto
from services.cart.pricing.convert import price_to_proto
from services.cart.pricing.operations import Pricing
from services.cart.pricing.priced_convert import MOST_PROBLEMS, prices_to_answer
from services.cart.pricing.values import Price
from services.cart.problems import cart_problems
from services.cart.redemption.code_entry import CodeEntry
from services.cart.values import Cart


class CartServicer(CartServiceServicer):
    """Answers what channels ask of carts and orders."""

    def __init__(
        self,
        carts: Carts,
        *,
        desk: Desk,
        articles: Articles,
        audits: Audits,
        checkouts: Checkouts,
        code_entry: CodeEntry,
        pricing: Pricing,
    ) -> None:
        self._carts = carts
        self._desk = desk
        self._articles = articles
        self._audits = audits
        self._checkouts = checkouts
        self._code_entry = code_entry
        self._pricing = pricing
        self._written = Written(record_to_answer)
        self._written_prices = Written(prices_to_answer)

    async def GetCart(self, request: pb.GetCartRequest, _context: object) -> pb.GetCartResponse:
        saved = await self._carts.get(request.customer_id)
        answer = self._written.of(saved.customer_id, saved)
        answer.problems.extend(map(problem_to_proto, cart_problems(saved.state, self._articles.unsold)))
        channel_id = current_call().caller.channel_id
        priced = await self._pricing.everywhere(saved, channel_id)
        answer.MergeFrom(self._written_prices.of(f"{saved.customer_id} {channel_id}", priced))
        del answer.problems[MOST_PROBLEMS:]
        if priced.here:
            answer.price.price_time.CopyFrom(to_timestamp(self._pricing.clock()))
        return answer

    async def BatchGetCarts(self, request: pb.BatchGetCartsRequest, _context: object) -> pb.BatchGetCartsResponse:
        found = await self._carts.get_many(request.customer_ids)
        return pb.BatchGetCartsResponse(
            carts=[batch_cart_to_proto(asked, found[asked]) for asked in request.customer_ids if asked in found]
        )

    async def AddItem(self, request: pb.AddItemRequest, _context: object) -> pb.AddItemResponse:
        outcome = await self._carts.add_item(
            request.customer_id,
            article_from_request(request),
            request.quantity,
            etag=request.etag,
            stamp=stamp_of(request),
        )
        return pb.AddItemResponse(
            cart=cart_to_proto(outcome.saved),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
            line_id=outcome.facts["line_id"],
        )

    async def SetItemQuantity(self, request: pb.SetItemQuantityRequest, _context: object) -> pb.SetItemQuantityResponse:
        outcome = await self._carts.set_item_quantity(
            request.customer_id,
            choice_from_request(request),
            request.quantity,
            expected_quantity=request.expected_quantity if request.HasField("expected_quantity") else None,
            etag=request.etag,
            stamp=stamp_of(request),
        )
        return pb.SetItemQuantityResponse(
            cart=cart_to_proto(outcome.saved), replayed=outcome.replayed, head=outcome.saved.head()
        )

    async def RemoveItem(self, request: pb.RemoveItemRequest, _context: object) -> pb.RemoveItemResponse:
        outcome = await self._carts.remove_item(
            request.customer_id, choice_from_request(request), etag=request.etag, stamp=stamp_of(request)
        )
        return pb.RemoveItemResponse(
            cart=cart_to_proto(outcome.saved), replayed=outcome.replayed, head=outcome.saved.head()
        )

    async def ClearCart(self, request: pb.ClearCartRequest, _context: object) -> pb.ClearCartResponse:
        outcome = await self._carts.clear(request.customer_id, etag=request.etag, stamp=stamp_of(request))
        return pb.ClearCartResponse(
            cart=cart_to_proto(outcome.saved), replayed=outcome.replayed, head=outcome.saved.head()
        )

    async def ApplyOfferCode(self, request: pb.ApplyOfferCodeRequest, _context: object) -> pb.ApplyOfferCodeResponse:
        outcome = await self._code_entry.enter(request.customer_id, request.code, stamp=stamp_of(request))
        price = await self._price(outcome.saved)
        return pb.ApplyOfferCodeResponse(
            cart=cart_to_proto(outcome.saved),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
            price=price_to_proto(price) if price else None,
            offer_id=outcome.facts["offer_id"],
        )

    async def RemoveOfferCode(self, request: pb.RemoveOfferCodeRequest, _context: object) -> pb.RemoveOfferCodeResponse:
        outcome = await self._code_entry.take_out(request.customer_id, request.code, stamp=stamp_of(request))
        price = await self._price(outcome.saved)
        return pb.RemoveOfferCodeResponse(
            cart=cart_to_proto(outcome.saved),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
            price=price_to_proto(price) if price else None,
        )

    async def Checkout(self, request: pb.CheckoutRequest, _context: object) -> pb.CheckoutResponse:
        outcome, order = await self._checkouts.check_out(
            request.customer_id, wish_from_request(request), brand=current_call().caller.brand, stamp=stamp_of(request)
        )
        return pb.CheckoutResponse(
            cart=cart_to_proto(outcome.saved),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
            order=order_to_proto(order, outcome.saved.customer_id),
        )

    async def SaveForLater(self, request: pb.SaveForLaterRequest, _context: object) -> pb.SaveForLaterResponse:
        outcome = await self._desk.save_for_later(
            request.customer_id, choice_from_request(request), etag=request.etag, stamp=stamp_of(request)
        )
        return pb.SaveForLaterResponse(
            cart=cart_to_proto(outcome.saved),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
            line_id=outcome.facts["line_id"],
        )

    async def MoveToCart(self, request: pb.MoveToCartRequest, _context: object) -> pb.MoveToCartResponse:
        outcome = await self._desk.move_to_cart(
            request.customer_id, choice_from_request(request), etag=request.etag, stamp=stamp_of(request)
        )
        return pb.MoveToCartResponse(
            cart=cart_to_proto(outcome.saved),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
            line_id=outcome.facts["line_id"],
        )

    async def AddNote(self, request: pb.AddNoteRequest, _context: object) -> pb.AddNoteResponse:
        outcome = await self._desk.add_note(request.customer_id, request.text, stamp=stamp_of(request))
        return pb.AddNoteResponse(
            cart=cart_to_proto(outcome.saved),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
            note_id=outcome.facts["note_id"],
        )

    async def RemoveNote(self, request: pb.RemoveNoteRequest, _context: object) -> pb.RemoveNoteResponse:
        outcome = await self._desk.remove_note(request.customer_id, request.note_id, stamp=stamp_of(request))
        return pb.RemoveNoteResponse(
            cart=cart_to_proto(outcome.saved), replayed=outcome.replayed, head=outcome.saved.head()
        )

    async def LockCart(self, request: pb.LockCartRequest, _context: object) -> pb.LockCartResponse:
        wish = lock_wish_from_request(request)
        outcome = await self._desk.lock(request.customer_id, wish, stamp=stamp_of(request))
        return pb.LockCartResponse(
            cart=cart_to_proto(outcome.saved), replayed=outcome.replayed, head=outcome.saved.head()
        )

    async def UnlockCart(self, request: pb.UnlockCartRequest, _context: object) -> pb.UnlockCartResponse:
        outcome = await self._desk.unlock(request.customer_id, force=request.force, stamp=stamp_of(request))
        return pb.UnlockCartResponse(
            cart=cart_to_proto(outcome.saved), replayed=outcome.replayed, head=outcome.saved.head()
        )

    async def AuditCart(self, request: pb.AuditCartRequest, _context: object) -> pb.AuditCartResponse:
        return account_to_proto(await self._audits.audit(request.customer_id, request.cart_id))

    async def _price(self, saved: Saved[Cart]) -> Price | None:
        caller = current_call().caller
        return await self._pricing.price(saved, Channel(caller.channel_id, caller.channel_kind), caller.brand)
