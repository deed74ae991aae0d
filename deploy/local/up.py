"""The suite in the foreground, on fixed ports, with something in it to try."""

import os
from contextlib import AsyncExitStack

import grpc
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

import omnithread
from deploy.local.console import fresh_sign_in_link
from deploy.local.plan import Plan, Ports
from deploy.local.ports import LOOPBACK, accepts
from deploy.local.state import STATE_DIR
from deploy.local.suite import Suite
from deploy.sample.journeys import CHANNELS, put_journeys
from deploy.sample.load import CARD, EMAIL, put_brands, put_campaigns, put_customer, put_offers, put_templates
from libs.clock import system_clock
from libs.rpc.scopes import EVERY
from services.console.calling.agent import Agent

AGENT = Agent("anna", "Anna")
SETTINGS = {"idle_after_seconds": "60", "idle_sweep_seconds": "1", "reminder_delay_seconds": "10"}


class PortTaken(Exception):
    """Somebody else listens where we would."""


async def run_in_foreground(console: Console, ports: Ports) -> None:
    """Run until the process is told to stop. Raises PortTaken, or ChildFailed where a part ends by itself."""
    for name, port in ports.all().items():
        if await accepts(port):
            raise PortTaken(f"port {port}, which {name} needs, is taken: does the suite run already?")
    plan = Plan(
        state_dir=STATE_DIR,
        ports=ports,
        prefix=os.environ.get("OMNITHREAD_TOPIC_PREFIX", ""),
        keep_data=True,
        settings=SETTINGS,
        console=True,
        traces_endpoint=os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
    )
    with console.status("starting") as status:
        suite = Suite(plan, say=lambda what: status.update(f"starting {what}"))
        await suite.start()
    try:
        async with suite.connect("web-shop", scopes=EVERY) as client:
            await put_brands(client)
            await put_templates(client)
            await put_offers(client)
            customer_id = await put_customer(client)
            _tell(console, suite, customer_id)
            try:
                await _put_journeys(suite)
                await put_campaigns(client)
            except grpc.RpcError as error:  # what runs is of use without them
                told = omnithread.details_of(error)
                console.print(f"\nThe sample journeys are not complete: {told.code.name} {told.reason}", style="yellow")
        raise await suite.failure()
    finally:
        with console.status("stopping"):
            await suite.stop()


async def _put_journeys(suite: Suite) -> None:
    """Tell of sample visitors, before there are campaigns that would write to everybody who looked at something."""
    async with AsyncExitStack() as stack:
        clients = {
            name: await stack.enter_async_context(suite.connect(name, actor=AGENT.agent_id)) for name in CHANNELS
        }
        await put_journeys(clients, now=system_clock())


def _tell(console: Console, suite: Suite, customer_id: str) -> None:
    table = Table(title="Omnithread is up", title_justify="left", title_style="bold green", box=None, padding=(0, 2))
    for name, ports in suite.plan.ports.services.items():
        table.add_row(name, f"{LOOPBACK}:{ports.grpc}", f"health {LOOPBACK}:{ports.health}, metrics :{ports.metrics}")
    table.add_row("door", suite.door.address, "what customers click in mails")
    table.add_row("console", suite.plan.console_base_url, "what people of the company look at")
    kept_there = not suite.plan.traces_endpoint
    table.add_row("traces", suite.backends.traces_endpoint, "kept by the console" if kept_there else "yours")
    table.add_row("mail", f"smtp {suite.mailbox.address}", f"kept in {suite.mailbox.folder}")
    table.add_row("MongoDB", "embedded" if suite.mongo else "yours", suite.mongo.address.uri if suite.mongo else "")
    kafka = suite.backends.kafka_bootstrap_servers
    table.add_row("Kafka", "embedded" if suite.kafka else "yours", kafka if suite.kafka else "")
    table.add_row("logs, data", str(suite.plan.state_dir), "")
    console.print(table)
    console.print(f"\nA customer with a cart is in it: {EMAIL}, loyalty card {CARD}. What the till sees of her:\n")
    console.print(Syntax(_example(suite, customer_id), "bash", background_color="default", word_wrap=True))
    console.print(
        f"\nSign in to the console, once, within 15 minutes (`make sign-in AGENT={AGENT.agent_id}` for another link):"
    )
    console.print(
        Text(fresh_sign_in_link(suite.keys, suite.plan.console_base_url, AGENT), style="link"), soft_wrap=True
    )
    console.print(
        f"\nReflection lists all services: `.venv/bin/grpcurl -cacert {suite.authority.file} ADDRESS list`."
        " Ctrl-C stops it all.",
        soft_wrap=True,
    )


def _example(suite: Suite, customer_id: str) -> str:
    aggregator = suite.services["aggregator"].address
    return (
        f".venv/bin/grpcurl -cacert {suite.authority.file} \\\n"
        '  -H "authorization: Bearer $(make token CHANNEL=store-042)" \\\n'
        f'  -d \'{{"customer_id": "{customer_id}"}}\' \\\n'
        f"  {aggregator} omnithread.context.v1.ContextService/GetCustomerContext"
    )
