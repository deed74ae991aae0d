"""The calls that can be made, and how each answer is checked while it is counted."""

import itertools
from collections.abc import Callable, Hashable, Mapping
from typing import Protocol

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money

from omnithread import new_request_id
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, GetCartRequest
from omnithread.context.v1.context_service_pb2 import (
    GetCustomerContextRequest,
    GetCustomerContextResponse,
    GetJourneyRequest,
)
from tests.bench.load import facts
from tests.bench.load.plan import FIXED, Visitor, to_bytes

GET_CART = "/omnithread.cart.v1.CartService/GetCart"
ADD_ITEM = "/omnithread.cart.v1.CartService/AddItem"
GET_CONTEXT = "/omnithread.context.v1.ContextService/GetCustomerContext"
GET_JOURNEY = "/omnithread.context.v1.ContextService/GetJourney"
SKU = "bench-1"
RECENT_SECONDS = 60
JOURNEY_PAGE = 5
"""Small, so that as much is returned of a short journey as of a long one."""
MOST_REMEMBERED = 10_000


class Kind(Protocol):
    """One sort of call."""

    path: str

    def request(self, visitor: Visitor) -> bytes:
        """Give the next request in this visitor's name."""

    def is_right(self, visitor: Visitor, answer: bytes) -> bool:
        """Whether that is an answer to it."""


class Reading:
    """Nothing changes, so all answers to a customer say the same."""

    def __init__(
        self,
        path: str,
        request: Callable[[Visitor], bytes],
        facts_of: Callable[[bytes], Hashable],
        expected: Mapping[str, str],
    ) -> None:
        self.path = path
        self._request = request
        self._facts_of = facts_of
        self._requests: dict[str, bytes] = {}
        self._fixed = to_bytes(expected[FIXED]) if FIXED in expected else None
        self._right = {} if self._fixed else {who: facts_of(to_bytes(answer)) for who, answer in expected.items()}
        self._seen: set[tuple[str, bytes]] = set()
        """Answers that were found right: most come again and again, and need not be read again."""

    def request(self, visitor: Visitor) -> bytes:
        """Give the request, which is the same each time."""
        found = self._requests.get(visitor.customer_id)
        if found is None:
            found = self._requests[visitor.customer_id] = self._request(visitor)
        return found

    def is_right(self, visitor: Visitor, answer: bytes) -> bool:
        """Whether it says what is known of the customer."""
        if self._fixed is not None:
            return answer == self._fixed
        seen = (visitor.customer_id, answer)
        if seen in self._seen:
            return True
        is_right = self._facts_of(answer) == self._right[visitor.customer_id]
        if is_right and len(self._seen) < MOST_REMEMBERED:
            self._seen.add(seen)
        return is_right


class ContextsAsTold(Reading):
    """Contexts that are at least as new as the last one that this customer's channel was told."""

    def __init__(self, expected: Mapping[str, str]) -> None:
        super().__init__(GET_CONTEXT, _get_context, facts.of_context, expected)
        self._tokens: dict[str, str] = {}
        self._read: dict[bytes, str] = {}
        """Tokens of answers that were read already: most come again and again."""

    def request(self, visitor: Visitor) -> bytes:
        """Give one with the last token, which is none at first."""
        tokens = [self._tokens[visitor.customer_id]] if visitor.customer_id in self._tokens else []
        return GetCustomerContextRequest(customer_id=visitor.customer_id, at_least=tokens).SerializeToString()

    def is_right(self, visitor: Visitor, answer: bytes) -> bool:
        """Whether it says what is known of the customer; its token goes along the next time."""
        if answer not in self._read:
            if len(self._read) >= MOST_REMEMBERED:
                self._read.clear()
            self._read[answer] = GetCustomerContextResponse.FromString(answer).token
        self._tokens[visitor.customer_id] = self._read[answer]
        return super().is_right(visitor, answer)


class Adding:
    """Each call puts one more piece into the cart; no two of them may be told the same number."""

    path = ADD_ITEM

    def __init__(self, expected: Mapping[str, str]) -> None:
        self._fixed = to_bytes(expected[FIXED]) if FIXED in expected else None
        self._told: dict[str, set[int]] = {}
        self._numbers = itertools.count()

    def request(self, visitor: Visitor) -> bytes:
        """Give a request with an id of its own."""
        issued = Timestamp()
        issued.GetCurrentTime()
        return AddItemRequest(
            customer_id=visitor.customer_id,
            sku=SKU,
            name="Wanderschuh",
            unit_price=Money(currency_code="EUR", units=89, nanos=900_000_000),
            quantity=1,
            request_id=new_request_id(),
            issue_time=issued,
        ).SerializeToString()

    def is_right(self, visitor: Visitor, answer: bytes) -> bool:
        """Whether it is this customer's cart, in a state that nobody else was told."""
        if self._fixed is not None:
            return answer == self._fixed
        customer_id, pieces = facts.added(answer)
        told = self._told.setdefault(visitor.customer_id, set())
        if customer_id != visitor.customer_id or pieces in told:
            return False
        told.add(pieces)
        return True


def kind_of(name: str, expected: Mapping[str, str]) -> Kind:
    """Give a kind by its name. Raises KeyError."""
    kinds: Mapping[str, Callable[[], Kind]] = {
        "get_cart": lambda: Reading(GET_CART, _get_cart, facts.of_get_cart, expected),
        "get_context": lambda: Reading(GET_CONTEXT, _get_context, facts.of_context, expected),
        "recent_context": lambda: Reading(GET_CONTEXT, _recent_context, facts.of_context, expected),
        "told_context": lambda: ContextsAsTold(expected),
        "get_journey": lambda: Reading(GET_JOURNEY, _get_journey, facts.of_journey, expected),
        "add_item": lambda: Adding(expected),
    }
    return kinds[name]()


def _get_cart(visitor: Visitor) -> bytes:
    return GetCartRequest(customer_id=visitor.customer_id).SerializeToString()


def _get_context(visitor: Visitor) -> bytes:
    return GetCustomerContextRequest(customer_id=visitor.customer_id).SerializeToString()


def _recent_context(visitor: Visitor) -> bytes:
    request = GetCustomerContextRequest(customer_id=visitor.customer_id, max_age=Duration(seconds=RECENT_SECONDS))
    return request.SerializeToString()


def _get_journey(visitor: Visitor) -> bytes:
    request = GetJourneyRequest(customer_id=visitor.customer_id, journey_id=visitor.journey_id, page_size=JOURNEY_PAGE)
    return request.SerializeToString()
