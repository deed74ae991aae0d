"""What customers told about themselves stays in profile: not in events, spans, logs, or the texts of errors."""

import pytest
from google.type.postal_address_pb2 import PostalAddress
from grpc import StatusCode
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from libs.serving import serving
from libs.telemetry.tracing import tracer_provider
from omnithread.profile.v1 import profile_pb2
from omnithread.profile.v1 import profile_service_pb2 as pb
from omnithread.profile.v1.profile_pb2 import Identifier
from services.profile.service import SERVICE
from tests.services.profile.reception import Reception, cookie, email, identify, reception_at, refusal, text, update
from tests.services.running import Services

SECRETS = (
    "quietperson",
    "Quietname",
    "Quietfamily",
    "quietcookie",
    "41446681823",
    "quiettrait",
    "Quietstrasse",
    "quietcard",
)


async def tell_everything(reception: Reception) -> tuple[list[str], str]:
    """Make every kind of call with something private in it; give the customers and what the errors said."""
    phone = Identifier(kind=profile_pb2.IDENTIFIER_KIND_PHONE, value="+41446681823", verified=True)
    cards = [
        Identifier(kind=profile_pb2.IDENTIFIER_KIND_LOYALTY_CARD, value=f"quietcard{n}", verified=True)
        for n in range(2)
    ]
    address = email("quietperson@example.com")
    first = await reception.web.Identify(
        identify(address, phone, traits=[text("mood", "quiettrait")], given_name="Quietname", family_name="Quietfamily")
    )
    guest = await reception.store.Identify(
        identify(cookie("quietcookie"), email("quietperson@example.org", verified=False))
    )
    await reception.store.Identify(identify(cookie("quietcookie"), address))
    await reception.web.GetProfile(pb.GetProfileRequest(identifier=address))
    home = PostalAddress(region_code="CH", address_lines=["Quietstrasse 1"])
    await reception.web.UpdateProfile(
        update(
            first.profile.customer_id,
            "postal_address",
            "traits",
            postal_address=home,
            traits=[text("mood", "quiettrait2")],
        )
    )
    refused = [
        await refusal(reception.web.Identify(identify(email("quietperson")))),
        await refusal(reception.web.Identify(identify(address, *cards))),
        await refusal(reception.web.GetProfile(pb.GetProfileRequest(identifier=cards[0]))),
        await refusal(
            reception.web.UpdateProfile(update(first.profile.customer_id, "traits", traits=[text("quiettrait-", "x")]))
        ),
    ]
    assert [one.code for one in refused] == [
        StatusCode.INVALID_ARGUMENT,
        StatusCode.FAILED_PRECONDITION,
        StatusCode.NOT_FOUND,
        StatusCode.INVALID_ARGUMENT,
    ]
    return [first.profile.customer_id, guest.profile.customer_id], repr(refused)


async def test_nothing_private_leaves_profile(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    spans = InMemorySpanExporter()
    provider = tracer_provider(service="profile", ratio=1.0, processor=SimpleSpanProcessor(spans))
    await services.start(SERVICE)
    async with serving(SERVICE, services.settings(SERVICE), tracer=provider.get_tracer("test")) as running:
        reception = reception_at(services, running)
        customers, errors = await tell_everything(reception)
        events = [event for one in customers for event in await reception.events(one)]
    provider.shutdown()
    assert len(events) >= 8
    assert all(event.header.traceparent for event in events)
    said = [event.SerializeToString().decode("latin-1") for event in events]
    said += [span.to_json() for span in spans.get_finished_spans()]
    said += [errors, *capsys.readouterr()]
    assert "omnithread.profile.v1.ProfileService/Identify" in "".join(said)
    for secret in SECRETS:
        assert [text for text in said if secret.lower() in text.lower()] == []
    labelled = {str((span.attributes or {}).get("customer.id", "")) for span in spans.get_finished_spans()}
    assert set(customers) & labelled
