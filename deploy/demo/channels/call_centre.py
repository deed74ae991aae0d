"""The call centre's backend: an agent, recognised by the token's actor claim, with a customer on the line."""

import asyncio
from contextlib import aclosing

from opentelemetry.propagate import extract
from opentelemetry.trace import format_trace_id, get_current_span

import omnithread
from deploy.demo.channels.catalogue import ARTICLES
from deploy.demo.channels.look import live_view, look, word
from deploy.demo.views import Reasons, Step, Timeline, View
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_CALL_ANSWERED, Touchpoint, TouchpointKind
from omnithread.context.v1.context_service_pb2 import GetJourneyRequest, RecordTouchpointRequest
from omnithread.messaging.v1.explanation_pb2 import GATE_VERDICT_PASS
from omnithread.messaging.v1.explanation_service_pb2 import ExplainMessageRequest, ExplainSilenceRequest
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_AGENT
from omnithread.messaging.v1.messaging_service_pb2 import PostMessageRequest


class CallCentre:
    """What happens behind the agent's screen."""

    def __init__(self, suite: omnithread.Omnithread) -> None:
        self._suite = suite
        self._session: omnithread.Session | None = None
        self._watching: asyncio.Task[None] | None = None
        self._screen: View | None = None

    @property
    def session(self) -> omnithread.Session:
        """The call that goes on."""
        if self._session is None:
            raise LookupError("nobody is on the line")
        return self._session

    async def take_call(self, phone: str) -> View:
        """The customer calls; the agent sees where they stand before a word is said."""
        self._session = await self._suite.start_session([omnithread.phone(phone, verified=True)])
        with self.session.carry():
            await self._suite.context.RecordTouchpoint(
                RecordTouchpointRequest(customer_id=self.session.customer_id, kind=TOUCHPOINT_KIND_CALL_ANSWERED)
            )
        self._watching = asyncio.create_task(self._watch())
        return await self.look()

    async def _watch(self) -> None:
        """Keep what the agent sees as it is: nothing asks again, the suite tells."""
        async with aclosing(self._suite.watch_context(self.session.customer_id)) as states:
            async for state in states:
                self._screen = live_view(state)

    async def screen(self) -> View:
        """What is on the agent's screen, without asking anybody."""
        if self._screen is None:
            return await self.look()
        return self._screen

    async def reply(self, text: str) -> View:
        """The agent answers in the conversation that the customer began in the app."""
        with self.session.carry():
            await self._suite.messaging.PostMessage(
                PostMessageRequest(customer_id=self.session.customer_id, topic="order", author=AUTHOR_AGENT, text=text)
            )
        return await self.look()

    async def put_into_cart(self, sku: str) -> View:
        """The agent adds what the customer asks for."""
        with self.session.carry():
            await self._suite.cart.AddItem(ARTICLES[sku].added_to(self.session.customer_id))
        return await self.look()

    async def look(self) -> View:
        """What the agent knows of the customer now."""
        with self.session.carry():
            return await look(self._suite, self.session.customer_id)

    async def explain(self, message_id: str) -> Reasons:
        """Ask messaging why a message was sent."""
        answer = await self._suite.explanations.ExplainMessage(
            ExplainMessageRequest(customer_id=self.session.customer_id, message_id=message_id)
        )
        judgement = answer.explanation.judgements[-1]
        return Reasons(
            reason=judgement.reason,
            gates={finding.gate for finding in judgement.findings if finding.verdict == GATE_VERDICT_PASS},
            judged_in_a_trace=bool(judgement.traceparent),
            words=list(answer.explanation.words),
        )

    async def explain_silence(self, purpose: str) -> Reasons:
        """Ask messaging why nothing came."""
        answer = await self._suite.explanations.ExplainSilence(
            ExplainSilenceRequest(customer_id=self.session.customer_id, purpose=purpose)
        )
        return Reasons(
            reason=answer.explanation.reason,
            gates=set(),
            judged_in_a_trace=False,
            words=list(answer.explanation.words),
        )

    async def timeline(self) -> Timeline:
        """The whole journey, page by page."""
        touchpoints: list[Touchpoint] = []
        token = ""
        while True:
            page = await self._suite.context.GetJourney(
                GetJourneyRequest(customer_id=self.session.customer_id, page_size=20, page_token=token)
            )
            touchpoints.extend(page.touchpoints)
            token = page.next_page_token
            if not token:
                break
        return Timeline(
            journey_id=page.journey.journey_id,
            channels=list(page.journey.channel_ids),
            steps=[_step(touchpoint) for touchpoint in touchpoints],
        )


def _step(touchpoint: Touchpoint) -> Step:
    cause = get_current_span(extract({"traceparent": touchpoint.traceparent})).get_span_context()
    return Step(
        time=touchpoint.occur_time.ToDatetime(),
        channel=touchpoint.channel.id,
        kind=word(TouchpointKind.Name(touchpoint.kind), "TOUCHPOINT_KIND_"),
        summary=touchpoint.summary,
        by_customer=touchpoint.by_customer,
        trace_id=format_trace_id(cause.trace_id) if cause.is_valid else "",
    )
