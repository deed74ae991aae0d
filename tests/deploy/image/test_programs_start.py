"""The whole suite runs from the image: migrations, five services, door and console, on servers that are not in it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
import pytest

import omnithread
from deploy.local.authority import ensure_authority
from deploy.local.console import console_environment
from deploy.local.door import DOOR, door_environment
from deploy.local.granting import usual_scopes
from deploy.local.keys import Keys, ensure_keys, mint_channel_token, write_service_token
from deploy.local.leftovers import drop_what_is_elsewhere
from deploy.local.plan import SERVICES, Plan
from deploy.local.service import Backends, in_checkout, own_environment, serving, shared_environment
from deploy.local.state import KEYS_FOLDER, ROOT
from libs.clock import system_clock
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest
from tests.deploy.image.building import Image
from tests.deploy.image.confined import program, run
from tests.running_suite import until

pytestmark = pytest.mark.timeout(2400)
NO_SPANS = frozenset({"OTEL_EXPORTER_OTLP_ENDPOINT"})
CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class Running:
    """All programs of the image, at work."""

    plan: Plan
    keys: Keys
    authority: Path
    connect: Callable[[], omnithread.Omnithread]


def environments(image: Image, plan: Plan, keys: Keys) -> dict[str, dict[str, str]]:
    """Give what each program is told: as the launcher tells it, with the files that the image has."""
    backends = Backends(
        mongo_uri=plan.mongo_uri, kafka_bootstrap_servers=plan.kafka_bootstrap_servers, traces_endpoint=""
    )
    shared = shared_environment(plan=plan, backends=backends, keys=keys)
    told: Mapping[str, dict[str, str]] = {
        **{name: {**shared, **own_environment(name, plan=plan, keys=keys)} for name in SERVICES},
        DOOR: {**shared, **door_environment(plan=plan, keys=keys)},
        CONSOLE: console_environment(shared, plan=plan, keys=keys),
    }
    given = {name: in_checkout(environment, image.workdir) for name, environment in told.items()}
    left_out = NO_SPANS | {"PYTHONPATH"}  # a checkout's own; the image has all that it needs
    return {
        name: {key: value for key, value in environment.items() if key not in left_out}
        for name, environment in given.items()
    }


@pytest.fixture(scope="module")
async def running(
    image: Image, mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str]
) -> AsyncIterator[Running]:
    """Migrate, and start everything, as in a cluster: each from the same image, with files of its own."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="omnithread-image-state-")))
        plan = Plan(
            state_dir=folder,
            prefix=f"{new_prefix()}.",
            mongo_uri=mongo_uri,
            kafka_bootstrap_servers=kafka_bootstrap,
            traces_endpoint="http://127.0.0.1:9",  # nobody: the console keeps no spans here
            console=True,
        )
        stack.push_async_callback(drop_what_is_elsewhere, plan)
        keys = ensure_keys(folder / KEYS_FOLDER)
        authority = ensure_authority(plan.tls_dir, (*SERVICES, DOOR), now=system_clock())
        told = environments(image, plan, keys)
        for name in (*SERVICES, DOOR):
            write_service_token(keys.state, name)
        for name in SERVICES:
            done = await asyncio.to_thread(run, image, "-m", f"services.{name}", "migrate", environment=told[name])
            assert done.returncode == 0, done.stdout + done.stderr
        for name in SERVICES:
            write_service_token(keys.state, name)  # good for a quarter of an hour; migrations took some of it
        ports = {
            **{name: ports.health for name, ports in plan.ports.services.items()},
            DOOR: plan.ports.door_health,
            CONSOLE: plan.ports.console_health,
        }
        for name, port in ports.items():
            server = program(image, name, environment=told[name], port=port, logs=folder)
            await stack.enter_async_context(server)

        def connect() -> omnithread.Omnithread:
            return omnithread.connect(
                plan.ports.addresses(),
                token=lambda: mint_channel_token(keys.state, "web-shop", scopes=usual_scopes("web-shop")),
                root_certificates=authority.file.read_bytes(),
                timeout_seconds=20,
            )

        yield Running(plan=plan, keys=keys, authority=authority.file, connect=connect)


@pytest.mark.parametrize("name", SERVICES)
async def test_every_service_becomes_ready(running: Running, name: str) -> None:
    async def ready() -> bool:
        return await serving(f"127.0.0.1:{running.plan.ports.services[name].health}")

    assert await until(ready, bool, limit_seconds=240)


async def test_a_visit_goes_through_all_services(running: Running) -> None:
    async with running.connect() as suite:

        async def visit() -> omnithread.Session | None:
            try:
                session = await suite.start_session([omnithread.cookie("visitor-of-the-image")])
            except grpc.RpcError:
                return None
            return None if session.started.problems else session

        session = await until(visit, lambda found: found is not None, limit_seconds=240)
        assert session is not None
        cart = await suite.cart.GetCart(GetCartRequest(customer_id=session.customer_id))
    assert not cart.cart.lines


async def test_the_door_shows_its_pages_and_the_console_asks_who_is_there(running: Running) -> None:
    async with httpx.AsyncClient(timeout=30) as browser:
        unknown = await browser.get(f"{running.plan.public_base_url}/r/token")
        signed_out = await browser.get(running.plan.console_base_url, follow_redirects=True)
    assert (unknown.status_code, "We do not know this link" in unknown.text) == (404, True)
    assert signed_out.status_code in {200, 401, 403}
    assert "sign" in signed_out.text.lower()


@pytest.mark.parametrize(("script", "name"), [*(("grpc_ready.py", name) for name in SERVICES), ("http_ready.py", DOOR)])
async def test_the_probes_of_compose_say_that_a_program_is_ready(
    image: Image, running: Running, script: str, name: str
) -> None:
    services = {service: ports.health for service, ports in running.plan.ports.services.items()}
    port = {**services, DOOR: running.plan.ports.door_health}[name]
    environment = {"OMNITHREAD_HEALTH_LISTEN": f"0.0.0.0:{port}"}

    async def asked() -> int:
        done = await asyncio.to_thread(run, image, str(ROOT / "deploy/compose" / script), environment=environment)
        return done.returncode

    assert await until(asked, lambda code: code == 0, limit_seconds=240) == 0
