"""Notes what providers and inboxes report of messages. The first of each kind counts, whatever the order they come in.

A message is written as it was read or not at all: of two reports at the same moment the later one reads again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from libs.clock import Clock
from libs.errors import CUSTOMER_ERASED, OmnithreadError, Status, conflict
from libs.ids import NewId
from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.members import get_member
from libs.mongo.record import Records
from libs.mongo.values import Saved
from libs.origin import Origin, Stamp
from libs.telemetry.journey import journey_labels
from libs.telemetry.propagation import current_traceparent
from libs.webhooks.signing import SignatureInvalid, check_signature
from services.messaging import model
from services.messaging.campaigns.reporting.meters import CampaignMeters
from services.messaging.delivery import errors
from services.messaging.delivery.meters import Meters
from services.messaging.delivery.providers import BUILT_IN, Provider, Providers
from services.messaging.delivery.reports import Report, read_reports
from services.messaging.errors import message_not_found
from services.messaging.events import Event
from services.messaging.model import Change, Overtaken
from services.messaging.store import MESSAGES, PROVIDER_REF, message_from_document
from services.messaging.values import Content, Message, MessageState, Messaging, Receipt, ReceiptKind

PART = "messaging-receipts"
MOST_TRIES = 12
MOST_AT_ONCE = 8
WENT_OUT = frozenset({MessageState.SENDING, MessageState.SENT, MessageState.UNKNOWN})

log = structlog.get_logger(__name__)

Check = Callable[[Message], str]
"""Says what is wrong with reporting on a message: one of the outcomes, empty where nothing is."""


@dataclass(frozen=True, slots=True)
class MarkedRead:
    """A message of an inbox that its customer has read."""

    saved: Saved[Messaging]
    message: Message
    content: Content
    was_known: bool
    """Whether it had been read before."""


@dataclass(frozen=True, slots=True)
class ReceiptDesk:
    """Takes receipts."""

    records: Records[Messaging, Event]
    database: Database
    providers: Providers
    meters: Meters
    campaigns: CampaignMeters
    clock: Clock
    new_id: NewId
    wake: Callable[[str], None]
    """Tells those who watch a customer's inbox."""

    async def report(self, provider_id: str, *, signature: str, body: bytes) -> list[str]:
        """Note what a provider reports, and give the outcome of each receipt by the contract's names.

        Raises PROVIDER_NOT_FOUND, SIGNATURE_INVALID, RECEIPTS_INVALID.
        """
        provider = self.providers.find(provider_id)
        if provider is None or not provider.receipt_secrets:
            raise errors.provider_not_found(provider_id)
        try:
            check_signature(provider.receipt_secrets, signature, body, self.clock())
        except SignatureInvalid as invalid:
            self.meters.receipt(provider_id, "", "FORGED")
            log.warning("receipts_refused", provider=provider_id, why=invalid.why)
            raise errors.signature_invalid(invalid.why) from None
        reports = read_reports(body)
        room = asyncio.Semaphore(MOST_AT_ONCE)

        async def note(report: Report) -> str:
            async with room:
                return await self._note(provider, report)

        outcomes = await asyncio.gather(*(note(report) for report in reports))
        for report, outcome in zip(reports, outcomes, strict=True):
            self.meters.receipt(provider_id, report.receipt.kind, outcome)
        return outcomes

    async def mark_read(self, customer_id: str, message_id: str, *, stamp: Stamp) -> MarkedRead:
        """Note that a customer read a message of the inbox.

        Raises MESSAGE_NOT_FOUND, MESSAGE_NOT_SHOWN.
        """

        def check(message: Message) -> str:
            shown = message.delivery_kind in BUILT_IN and message.state is MessageState.SENT
            return "" if shown else "MESSAGE_NOT_SHOWN"

        receipt = Receipt(ReceiptKind.OPENED, self.clock())
        outcome, saved = await self._noted(customer_id, message_id, receipt, check=check, stamp=stamp)
        if outcome == "MESSAGE_NOT_SHOWN":
            raise errors.message_not_shown()
        found = await self._read(saved, message_id)
        if found is None:
            raise message_not_found()
        return MarkedRead(saved, *found, was_known=outcome == "KNOWN")

    async def _note(self, provider: Provider, report: Report) -> str:
        try:
            found = await self._find(provider, report)
            if found is None:
                return "MESSAGE_UNKNOWN"

            def check(message: Message) -> str:
                went_out = message.is_unsure or message.state in WENT_OUT
                if message.provider_id != provider.provider_id or not went_out:
                    return "MESSAGE_UNKNOWN"
                is_possible = report.is_of_its_time(create_time=message.create_time, now=self.clock())
                return "" if is_possible else "TIME_INVALID"

            customer_id, message_id = found
            with journey_labels(customer_id=customer_id):  # a provider reports of many customers at once
                outcome, _ = await self._noted(customer_id, message_id, report.receipt, check=check)
        except OmnithreadError as error:
            if error.status is Status.NOT_FOUND or error.reason == CUSTOMER_ERASED:
                return "MESSAGE_UNKNOWN"
            log.warning("receipt_not_noted", provider=provider.provider_id, reason=error.reason)
            return "LATER"
        return outcome

    async def _find(self, provider: Provider, report: Report) -> tuple[str, str] | None:
        """Give customer and message; None where there is none, or it is on its way to where it is looked for."""
        match = {"_id": report.message_id}
        if report.provider_ref:
            match = {PROVIDER_REF: f"{provider.provider_id} {report.provider_ref}"}
        with reading():
            document = await self.database[MESSAGES].find_one(match, {"customer_id": 1})
        return (document["customer_id"], document["_id"]) if document else None

    async def _noted(
        self, customer_id: str, message_id: str, receipt: Receipt, *, check: Check, stamp: Stamp | None = None
    ) -> tuple[str, Saved[Messaging]]:
        """Note one receipt, unless it is known or `check` says what is wrong. Raises MESSAGE_NOT_FOUND, CONFLICT."""
        for _ in range(MOST_TRIES):
            seen = await self.records.get(customer_id)
            found = await self._read(seen, message_id)
            if found is None:
                raise message_not_found()
            message, content = found
            wrong = check(message)
            if wrong:
                return wrong, seen
            change = model.note_receipt(seen.state, message, content, receipt)
            if change is None:
                return "KNOWN", seen
            try:
                outcome = await self.records.run(
                    customer_id, stamp or self._stamp(message), _unless_changed(seen, change)
                )
            except Overtaken:
                continue
            self.wake(outcome.saved.customer_id)
            if not outcome.replayed:
                self.campaigns.count(change.events)
            return ("KNOWN" if outcome.replayed else "NOTED"), outcome.saved
        raise conflict()

    async def _read(self, saved: Saved[Messaging], message_id: str) -> tuple[Message, Content] | None:
        """Give a message as it is: while it waits, what the record says of it holds."""
        document = await get_member(self.database, MESSAGES, saved, message_id)
        if document is None:
            return None
        message, content = message_from_document(document)
        waiting = (one for one in saved.state.waiting if one.message_id == message_id)
        return next(waiting, message), content

    def _stamp(self, message: Message) -> Stamp:
        origin = replace(
            Origin.system(PART, traceparent=current_traceparent()),
            session_id=message.origin.session_id,
            journey_id=message.origin.journey_id,
        )
        return Stamp.internal(f"receipt:{self.new_id('rct')}", origin)


def _unless_changed(seen: Saved[Messaging], change: Change) -> Callable[[Saved[Messaging]], Change]:
    def decide(now: Saved[Messaging]) -> Change:
        if (now.customer_id, now.version) != (seen.customer_id, seen.version):
            raise Overtaken
        return change

    return decide
