"""Whoever watches the suite sees in every process what the page of metrics says, and nobody's data."""

import asyncio
import re
from collections import defaultdict
from urllib.request import Request, urlopen

import pytest
from google.type.money_pb2 import Money

import omnithread
from deploy.local.suite import Suite
from deploy.observability.catalogue import Metric, by_sample, metrics
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, GetCartRequest
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest
from tests.running_suite import Channels, until

KNOWN = metrics()
FAMILY = re.compile(r"^# TYPE (\S+) \S+$", re.MULTILINE)
SAMPLE = re.compile(r'^([a-z_:]+)(?:\{((?:[^"}]|"[^"]*")*)\})? ', re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')
VISITOR = "watched-visitor-1"


def ports(suite: Suite) -> dict[str, int]:
    found = {name: ports.metrics for name, ports in suite.plan.ports.services.items()}
    return found | {"door": suite.plan.ports.door_metrics}


async def page(port: int, accept: str = "text/plain") -> str:
    def ask() -> str:
        asked = Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept": accept})
        with urlopen(asked, timeout=30) as answer:  # noqa: S310  as above
            return str(answer.read().decode())

    return await asyncio.to_thread(ask)


@pytest.fixture(scope="module")
async def pages(suite: Suite, channels: Channels) -> dict[str, str]:
    """Give what every process tells after some calls, all of them by a customer whom nobody may recognise there."""
    session = await channels.shop.start_session([omnithread.cookie(VISITOR)])
    customer_id = session.customer_id
    price = Money(currency_code="EUR", units=10)
    hat = AddItemRequest(customer_id=customer_id, sku="watched-sku", name="Hat", unit_price=price, quantity=1)
    await channels.shop.cart.AddItem(hat)
    await channels.store.cart.GetCart(GetCartRequest(customer_id=customer_id))
    await channels.agent.context.GetCustomerContext(GetCustomerContextRequest(customer_id=customer_id))
    told = {name: await page(port) for name, port in ports(suite).items()}
    return {**told, "customer": customer_id}


def of(program: str) -> list[Metric]:
    return [one for one in KNOWN if program in one.programs]


def test_every_process_serves_the_metrics_of_the_page_and_no_others(pages: dict[str, str]) -> None:
    for program, told in pages.items():
        if program == "customer":
            continue
        served = {name for name in FAMILY.findall(told) if name.startswith("omnithread_")}
        assert served == {one.name for one in of(program)}, program


def test_samples_have_the_labels_of_the_page(pages: dict[str, str]) -> None:
    samples = by_sample(KNOWN)
    seen: defaultdict[str, set[frozenset[str]]] = defaultdict(set)
    for program, told in pages.items():
        if program != "customer":
            for name, labels in SAMPLE.findall(told):
                if name.startswith("omnithread_"):
                    seen[name].add(frozenset(label for label, _ in LABEL.findall(labels)))
    assert {"omnithread_calls_total", "omnithread_call_seconds_bucket", "omnithread_consumer_lag_seconds"} <= set(seen)
    for name, labels in seen.items():
        assert labels == {samples[name].labels_of(name)}, name


def test_channels_are_told_apart_by_their_kind_and_nobody_is_named(pages: dict[str, str]) -> None:
    told = "".join(pages[program] for program in pages if program != "customer")
    values = {value for _, labels in SAMPLE.findall(told) for _, value in LABEL.findall(labels)}
    assert {"WEB", "STORE", "CALL_CENTRE"} <= values
    assert not values & {"web-shop", "store-042", "call-centre", VISITOR, "watched-sku", pages["customer"]}


async def test_a_measured_value_names_its_trace_where_that_is_kept(suite: Suite, pages: dict[str, str]) -> None:
    assert pages
    port = ports(suite)["cart"]
    told = await until(lambda: page(port, "application/openmetrics-text"), lambda told: "trace_id=" in told)
    (first, *_) = [line for line in told.splitlines() if "trace_id=" in line]
    assert first.startswith("omnithread_")
    assert re.search(r'# \{[^}]*trace_id="[0-9a-f]{32}"', first)
