"""Prepares a message that is due: asks once more whether it may go, and makes its text from what is true now."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from libs.clock import Clock
from libs.purposes import Purpose, PurposeTable
from omnithread.cart.v1.cart_service_pb2 import GetCartResponse
from omnithread.profile.v1.profile_pb2 import Profile
from services.messaging.deciding.gates import Bought, Facts, Skip, Wait, Wishes, judge
from services.messaging.deciding.sources import Code, NotThere, Sources, cart_now, contact_points
from services.messaging.texts.book import TemplateBook
from services.messaging.texts.liquid_texts import TextFault
from services.messaging.texts.templates import Rendered, Template
from services.messaging.texts.writing import Reader, Writing
from services.messaging.values import Content, DeliveryKind, Message, MessageState, Reason, Sending

CODE_VARIABLE = "code"
"""How the template of one-time codes names the code."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """It may go, and this is what goes."""

    kind: DeliveryKind
    address: str
    """Empty for the inbox."""
    rendered: Rendered
    subject: str
    """What is kept of the subject."""
    content: Content
    """What is kept of the text, among others."""


@dataclass(frozen=True, slots=True)
class End:
    """It does not go."""

    as_state: MessageState
    reason: Reason


@dataclass(frozen=True, slots=True)
class Person:
    """What was asked about the customer a moment ago."""

    customer_id: str
    profile: Profile
    wishes: Wishes
    purchases: GetCartResponse | None
    """Asked for where the message is about a cart; else only once a text tells of one."""
    code: Code | None = None
    """The one-time code to bring, where the message brings one."""
    bought: tuple[Bought, ...] = ()
    """The newest orders: asked for where the message is about an article."""

    @property
    def secrets(self) -> dict[str, str]:
        """Give what a text may tell and nobody may keep."""
        return {CODE_VARIABLE: self.code.code} if self.code else {}

    def contact_points(self, purpose: Purpose) -> Mapping[DeliveryKind, str]:
        """Give where the customer can be reached; a code goes to the address that it is to prove, and nowhere else."""
        if self.code is not None:
            return {DeliveryKind.EMAIL: self.code.address}
        return contact_points(self.profile, self.wishes, purpose.name)


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
        default_time_zone: str,
        clock: Clock,
    ) -> None:
        self._sources = sources
        self._writing = writing
        self._templates = templates
        self._purposes = purposes
        self._provided_kinds = provided_kinds
        self._default_time_zone = default_time_zone
        self._clock = clock

    async def prepare(
        self, customer_id: str, message: Message, content: Content, sent: tuple[Sending, ...]
    ) -> Ready | Wait | End:
        """Say what becomes of a message now. Raises SourceAway where a service does not answer: then it waits."""
        purpose = self._purposes.get(message.purpose)
        if purpose is None:
            return End(MessageState.FAILED, Reason.PURPOSE_UNKNOWN)
        template = await self._templates.find(message.template_id)
        if template is None:
            return End(MessageState.FAILED, Reason.TEMPLATE_NOT_FOUND)
        person = await self._ask(customer_id, message)
        if isinstance(person, End):
            return person
        facts = self._facts(purpose, person, template.state, sent)
        verdict = judge(message, facts)
        if isinstance(verdict, Wait):
            return verdict
        if isinstance(verdict, Skip):
            was_bought = verdict.reason is Reason.ORDER_PLACED
            return End(MessageState.CANCELLED if was_bought else MessageState.SKIPPED, verdict.reason)
        form = template.state.form_for(verdict.kind, person.wishes.language)
        if form is None:
            return End(MessageState.SKIPPED, Reason.NO_FORM)
        try:
            written = await self._writing.write(
                template,
                form,
                Reader(
                    customer_id=customer_id,
                    profile=person.profile,
                    language=person.wishes.language,
                    purchases=person.purchases,
                    address=facts.contact_points.get(verdict.kind, ""),
                    secrets=person.secrets,
                ),
                message,
                dict(content.variables),
            )
        except NotThere:
            return End(MessageState.SKIPPED, Reason.NO_ORDER)
        except TextFault as fault:
            log.warning("text_not_rendered", template_id=message.template_id, language=form.language, fault=str(fault))
            return End(MessageState.FAILED, Reason.TEMPLATE_ERROR)
        return Ready(
            kind=verdict.kind,
            address=facts.contact_points.get(verdict.kind, ""),
            rendered=written.rendered,
            subject="" if person.code else written.kept.subject,
            content=replace(
                content,
                template_version=template.version,
                language=form.language,
                body_text="" if person.code else written.kept.body_text,
                card=None if person.code else written.kept.card,
            ),
        )

    async def _ask(self, customer_id: str, message: Message) -> Person | End:
        async def purchases() -> GetCartResponse | None:
            return await self._sources.purchases(customer_id) if message.cart_id else None

        async def bought() -> tuple[Bought, ...]:
            return await self._sources.bought(customer_id) if message.sku else ()

        try:
            profile, wishes, cart, orders = await asyncio.gather(
                self._sources.person(customer_id), self._sources.wishes(customer_id), purchases(), bought()
            )
        except NotThere:
            return End(MessageState.SKIPPED, Reason.CUSTOMER_NOT_FOUND)
        if not message.verification_id:
            return Person(customer_id, profile, wishes, cart, bought=orders)
        try:
            code = await self._sources.code(customer_id, message.verification_id)
        except NotThere:
            return End(MessageState.SKIPPED, Reason.EXPIRED)
        # Who the customer is is left out: nobody knows yet whether the address is theirs.
        wishes = replace(wishes, language=code.language or wishes.language)
        return Person(customer_id, Profile(), wishes, None, code)

    def _facts(self, purpose: Purpose, person: Person, template: Template, sent: tuple[Sending, ...]) -> Facts:
        return Facts(
            now=self._clock(),
            purpose=purpose,
            wishes=person.wishes,
            contact_points=person.contact_points(purpose),
            provided_kinds=self._provided_kinds,
            form_kinds=template.kinds_in(person.wishes.language),
            sent=sent,
            default_time_zone=self._default_time_zone,
            cart=cart_now(person.purchases) if person.purchases else None,
            bought=person.bought,
        )
