"""Prepares a message that is due: asks once more whether it may go, and makes its text from what is true now."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from libs.clock import Clock
from libs.mongo.documents import SavedDocument
from libs.mongo.shared_clock import Doubts, no_doubt
from libs.purposes import Purpose, PurposeTable
from libs.telemetry.propagation import current_traceparent
from services.messaging.deciding.facts import Facts, Wishes
from services.messaging.deciding.gates import judge
from services.messaging.deciding.judgement import Finding, GateVerdict, Judgement, Verdict, only
from services.messaging.deciding.last_look import LastLook
from services.messaging.deciding.metrics import JudgementMetrics
from services.messaging.deciding.person import UNKNOWN_WISHES, CodeGone, Person, ask_about
from services.messaging.deciding.prepared import Away, End, Prepared, Ready
from services.messaging.deciding.sources import NotThere, SourceAway, Sources, away_from, cart_now, source_finding
from services.messaging.deciding.suppression import closed_to, suppressed_in
from services.messaging.deciding.time_zones import TimeZones
from services.messaging.deciding.usual_hours import preferred_time
from services.messaging.deciding.verdicts import Outcome, Send, Skip, Wait
from services.messaging.texts.book import TemplateBook
from services.messaging.texts.liquid_texts import TextFault
from services.messaging.texts.templates import Form, Template
from services.messaging.texts.writing import Reader, Writing
from services.messaging.values import Content, DeliveryKind, Message, MessageState, Messaging, Reason

WISHES_PATIENCE = timedelta(minutes=1)
"""So long something transactional waits for preference; then it goes without the customer's wishes."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A message that no gate but the last has anything against."""

    kind: DeliveryKind
    person: Person
    facts: Facts
    template: SavedDocument[Template]
    form: Form | None
    judgement: Judgement
    """As it is without the last gate."""

    @property
    def reader(self) -> Reader:
        """Give for whom its text is written."""
        return Reader(
            customer_id=self.person.customer_id,
            profile=self.person.profile,
            language=self.person.wishes.language,
            purchases=self.person.purchases,
            address=self.facts.contact_points.get(self.kind, ""),
            secrets=self.person.secrets,
            is_marketing=not self.facts.purpose.is_transactional,
        )

    def ending(self, verdict: GateVerdict, reason: Reason | None = None) -> Judgement:
        """Give the judgement with what the last gate says."""
        language = (("language", self.form.language),) if self.form else ()
        content = Finding("content", verdict, reason.value if reason else "", language)
        whole: Verdict = "SEND" if verdict == "PASS" else "SKIP"
        findings = (*self.judgement.findings, content)
        return replace(self.judgement, verdict=whole, reason=content.reason, findings=findings)

    def ended(self, as_state: MessageState, reason: Reason) -> Prepared:
        """Say that there is no text to send."""
        return Prepared(End(as_state, reason), self.ending("SKIP", reason))

    def held_up_by(self, source: str) -> Judgement:
        """Give the judgement where a service did not answer of which the text tells."""
        findings = (*self.judgement.findings, source_finding(source))
        return replace(self.judgement, verdict="WAIT", reason=Reason.SOURCE_AWAY.value, findings=findings)


