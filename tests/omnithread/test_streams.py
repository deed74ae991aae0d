"""Streams through the client package: they carry the channel's token, and what answers is read as it comes."""

import asyncio
from collections.abc import Iterator

import pytest
from grpc import RpcError
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

import omnithread
from libs.ids import new_id
from omnithread.context.v1.privacy_service_pb2 import ExportCustomerRequest
from omnithread.identifiers import email
from omnithread.profile.v1.customer_import_service_pb2 import CustomerRow, ImportCustomersRequest, ImportStart
from omnithread.profile.v1.profile_service_pb2 import IdentifyRequest
from tests.services.calls import until
from tests.services.running import Services


def rows() -> Iterator[ImportCustomersRequest]:
    """Two customers of an older system, on trial."""
    yield ImportCustomersRequest(start=ImportStart(import_id=new_id("crm"), source="crm-2025", dry_run=True))
    for number in (1, 2):
        address = email(f"{new_id('old').replace('_', '.')}@example.com", verified=True)
        yield ImportCustomersRequest(row=CustomerRow(number=number, identifiers=[address]))


async def new_customer(services: Services) -> str:
    identified = IdentifyRequest(identifiers=[omnithread.cookie(new_id("visitor"))])
    return (await services.connect("web-shop").profile.Identify(identified)).profile.customer_id


async def test_an_export_that_is_not_whole_ends_with_an_error(services: Services) -> None:
    suite = services.connect("call-centre")
    areas: list[str] = []
    customer_id = await new_customer(services)

    async def read() -> None:
        async for page in suite.privacy.ExportCustomer(ExportCustomerRequest(customer_id=customer_id)):
            areas.append(page.area)  # noqa: PERF401  what came before the error counts

    with pytest.raises(RpcError) as refused:
        await read()
    assert areas == ["profile", "cart"]  # nobody answers for preference here
    details = omnithread.details_of(refused.value)
    assert (details.reason, details.metadata["dependency"]) == ("DEPENDENCY_UNAVAILABLE", "preference")


async def test_an_import_is_answered_row_by_row(services: Services) -> None:
    suite = services.connect("call-centre")
    results = [one async for answer in suite.customer_import.ImportCustomers(rows()) for one in answer.results]
    assert [one.number for one in results] == [1, 2]


async def test_a_blocking_program_has_both(services: Services) -> None:
    customer_id = await new_customer(services)

    def shop() -> tuple[list[str], list[int]]:
        token = services.token("call-centre")
        with omnithread.connect_sync(services.where(), token=token, plaintext=True) as suite:
            areas: list[str] = []
            with pytest.raises(RpcError):
                areas.extend(
                    page.area for page in suite.privacy.ExportCustomer(ExportCustomerRequest(customer_id=customer_id))
                )
            answers = suite.customer_import.ImportCustomers(rows(), timeout=60)
            return areas, [one.number for answer in answers for one in answer.results]

    _, numbers = await asyncio.to_thread(shop)
    assert numbers == [1, 2]


async def test_the_token_of_a_stream_is_fetched_when_it_is_opened(services: Services) -> None:
    fetched: list[str] = []

    def token() -> str:
        fetched.append(services.token("call-centre", lifetime_seconds=20))  # about to expire
        return fetched[-1]

    async with omnithread.connect(services.where(), token=token, plaintext=True) as suite:
        for _ in range(2):
            answers = suite.customer_import.ImportCustomers(rows())
            assert [one.number async for answer in answers for one in answer.results] == [1, 2]
    assert len(fetched) == 2


async def test_a_stream_has_a_span_from_its_opening_to_its_end(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    token = services.token("call-centre")
    nobody = ExportCustomerRequest(customer_id=new_id("cus"))

    async with omnithread.connect(services.where(), token=token, plaintext=True) as connected:
        answers = connected.customer_import.ImportCustomers(rows())
        assert [one.number async for answer in answers for one in answer.results] == [1, 2]
        with pytest.raises(RpcError):
            [page async for page in connected.privacy.ExportCustomer(nobody)]

    def shop() -> None:
        connected = omnithread.connect_sync(services.where(), token=token, plaintext=True)
        with connected, pytest.raises(RpcError):
            list(connected.privacy.ExportCustomer(nobody))

    await asyncio.to_thread(shop)

    async def ended() -> list[ReadableSpan]:
        spans = [span for span in kept.get_finished_spans() if span.kind is SpanKind.CLIENT and "/" in span.name]
        return spans if len(spans) == 3 else []

    spans = await until(ended)
    codes = {(span.name.rpartition("/")[2], dict(span.attributes or {})["rpc.response.status_code"]) for span in spans}
    assert codes == {("ImportCustomers", "OK"), ("ExportCustomer", "NOT_FOUND")}
    assert all(span.status.is_unset for span in spans)
    address = dict(spans[0].attributes or {})
    assert f"{address['server.address']}:{address['server.port']}" == services.where().profile
