"""Finds out who calls: token, certificate, journey, and whether they may have this much.

A refusal is given back and not raised, so that the call that is refused is counted and traced as well.
"""

import asyncio
from functools import partial
from typing import Any

from libs.errors import deadline_exceeded
from libs.rpc.admission import Admission
from libs.rpc.call import CURRENT_CALL, Call, Caller
from libs.rpc.entrance import Context
from libs.rpc.importance import Importance
from libs.rpc.peers import Peers, check_peer
from libs.rpc.quotas import Quotas
from libs.rpc.slots import CURRENT_SLOT
from libs.rpc.tokens import TokenVerifier, bearer_token
from libs.rpc.visit import Method, MethodMeter, Visit, labels_for
from libs.telemetry.journey import LABELS, NO_LABELS, JourneyLabels, labels_from_baggage
from libs.telemetry.propagation import remote_context, traceparent_of

MOST_WAIT_FOR_KEYS = 100
"""So many calls wait for keys at once."""
PREVIOUS_ATTEMPTS = "grpc-previous-rpc-attempts"
"""What gRPC's clients send with a call that they repeat by themselves."""


class Arrivals:
    """Receives the calls of one service."""

    def __init__(
        self, *, verifier: TokenVerifier, peers: Peers | None, admission: Admission | None, quotas: Quotas | None
    ) -> None:
        """`peers` reads certificates; None where nobody shows one. Without `admission` or `quotas` all may go on."""
        self._verifier = verifier
        self._peers = peers
        self._admission = admission
        self._quotas = quotas
        self._wait_for_keys = 0

    @property
    def fetches_keys(self) -> bool:
        """Whether a token may need a key that is not here yet."""
        return self._verifier.fetches

    async def key_known(self, context: Context) -> None:
        """Let a token be checked with a key that its issuer began to use a moment ago.

        Whoever has no good token can name such a key: so not all wait.
        """
        if not self._verifier.fetches or self._wait_for_keys >= MOST_WAIT_FOR_KEYS:
            return
        waiting = self._verifier.missing_key(context.invocation_metadata())
        if waiting is None:
            return
        self._wait_for_keys += 1
        try:
            await waiting
        finally:
            self._wait_for_keys -= 1

    def enter(
        self, method: Method, meter: MethodMeter, context: Context, *, brought_by: str = ""
    ) -> tuple[Visit, Exception | None]:
        """Find out who calls and start the span; a refusal is given back, so that it is counted and traced as well.

        `brought_by`: which of the suite's services brought it along with others, in a call that was let in.
        """
        headers: dict[str, Any] = dict(context.invocation_metadata() or ())  # values are text or bytes
        caller, token, labels, passed_on_by = Caller(channel_id="", channel_kind=0), "", NO_LABELS, ""
        refusal: Exception | None = None
        remaining_seconds: float | None = context.time_remaining()
        try:
            token = bearer_token(headers.get("authorization"))
            caller = self._verifier.verify(token)
            passed_on_by = self._compare_with_certificate(caller, method, context)
            if not caller.service:
                passed_on_by = passed_on_by or brought_by
            caller, labels = self._labelled(caller, str(headers.get("baggage", "")))
            self._ration(caller, passed_on=bool(passed_on_by))
            method.rule.check(caller)
            if remaining_seconds is not None and remaining_seconds <= 0:
                refusal = deadline_exceeded()
        except Exception as error:  # noqa: BLE001  raised again inside the span
            refusal = error
        LABELS.set(labels)
        visit = Visit(
            meter,
            remote_context(str(headers.get("traceparent", ""))),
            channel_kind=caller.channel_kind,
            service=caller.service,
            again=PREVIOUS_ATTEMPTS in headers,
        )
        deadline = None
        if remaining_seconds is not None:
            deadline = asyncio.get_running_loop().time() + remaining_seconds
        CURRENT_CALL.set(
            Call(
                caller=caller,
                journey_id=labels.journey_id,
                session_id=labels.session_id,
                traceparent=traceparent_of(visit.span.get_span_context()),
                token=token,
                method=method.path,
                passed_on_by=passed_on_by,
                deadline=deadline,
                check_again=partial(self._verifier.verify, token),
            )
        )
        return visit, refusal

    def _compare_with_certificate(self, caller: Caller, method: Method, context: Context) -> str:
        """Give the service that passes on the call of a channel; empty where the caller asks itself."""
        if self._peers is None:
            return ""
        peer = self._peers.of(context.auth_context())
        check_peer(peer, caller, may_call=method.rule.callers.__contains__)
        return "" if caller.service else peer.service

    def _labelled(self, caller: Caller, baggage: str) -> tuple[Caller, JourneyLabels]:
        labels = labels_from_baggage(baggage)
        if caller.service:
            caller = self._verifier.for_channel(caller, labels.channel_id)
        return caller, labels_for(labels, caller.channel_id)

    def _ration(self, caller: Caller, *, passed_on: bool) -> None:
        """Let no channel have more than it may, nor crowd out the others. Raises RATE_LIMITED, OVERLOADED.

        What a service passes on has been counted where the channel called.
        """
        slot = CURRENT_SLOT.get()
        refusal = None
        if self._quotas is not None and not passed_on:
            is_urgent = slot is not None and slot.importance is Importance.URGENT
            refusal = self._quotas.take(caller, is_urgent=is_urgent)
        if refusal is None and slot is not None and self._admission is not None:
            refusal = self._admission.claim(slot, caller.channel_id)
        if refusal is not None:
            raise refusal