class Preparing:
    """Judges messages, and has their texts written."""

    def __init__(
        self,
        *,
        sources: Sources,
        templates: TemplateBook,
        purposes: PurposeTable,
        writing: Writing,
        provided_kinds: tuple[DeliveryKind, ...],
        time_zones: TimeZones,
        metrics: JudgementMetrics,
        clock: Clock,
        doubt: Doubts = no_doubt,
        lead: timedelta = timedelta(),
    ) -> None:
        """`lead` is how long a message that may go is under way at most."""
        self._sources = sources
        self._writing = writing
        self._templates = templates
        self._purposes = purposes
        self.provided_kinds = provided_kinds
        self._time_zones = time_zones
        self._metrics = metrics
        self._clock = clock
        self._doubt = doubt
        self._lead = lead

    async def prepare(self, customer_id: str, message: Message, content: Content, state: Messaging) -> Prepared:
        """Say what becomes of a message now, and by what; `state` is the customer's record."""
        prepared = await self._prepare(customer_id, message, content, state)
        self._metrics.count(prepared.judgement)
        return prepared

    async def rehearse(self, customer_id: str, message: Message, state: Messaging) -> Judgement:
        """Say what would be decided now. Nothing is written, and no text made: only its form is looked for."""
        weighed = await self._weigh(customer_id, message, state)
        if isinstance(weighed, Prepared):
            return weighed.judgement
        if weighed.form is None:
            return weighed.ending("SKIP", Reason.NO_FORM)
        return weighed.ending("PASS")

    def suppose(
        self, person: Person, template: SavedDocument[Template] | None, message: Message, state: Messaging
    ) -> Judgement:
        """Say what would be decided about a message to somebody of whom all that it takes was asked.

        Without a template every form is supposed to be there. The purpose is one of those configured.
        """
        form_kinds = frozenset(DeliveryKind)
        if template is not None:
            form_kinds = template.state.kinds_in(person.wishes.language)
        facts = self._facts(self._purposes[message.purpose], person, form_kinds, state, message)
        return self._judged(message, facts, person, template)[1]

    async def _prepare(self, customer_id: str, message: Message, content: Content, state: Messaging) -> Prepared:
        asked_at = _now()
        weighed = await self._weigh(customer_id, message, state)
        if isinstance(weighed, Prepared):
            return weighed
        template, form, person = weighed.template, weighed.form, weighed.person
        if form is None:
            return weighed.ended(MessageState.SKIPPED, Reason.NO_FORM)
        try:
            written = await self._writing.write(template, form, weighed.reader, message, dict(content.variables))
        except SourceAway as away:
            return Prepared(Away(str(away)), weighed.held_up_by(str(away)))
        except NotThere as missing:
            reason = Reason.NO_ARTICLE if str(missing) == "article" else Reason.NO_ORDER
            return weighed.ended(MessageState.SKIPPED, reason)
        except TextFault as fault:
            log.warning("text_not_rendered", template_id=message.template_id, language=form.language, fault=str(fault))
            return weighed.ended(MessageState.FAILED, Reason.TEMPLATE_ERROR)
        ready = Ready(
            kind=weighed.kind,
            address=weighed.reader.address,
            rendered=written.rendered,
            headers=written.headers,
            brand=written.brand_id,
            last_look=self._last_look(asked_at, weighed, message, state),
            subject="" if person.code else written.kept.subject,
            content=replace(
                content,
                template_version=template.version,
                language=form.language,
                body_text="" if person.code else written.kept.body_text,
                card=None if person.code else written.kept.card,
            ),
        )
        return Prepared(ready, weighed.ending("PASS"))

    @staticmethod
    def _may_lack_wishes(purpose: Purpose, message: Message, now: datetime) -> bool:
        """Say whether a message goes where preference does not answer: what somebody is waiting for, and after a while.

        What needs consent never does.
        """
        if not purpose.is_transactional:
            return False
        return bool(message.verification_id) or now - message.create_time >= WISHES_PATIENCE

    def _last_look(self, asked_at: float, weighed: Weighed, message: Message, state: Messaging) -> LastLook | None:
        """Give what looks once more at what needs consent, just before it leaves."""
        if weighed.facts.purpose.is_transactional:
            return None
        person, customer_id = weighed.person, weighed.person.customer_id

        def still_goes(wishes: Wishes) -> bool:
            now_wished = replace(person, wishes=wishes)
            form_kinds = weighed.template.state.kinds_in(wishes.language)
            facts = self._facts(weighed.facts.purpose, now_wished, form_kinds, state, message)
            outcome = judge(message, facts).outcome
            address = facts.contact_points.get(weighed.kind, "")
            return outcome == Send(weighed.kind) and address == weighed.reader.address

        return LastLook(asked_at, _now, lambda: self._sources.wishes(customer_id), still_goes)

    async def _weigh(self, customer_id: str, message: Message, state: Messaging) -> Weighed | Prepared:
        """Ask all gates but the last."""
        now, traceparent = self._clock(), current_traceparent()

        def before_all(gate: str, end: End) -> Prepared:
            return Prepared(end, only(gate, "SKIP", end.reason.value, time=now, traceparent=traceparent))

        purpose = self._purposes.get(message.purpose)
        if purpose is None:
            return before_all("purpose", End(MessageState.FAILED, Reason.PURPOSE_UNKNOWN))
        template = await self._templates.find(message.template_id)
        if template is None:
            return before_all("content", End(MessageState.FAILED, Reason.TEMPLATE_NOT_FOUND))
        try:
            person = await ask_about(
                self._sources, customer_id, message, may_lack_wishes=self._may_lack_wishes(purpose, message, now)
            )
        except NotThere:
            return before_all("customer", End(MessageState.SKIPPED, Reason.CUSTOMER_NOT_FOUND))
        except CodeGone:
            return before_all("code", End(MessageState.SKIPPED, Reason.EXPIRED))
        except SourceAway as away:
            return Prepared(Away(str(away)), away_from(str(away), time=now, traceparent=traceparent))
        form_kinds = template.state.kinds_in(person.wishes.language)
        facts = self._facts(purpose, person, form_kinds, state, message)
        outcome, judgement = self._judged(message, facts, person, template)
        match outcome:
            case Wait():
                return Prepared(outcome, judgement)
            case Skip(reason):
                as_state = MessageState.CANCELLED if reason is Reason.ORDER_PLACED else MessageState.SKIPPED
                return Prepared(End(as_state, reason), judgement)
            case Send(kind):
                form = template.state.form_for(kind, person.wishes.language)
                return Weighed(kind, person, facts, template, form, judgement)

    def _judged(
        self, message: Message, facts: Facts, person: Person, template: SavedDocument[Template] | None
    ) -> tuple[Outcome, Judgement]:
        judged = judge(message, facts)
        inputs = (*person.versions, ("purposes", int(self._purposes.digest, 16)))
        if template is not None:
            inputs = (*inputs, ("template", template.version))
        findings = judged.findings
        if person.wishes is UNKNOWN_WISHES:
            findings = (Finding("sources", "PASS", "", (("source", "preference"),)), *findings)
        judgement = Judgement(facts.now, current_traceparent(), "SEND", findings=findings, inputs=inputs)
        match judged.outcome:
            case Wait(until):
                judgement = replace(judgement, verdict="WAIT", reason=judged.findings[-1].reason, until=until)
            case Skip(reason):
                judgement = replace(judgement, verdict="SKIP", reason=reason.value)
        return judged.outcome, judgement

    def _facts(
        self,
        purpose: Purpose,
        person: Person,
        form_kinds: frozenset[DeliveryKind],
        state: Messaging,
        message: Message,
    ) -> Facts:
        is_closed = closed_to(state, is_transactional=purpose.is_transactional)
        contact_points = person.contact_points(purpose, is_closed)
        now, zone = self._clock(), self._time_zones.find(person.whereabouts(message.origin.channel_id))
        return Facts(
            now=now,
            purpose=purpose,
            wishes=person.wishes,
            contact_points=contact_points,
            provided_kinds=self.provided_kinds,
            form_kinds=form_kinds,
            sent=state.sent,
            zone=zone,
            purposes=self._purposes,
            cart=cart_now(person.purchases) if person.purchases else None,
            bought=person.bought,
            suppressed=suppressed_in(state, contact_points),
            doubt=self._doubt(),
            lead=self._lead,
            preferred_time=preferred_time(state.reactions, message.send_window, zone=zone.zone, now=now),
        )


def _now() -> float:
    return asyncio.get_running_loop().time()
