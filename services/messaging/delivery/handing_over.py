"""Hands messages to providers, and notes what is certain afterwards. Once, as far as that can be known.

A message is claimed first (`SENDING`, with a lease), handed over, and settled; each is one conditional write, so of
several workers one does it. What happens where nobody knows whether it went out, because the worker died or the answer
was lost, depends on the provider and on the purpose (`_in_doubt`): ask the provider, or hand it over again under the
same key to one who takes each key once, or once more where the purpose says so, or never again.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from libs.errors import CUSTOMER_ERASED, OmnithreadError
from libs.ids import NewId
from libs.mongo.values import Saved
from libs.purposes import PurposeTable
from services.messaging import model
from services.messaging.conversations.mails import reply_headers
from services.messaging.deciding.judgement import Finding, Judgement
from services.messaging.deciding.last_look import CalledOff
from services.messaging.deciding.prepared import Ready
from services.messaging.delivery.adapters import NotTaken, Parcel, Refused, Taken, Unsure, nothing_to_look_at
from services.messaging.delivery.meters import Meters
from services.messaging.delivery.patience import Patience
from services.messaging.delivery.providers import Provider, Providers
from services.messaging.delivery.steps import Step, Steps
from services.messaging.delivery.suppressed import digest_of
from services.messaging.model import Change, Overtaken
from services.messaging.values import Content, DeliveryKind, Message, MessageState, Messaging, Reason

SETTLE_PAUSE_SECONDS = 0.5
LOOK_UP_SECONDS = 10.0
PROVIDER_BUSY = "PROVIDER_BUSY"
"""Why a message waits that might go: the provider's rate, room or circuit."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class HandingOver:
    """What happens between a message that may go and one that went."""

    steps: Steps
    providers: Providers
    purposes: PurposeTable
    patience: Patience
    meters: Meters
    new_id: NewId

    def provider_of(self, message: Message, kind: DeliveryKind) -> Provider | None:
        """Give who takes a message by this way: of one that may have gone already, only the one who may have it."""
        if not (message.is_unsure and message.provider_id):
            return self.providers.for_kind(kind)
        before = self.providers.find(message.provider_id)
        return before if before is not None and kind in before.kinds else None

    async def send(
        self, provider: Provider, saved: Saved[Messaging], message: Message, judgement: Judgement, ready: Ready
    ) -> None:
        """Claim a message, hand it over, settle it; let it wait while the provider has no room. Raises Overtaken."""
        now = self.steps.clock()
        until = provider.admit(message.message_id, now)
        if until is not None:
            self.meters.waited(provider)
            await self._wait(provider, saved, message, judgement, until)
            return
        provider.began()
        began = asyncio.get_running_loop().time()
        try:
            customer_id, claimed = await self._claim(provider, saved, message, judgement, ready)
            step = await self._hand_over(provider, customer_id, claimed, ready)
        finally:
            provider.ended(timedelta(seconds=asyncio.get_running_loop().time() - began))
        await self._settle(customer_id, claimed, step)

    async def resolve(self, saved: Saved[Messaging], message: Message, content: Content) -> None:
        """Find out what became of a message whose worker was lost, or whose answer was. Raises Overtaken."""
        provider = self.providers.find(message.provider_id)
        step = await self._in_doubt(provider, message, content)
        await self.steps.write(saved.customer_id, message, step)

    async def _wait(
        self, provider: Provider, saved: Saved[Messaging], message: Message, judgement: Judgement, until: datetime
    ) -> None:
        busy = Finding("provider", "WAIT", PROVIDER_BUSY, (("provider", provider.provider_id),))
        waits = replace(
            judgement, verdict="WAIT", reason=PROVIDER_BUSY, until=until, findings=(*judgement.findings, busy)
        )
        await self.steps.write(
            saved.customer_id,
            message,
            lambda state, _now: model.put_off(*model.noting(state, message, waits), due_time=until),
        )

    async def _claim(
        self, provider: Provider, saved: Saved[Messaging], message: Message, judgement: Judgement, ready: Ready
    ) -> tuple[str, Message]:
        claim_id = self.new_id("clm")

        def step(state: Messaging, now: datetime) -> Change:
            return model.claim(
                *model.noting(state, message, judgement),
                ready.content,
                kind=ready.kind,
                subject=ready.subject,
                counted=saved.state.sent,
                claim_id=claim_id,
                lease_until=now + self.patience.lease,
                now=now,
                provider_id=provider.provider_id,
                address_digest=digest_of(ready.kind, ready.address),
            )

        after = await self.steps.write(saved.customer_id, message, step)
        claimed = next((mine for mine in after.state.waiting if mine.claim_id == claim_id), None)
        if claimed is None:
            raise Overtaken
        return after.customer_id, claimed

    async def _hand_over(self, provider: Provider, customer_id: str, claimed: Message, ready: Ready) -> Step:
        """Give the message to the provider, and say what is to be noted."""
        if (
            self.steps.clock() > claimed.due_time - self.patience.lease / 2
        ):  # the claim took too long, or we stood still
            log.warning("handed_over_too_late", message_id=claimed.message_id, provider=provider.provider_id)
            return self._try_again(claimed, ready.content)
        parcel = Parcel(
            message_id=claimed.message_id,
            idempotency_key=claimed.message_id,
            kind=ready.kind,
            address=ready.address,
            rendered=ready.rendered,
            language=ready.content.language,
            purpose=claimed.purpose,
            customer_id=customer_id,
            headers=(*ready.headers, *reply_headers(claimed)),
            brand=ready.brand,
        )
        try:
            async with asyncio.timeout(self.patience.lease.total_seconds() / 2):
                taken = await provider.adapter.hand_over(parcel, ready.last_look or nothing_to_look_at)
        except CalledOff as called_off:
            self._note(provider, claimed, "called_off", str(called_off), is_failure=None)
            return lambda state, now: model.put_back(
                state,
                claimed,
                ready.content,
                due_time=self.patience.retry_time(claimed, now),
                now=now,
                is_unsure=claimed.is_unsure,
                counts=False,
            )
        except Refused as refused:
            self._note(provider, claimed, "refused", str(refused), is_failure=False)
            hard = refused.is_hard_bounce
            return lambda state, now: model.refuse(state, claimed, ready.content, is_hard_bounce=hard, now=now)
        except NotTaken as not_taken:
            self._note(provider, claimed, "not_taken", str(not_taken), is_failure=not_taken.is_about_all)
            return self._try_again(claimed, ready.content, at_least_seconds=not_taken.retry_after_seconds)
        except (Unsure, TimeoutError) as unsure:
            self._note(provider, claimed, "unsure", str(unsure) or type(unsure).__name__, is_failure=True)
        except Exception as error:  # what nobody foresaw may have happened before or after it was taken
            log.exception("message_not_handed_over", message_id=claimed.message_id, exc_info=error)
            self._note(provider, claimed, "unsure", type(error).__name__, is_failure=True)
        else:
            self._note(provider, claimed, "taken", "", is_failure=False)
            return lambda state, now: model.confirm(
                state, claimed, ready.content, now=now, provider_ref=taken.provider_ref
            )
        if provider.adapter.can_look_up:
            return self._ask_later(claimed)
        return await self._in_doubt(provider, claimed, ready.content, lost=Reason.OUTCOME_UNKNOWN)

    async def _in_doubt(
        self, provider: Provider | None, claimed: Message, content: Content, *, lost: Reason = Reason.WORKER_LOST
    ) -> Step:
        """Say what is to be noted of a message of which nobody here knows whether it went out."""
        reason = Reason.OUTCOME_UNKNOWN if claimed.is_unsure else lost
        purpose = self.purposes.get(claimed.purpose)
        if provider is not None and provider.adapter.can_look_up:
            try:
                async with asyncio.timeout(LOOK_UP_SECONDS):
                    found = await provider.adapter.look_up(claimed.message_id)
            except Exception as error:  # noqa: BLE001  asking changes nothing, so it can be asked again
                self._note(provider, claimed, "not_found_out", str(error) or type(error).__name__, is_failure=None)
                if not self.patience.is_over(claimed):
                    return self._ask_later(claimed)
            else:
                self._note(provider, claimed, "looked_up", "taken" if found else "not taken", is_failure=None)
                return self._found(claimed, content, found)
        elif (provider is not None and provider.adapter.takes_once and not self.patience.is_over(claimed)) or (
            purpose is not None
            and purpose.is_transactional
            and purpose.when_unknown == "again"
            and not self.patience.is_over(claimed)
        ):
            return self._try_again(claimed, content, is_unsure=True)
        return lambda state, now: model.give_up(state, claimed, content, reason=reason, now=now)

    def _found(self, claimed: Message, content: Content, found: Taken | None) -> Step:
        if found is None:
            return self._try_again(claimed, content, is_unsure=False)
        return lambda state, now: model.confirm(state, claimed, content, now=now, provider_ref=found.provider_ref)

    def _ask_later(self, claimed: Message) -> Step:
        return lambda state, now: model.put_off(
            state, claimed, due_time=self.patience.retry_time(claimed, now), tried=True, failed=True, is_unsure=True
        )

    def _try_again(
        self, claimed: Message, content: Content, *, at_least_seconds: float = 0.0, is_unsure: bool | None = None
    ) -> Step:
        doubt = claimed.is_unsure if is_unsure is None else is_unsure
        if self.patience.is_over(claimed):
            return lambda state, now: model.end(
                state,
                claimed,
                as_state=MessageState.FAILED,
                reason=Reason.NOT_TAKEN,
                now=now,
                content=content,
                is_certain=not doubt,
            )
        return lambda state, now: model.put_back(
            state,
            claimed,
            content,
            due_time=self.patience.retry_time(claimed, now, at_least_seconds=at_least_seconds),
            now=now,
            is_unsure=doubt,
        )

    def _note(self, provider: Provider, claimed: Message, outcome: str, why: str, *, is_failure: bool | None) -> None:
        """Count what became of it, for the circuit and for whoever watches.

        That a provider can be asked, or cannot, says nothing of whether it takes messages (None).
        """
        self.meters.handed_over(provider, outcome)
        if is_failure:
            provider.circuit.failed(self.steps.clock())
        elif is_failure is not None:
            provider.circuit.succeeded()
        if outcome != "taken":
            log.warning(
                "handed_over",
                outcome=outcome,
                message_id=claimed.message_id,
                provider=provider.provider_id,
                why=why[:100],
            )

    async def _settle(self, customer_id: str, claimed: Message, step: Step) -> None:
        """Note what became of a message, and go on trying to until the lease ends: only this worker knows."""
        stamp = self.steps.stamp(claimed)
        while True:
            try:
                await self.steps.write(customer_id, claimed, step, stamp=stamp)
            except OmnithreadError as error:
                log.warning("message_not_settled", message_id=claimed.message_id, reason=error.reason)
                if error.reason == CUSTOMER_ERASED or self.steps.clock() >= claimed.due_time:
                    return
                await asyncio.sleep(SETTLE_PAUSE_SECONDS)
            else:
                return
