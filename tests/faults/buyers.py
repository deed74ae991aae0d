"""Channels that fill carts, enter codes and pay without a pause, and note what they were told: the truth to check."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import grpc
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money

import omnithread
from omnithread.cart.v1.cart_service_pb2 import (
    AddItemRequest,
    ApplyOfferCodeRequest,
    CheckoutRequest,
    PickupChoice,
    RemoveOfferCodeRequest,
)
from tests.faults.load.client import CALL_SECONDS, PATIENCE_SECONDS, RETRYABLE

REFUSED = {"OFFER_CODE_USED", "CART_EMPTY", "OFFER_CODE_UNKNOWN", "OFFER_TRIES_EXCEEDED"}
"""What may be refused while others buy; nothing is done then. Everything else is tried again or fails the test."""

Request = TypeVar("Request", bound=Message)
Answer = TypeVar("Answer")


@dataclass(slots=True)
class Buyer:
    """One customer on one channel who pays again and again, each time with the next code of a list."""

    channel: omnithread.Omnithread
    customer_id: str
    codes: list[str]
    """Shared with other buyers: each code is wanted by several."""
    put_in: Counter[str] = field(default_factory=Counter)
    orders: list[str] = field(default_factory=list)
    redeemed: list[str] = field(default_factory=list)
    """The codes that counted in an acknowledged order."""
    failures: int = 0

    async def buy(self, stop: asyncio.Event) -> None:
        """Buy until told to stop. Raises what is neither a passing failure nor a refusal that may be."""
        for number in itertools.count():
            if stop.is_set():
                return
            await self._buy_once(f"thing-{number % 5}", self.codes[number % len(self.codes)])

    async def _buy_once(self, sku: str, code: str) -> None:
        add = AddItemRequest(
            customer_id=self.customer_id,
            sku=sku,
            name=sku,
            unit_price=Money(currency_code="EUR", units=20),
            quantity=1,
        )
        await self._patiently(self.channel.cart.AddItem, add)
        self.put_in[sku] += 1
        enter = ApplyOfferCodeRequest(customer_id=self.customer_id, code=code)
        entered = await self._patiently(self.channel.cart.ApplyOfferCode, enter)
        pay = CheckoutRequest(customer_id=self.customer_id, pickup=PickupChoice(store_id="042"))
        answer = await self._patiently(self.channel.cart.Checkout, pay)
        if answer is None and entered is not None:  # somebody else was faster with the code
            leave = RemoveOfferCodeRequest(customer_id=self.customer_id, code=code)
            await self._patiently(self.channel.cart.RemoveOfferCode, leave)
            again = CheckoutRequest(customer_id=self.customer_id, pickup=PickupChoice(store_id="042"))
            answer = await self._patiently(self.channel.cart.Checkout, again)
        if answer is not None:
            self.orders.append(answer.order.order_id)
            self.redeemed += [offer.offer_code for offer in answer.order.price.applied_offers if offer.offer_code]

    async def _patiently(self, call: Callable[..., Awaitable[Answer]], request: Request) -> Answer | None:
        """Send the very same request until it is answered; None where it is refused as may be."""
        issued = Timestamp()
        issued.FromDatetime(datetime.now(UTC))
        request.request_id = omnithread.new_request_id()  # type: ignore[attr-defined]  # every command has one
        request.issue_time.CopyFrom(issued)  # type: ignore[attr-defined]
        while True:
            try:
                return await call(request, timeout=CALL_SECONDS)
            except grpc.aio.AioRpcError as error:
                if omnithread.details_of(error).reason in REFUSED:
                    return None
                if error.code() not in RETRYABLE:
                    raise
                self.failures += 1
                await asyncio.sleep(PATIENCE_SECONDS)
