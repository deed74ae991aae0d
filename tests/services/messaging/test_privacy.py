"""Words, names and addresses stay in messaging and its mails; and a reminder belongs to the trace of what caused it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from deploy.sample.load import put_templates
from libs.telemetry.propagation import span_context_of
from libs.telemetry.tracing import tracer_provider
from omnithread import Labels, carry, email
from omnithread.cart.v1 import cart_internal_service_pb2
from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceStub
from omnithread.common.v1.delivery_pb2 import DeliveryKind
from omnithread.messaging.v1 import messaging_service_pb2 as pb
from omnithread.profile.v1.profile_service_pb2 import IdentifyRequest
from services.cart.service import SERVICE as CART
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.services.calls import refusal, until
from tests.services.messaging.conftest import EMBEDDED, IMPATIENT, IMPATIENT_CART, mail_by
from tests.services.messaging.office import EMAIL, IN_APP, MovedClock, Office, came_to, form, office_at
from tests.services.messaging.post_office import PostOffice, hang_up
from tests.services.running import Services

if TYPE_CHECKING:  # the class of a stub on an asyncio channel is known to type checkers only
    from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceAsyncStub

SECRETS = ("Quietname", "quietperson", "Quietwords", "Quietthing", "Quietvalue", "quietrefused")
LABELS = Labels(journey_id="jrn_quiet", session_id="ses_quiet")


@dataclass(frozen=True, slots=True)
class Watched:
    """Messaging, and all the spans that it and cart make."""

    office: Office
    spans: InMemorySpanExporter
    clock: MovedClock
    cart_internal: "CartInternalServiceAsyncStub"

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans.get_finished_spans() if span.name == name]

    async def abandoned_trace(self, customer_id: str) -> str:
        """The trace context with which the abandoned cart was announced."""
        request = cart_internal_service_pb2.ReplayEventsRequest(customer_id=customer_id)
        events = (await self.cart_internal.ReplayEvents(request)).events
        return next((event.header.traceparent for event in events if event.HasField("cart_abandoned")), "")


@pytest.fixture
async def watched(
    mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path, post: PostOffice
) -> AsyncIterator[Watched]:
    spans, clock = InMemorySpanExporter(), MovedClock()
    provider = tracer_provider(service="test", ratio=1.0, processor=SimpleSpanProcessor(spans))
    tracer = provider.get_tracer("test")
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=tmp_path
    ) as services:
        await services.start(PROFILE, **EMBEDDED)
        await services.start(PREFERENCE, **EMBEDDED)
        cart = await services.start(CART, tracer=tracer, **IMPATIENT_CART)
        settings = {**mail_by(post), **IMPATIENT, "reminder_delay_seconds": 60}
        running = await services.start(MESSAGING, clock=clock, tracer=tracer, **settings)
        await put_templates(services.connect("call-centre", at=running))
        office = office_at(services, running, post)
        yield Watched(office, spans, clock, CartInternalServiceStub(services.as_service("messaging", to=cart)))
    provider.shutdown()


@pytest.mark.parametrize("minutes_later", [1, 20])
async def test_a_reminder_goes_on_in_the_trace_of_its_cause_or_is_linked_to_it(
    watched: Watched, minutes_later: int
) -> None:
    office = watched.office
    anna = await office.person(EMAIL)
    with carry(LABELS):
        await office.fill_cart(anna.customer_id)
    message = await office.first_message(anna.customer_id)
    watched.clock.later = timedelta(minutes=minutes_later, seconds=1)
    assert came_to(await office.ended(anna.customer_id, message.message_id)) == ("SENT", "")

    [step] = watched.named("message due")
    cause = span_context_of(await watched.abandoned_trace(anna.customer_id))
    assert cause is not None
    assert step.context is not None
    if minutes_later == 1:
        assert step.context.trace_id == cause.trace_id
        assert step.links == ()
    else:
        assert step.context.trace_id != cause.trace_id
        assert [link.context.trace_id for link in step.links] == [cause.trace_id]
    attributes = dict(step.attributes or {})
    assert {name: attributes.get(name) for name in ("journey.id", "session.id", "customer.id", "message.id")} == {
        "journey.id": "jrn_quiet",
        "session.id": "ses_quiet",
        "customer.id": anna.customer_id,
        "message.id": message.message_id,
    }
    asked = [span for span in watched.spans.get_finished_spans() if span.parent and span.parent == step.context]
    assert {"GetPreferences", "GetProfile", "GetCart"} <= {span.name.rpartition("/")[2] for span in asked}


async def test_nothing_private_leaves_messaging_but_in_its_mails(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    office, known = watched.office, [email("quietperson@example.com", verified=True)]
    answer = await office.profile.Identify(IdentifyRequest(identifiers=known, given_name="Quietname"))
    customer_id = answer.profile.customer_id
    await office.consent(customer_id, EMAIL, contact_point="quietperson@example.com")
    await office.put(
        "quiet",
        form(EMAIL, "Quietwords {{ customer.given_name }} {{ code }}", subject="Quietwords {{ code }}"),
        form(IN_APP, "Quietwords {{ 10 | divided_by: code }}"),
        variable_names=("code",),
    )
    value = [pb.Variable(name="code", value="Quietvalue")]

    async def comes_to(kind: DeliveryKind.ValueType) -> tuple[str, str]:
        message_id = await office.send(customer_id, "quiet", variables=value, delivery_kind=kind)
        return came_to(await office.ended(customer_id, message_id))

    assert await comes_to(EMAIL) == ("SENT", "")
    assert await comes_to(IN_APP) == ("FAILED", "TEMPLATE_ERROR")
    office.post.manners["quietperson@example.com"] = hang_up
    assert await comes_to(EMAIL) == ("UNKNOWN", "OUTCOME_UNKNOWN")
    office.post.unwelcome["quietperson@example.com"] = "550 No quietperson@example.com here, quietrefused"
    assert await comes_to(EMAIL) == ("FAILED", "REFUSED")
    await office.post_entry("web", customer_id, "Quietwords of a customer")
    await office.fill_cart(customer_id, "Quietthing")
    await until(lambda: office.messages(customer_id))
    refused = await refusal(office.send(customer_id, "quiet", variables=[*value, *value]))

    events = await office.events(customer_id)
    assert len(events) > 8
    said = [event.SerializeToString().decode("latin-1") for event in events]
    said += [span.to_json() for span in watched.spans.get_finished_spans()]
    said += [repr(refused), *capsys.readouterr()]
    assert "message_changed" in "".join(said)
    for secret in SECRETS:
        assert [text for text in said if secret.lower() in text.lower()] == []
    assert office.post.mails("quietperson@example.com")
