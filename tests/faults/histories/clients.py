"""One client of a history: goes through its plan on its channel, and notes what it was told."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.type.money_pb2 import Money

import omnithread
from omnithread.cart.v1.cart_pb2 import Cart
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, GetCartRequest
from omnithread.context.v1.context_pb2 import SECTION_CART, SECTION_PREFERENCES, TOUCHPOINT_KIND_PRODUCT_VIEWED
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest, RecordTouchpointRequest
from omnithread.preference.v1.preference_pb2 import Preferences
from omnithread.preference.v1.preference_service_pb2 import GetPreferencesRequest, UpdatePreferencesRequest
from tests.faults.histories.asking import CALL_SECONDS, Asked, ask
from tests.faults.histories.customers import Customers
from tests.faults.histories.operations import Kind, Operation, Outcome, Section, Via
from tests.faults.histories.plan import Step, Task
from tests.faults.histories.recorder import Recorder
from tests.journeys.people import journey_of

Answer = TypeVar("Answer")


@dataclass(slots=True)
class Client:
    """One of those who act at once."""

    number: int
    name: str
    """Of its channel."""
    channel: omnithread.Omnithread
    customers: Customers
    recorder: Recorder
    call_seconds: float = CALL_SECONDS
    failures: Counter[str] = field(default_factory=Counter)
    """What the client package could not put right by itself, by code and reason."""
    done: int = 0

    async def work(self, steps: Iterable[Step], stop: asyncio.Event | None = None, *, pace_seconds: float = 0) -> None:
        """Go through the steps, until told to stop, one at most every so many seconds on average.

        Raises what is no passing failure.
        """
        clock = asyncio.get_running_loop().time
        due = clock()
        for step in steps:
            if stop is not None and stop.is_set():
                return
            await self.act(step)
            self.done += 1
            due += pace_seconds
            if (pause_seconds := due - clock()) > 0:
                await asyncio.sleep(pause_seconds)

    async def act(self, step: Step) -> None:
        """Do one thing, and note it."""
        customer = await self.customers.id_of(step.customer)
        match step.task:
            case Task.ADD:
                await self._add(customer, step)
            case Task.PREFER:
                await self._prefer(customer, step)
            case Task.VIEW:
                await self._view(customer, step)
            case Task.GET_CART:
                await self._get_cart(customer)
            case Task.GET_PREFERENCES:
                await self._get_preferences(customer)
            case Task.GET_CONTEXT:
                await self._get_context(customer)

    async def _add(self, customer: str, step: Step) -> None:
        price = Money(currency_code="EUR", units=1)
        request = AddItemRequest(customer_id=customer, sku=step.mark, name=step.mark, unit_price=price, quantity=1)
        asked = await self._ask(self.channel.cart.AddItem, request, patient=step.patient)
        told = {} if asked.answer is None else _cart(asked.answer.cart)
        exact = asked.answer is None or not asked.answer.replayed
        self._note(asked, customer, Section.CART, Kind.WRITE, mark=step.mark, exact=exact, **told)

    async def _prefer(self, customer: str, step: Step) -> None:
        wish = Preferences(customer_id=customer, interests=[step.mark])
        request = UpdatePreferencesRequest(preferences=wish, update_mask=FieldMask(paths=["interests"]))
        asked = await self._ask(self.channel.preference.UpdatePreferences, request, patient=step.patient)
        told = {} if asked.answer is None else _preferences(asked.answer.preferences)
        exact = asked.answer is None or not asked.answer.replayed
        self._note(asked, customer, Section.PREFERENCES, Kind.WRITE, mark=step.mark, exact=exact, **told)

    async def _view(self, customer: str, step: Step) -> None:
        request = RecordTouchpointRequest(customer_id=customer, kind=TOUCHPOINT_KIND_PRODUCT_VIEWED, subject=step.mark)
        asked = await self._ask(self.channel.context.RecordTouchpoint, request, patient=step.patient)
        self._note(asked, customer, Section.JOURNEY, Kind.WRITE, mark=step.mark)

    async def _get_cart(self, customer: str, *, patient: bool = False) -> None:
        asked = await self._ask(self.channel.cart.GetCart, GetCartRequest(customer_id=customer), patient=patient)
        if asked.answer is not None:
            self._note(asked, customer, Section.CART, Kind.READ, **_cart(asked.answer.cart))

    async def _get_preferences(self, customer: str, *, patient: bool = False) -> None:
        request = GetPreferencesRequest(customer_id=customer)
        asked = await self._ask(self.channel.preference.GetPreferences, request, patient=patient)
        if asked.answer is not None:
            self._note(asked, customer, Section.PREFERENCES, Kind.READ, **_preferences(asked.answer.preferences))

    async def _get_context(self, customer: str, *, patient: bool = False) -> None:
        """Read all at once: an operation for each section that is there; one that is named as missing tells nothing."""
        request = GetCustomerContextRequest(customer_id=customer)
        asked = await self._ask(self.channel.context.GetCustomerContext, request, patient=patient)
        if asked.answer is None:
            return
        context, named = asked.answer.context, {problem.section for problem in asked.answer.problems}
        for version in context.versions:
            if version.section in named:
                continue
            if version.section == SECTION_CART:
                told = _cart(context.cart.cart) | {"version": version.version}
                self._note(asked, customer, Section.CART, Kind.READ, via=Via.CONTEXT, **told)
            elif version.section == SECTION_PREFERENCES:
                told = _preferences(context.preferences) | {"version": version.version}
                self._note(asked, customer, Section.PREFERENCES, Kind.READ, via=Via.CONTEXT, **told)

    async def read_all(self, customer: str) -> None:
        """Read all there is of a customer, when nobody writes any more; of the journey, what left a mark in it."""
        await self._get_cart(customer, patient=True)
        await self._get_preferences(customer, patient=True)
        await self._get_context(customer, patient=True)
        begun = self.recorder.now()
        found = Counter(one.subject for one in await journey_of(self.channel, customer) if one.subject.startswith("m-"))
        asked = Asked(found, begun, self.recorder.now(), 1)
        self._note(asked, customer, Section.JOURNEY, Kind.READ, via=Via.CONTEXT, seen=dict(found))

    async def _ask(
        self, call: Callable[..., Awaitable[Answer]], request: Message, *, patient: bool = False
    ) -> Asked[Answer]:
        return await ask(
            call,
            request,
            patient=patient,
            now=self.recorder.now,
            call_seconds=self.call_seconds,
            failed=self._failed,
        )

    def _failed(self, error: grpc.aio.AioRpcError) -> None:
        told = omnithread.details_of(error)
        self.failures[f"{told.code.name} {told.reason or ''}: {error.details()}"] += 1

    def _note(self, asked: Asked[Any], customer: str, section: Section, kind: Kind, **fields: Any) -> None:
        """Keep it; the fields are those of `Operation`."""
        outcome = Outcome.UNKNOWN if asked.answer is None else Outcome.OK
        self.recorder.note(
            Operation(
                client=self.number,
                channel=self.name,
                customer=customer,
                section=section,
                kind=kind,
                invoked=asked.invoked,
                returned=asked.returned,
                outcome=outcome,
                sent=asked.sent,
                **fields,
            )
        )


def _cart(cart: Cart) -> dict[str, Any]:
    seen: Counter[str] = Counter()
    for line in cart.lines:
        seen[line.sku] += line.quantity
    return {"version": cart.version, "seen": dict(seen)}


def _preferences(preferences: Preferences) -> dict[str, Any]:
    return {"version": preferences.version, "seen": dict.fromkeys(preferences.interests, 1)}
