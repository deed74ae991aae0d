"""The console with all five services behind it, in this process, and a browser."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from deploy.local.plan import SERVICES
from deploy.local.ports import LOOPBACK, free_port
from deploy.sample.load import put_brands, put_offers, put_templates
from services.aggregator.service import SERVICE as AGGREGATOR
from services.cart.service import SERVICE as CART
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.browser.company import purposes_file
from tests.browser.conftest import SHOTS
from tests.browser.console.exporting import ToConsole
from tests.browser.console.watching import Counter
from tests.services.console.desk import console_desk
from tests.services.messaging.conftest import EMBEDDED, IMPATIENT, IMPATIENT_CART, mail_by
from tests.services.messaging.post_office import post_office
from tests.services.running import Services


@pytest.fixture(scope="session")
async def counter(
    mongo_uri: str,
    kafka_bootstrap: str,
    new_prefix: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
    browser: Browser,
) -> AsyncIterator[Counter]:
    state: Path = tmp_path_factory.mktemp("console")
    purposes = purposes_file(state)
    async with (
        post_office() as post,
        Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=new_prefix(), state=state) as services,
    ):
        traced = ToConsole()
        numbers = {name: f"{LOOPBACK}:{free_port()}" for name in SERVICES}

        def own(name: str) -> dict[str, Any]:
            return {"tracer": traced.tracer(name), "metrics_listen": numbers[name]}

        messaging = {**mail_by(post), **IMPATIENT, "purposes_file": purposes}
        await services.start(PROFILE, **own("profile"), **EMBEDDED)
        await services.start(PREFERENCE, **own("preference"), **EMBEDDED, purposes_file=purposes)
        await services.start(CART, **own("cart"), **IMPATIENT_CART)
        await services.start(MESSAGING, **own("messaging"), **messaging)
        await services.start(AGGREGATOR, **own("aggregator"), **EMBEDDED)
        staff = services.connect("call-centre")
        await put_brands(staff)
        await put_templates(staff)
        await put_offers(staff)
        async with console_desk(
            state,
            addresses=services.where(),
            agent_requests_per_second=1000,
            sign_ins_per_minute=1000,
            spans_listen=f"{LOOPBACK}:0",
            metrics_addresses=",".join(f"{name}={address}" for name, address in numbers.items()),
        ) as desk:
            traced.open(desk.running.spans_port)
            try:
                yield Counter(desk=desk, services=services, post=post, browser=browser, shots=SHOTS)
            finally:
                await traced.close()
