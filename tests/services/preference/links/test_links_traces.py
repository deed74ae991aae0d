"""What somebody did behind a link in a mail is found by who they are."""

from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from libs.telemetry.tracing import tracer_provider
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.services.preference.desk import PUBLIC, PURPOSES, consent, desk_at
from tests.services.preference.links.test_links_calls import REMINDERS, THIS, address
from tests.services.running import Services


async def test_a_look_and_a_press_bear_the_customers_id(
    mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path
) -> None:
    spans = InMemorySpanExporter()
    tracer = tracer_provider(service="preference", ratio=1.0, processor=SimpleSpanProcessor(spans)).get_tracer("test")
    purposes = tmp_path / "purposes.toml"
    purposes.write_text(PURPOSES, encoding="utf-8")
    told: dict[str, Any] = {"purposes_file": purposes, "public_base_url": PUBLIC}
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=tmp_path
    ) as services:
        await services.start(PROFILE)
        desk = desk_at(services, await services.start(PREFERENCE, tracer=tracer, **told))
        anna, at = await desk.new_customer(), address()
        await desk.app.SetConsent(consent(anna, contact_point=at))
        link = (await desk.links(anna, contact_point=at, **REMINDERS)).unsubscribe_link
        await desk.shown(link)
        await desk.pressed(link, **THIS)
    behind = [one for one in spans.get_finished_spans() if one.name.endswith(("/ShowLink", "/UseLink"))]
    assert [(one.attributes or {}).get("customer.id") for one in behind] == [anna, anna]
    assert at not in str([one.to_json() for one in spans.get_finished_spans()])
