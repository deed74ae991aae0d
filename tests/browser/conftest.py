"""A whole company with its public door, a mail server, and a browser."""

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright, expect

from deploy.local.ports import LOOPBACK, free_port
from deploy.sample.load import put_templates
from omnithread.messaging.v1.brand_service_pb2 import PutBrandRequest
from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceStub
from services.cart.service import SERVICE as CART
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.browser.chromium import ARGUMENTS, MISSING, chromium
from tests.browser.company import BRAND, BrowsedCompany, purposes_file
from tests.services.door.house import door_to
from tests.services.messaging.conftest import EMBEDDED, IMPATIENT, IMPATIENT_CART, mail_by
from tests.services.messaging.office import office_at
from tests.services.messaging.post_office import post_office
from tests.services.running import Services

SHOTS = os.environ.get("OMNITHREAD_SHOTS_DIR", "")
"""Where pictures of the pages go, for a person to look at; empty keeps none."""

PATIENCE_MILLISECONDS = 30_000
"""How long a page may take to become as expected: the machine may have much else to do."""


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = chromium()
    if path is None:
        pytest.fail(MISSING)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        expect.set_options(timeout=PATIENCE_MILLISECONDS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def company(
    mongo_uri: str,
    kafka_bootstrap: str,
    new_prefix: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
    browser: Browser,
) -> AsyncIterator[BrowsedCompany]:
    state: Path = tmp_path_factory.mktemp("browser")
    port = free_port()
    base = f"http://{LOOPBACK}:{port}"
    purposes = purposes_file(state)
    messaging: dict[str, Any] = {
        **IMPATIENT,
        "purposes_file": purposes,
        "resume_link_template": f"{base}/r/{{token}}",
    }
    async with (
        post_office() as post,
        Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=new_prefix(), state=state) as services,
    ):
        await services.start(PROFILE, **EMBEDDED)
        preference = await services.start(PREFERENCE, **EMBEDDED, public_base_url=base, purposes_file=purposes)
        await services.start(CART, **IMPATIENT_CART)
        running = await services.start(MESSAGING, **mail_by(post), **messaging)
        staff = services.connect("call-centre", at=running)
        await put_templates(staff)
        await staff.brands.PutBrand(PutBrandRequest(brand=BRAND))
        addresses = services.addresses
        async with door_to(
            services,
            state,
            preference=addresses["preference"],
            messaging=addresses["messaging"],
            cart_address=addresses["cart"],
            listen=f"{LOOPBACK}:{port}",
            resume_target="https://shop.example/cart#{token}",
        ):
            office = office_at(services, running, post)
            links = PreferenceInternalServiceStub(services.as_service("messaging", to=preference))
            yield BrowsedCompany(office=office, base=base, browser=browser, shots=SHOTS, as_messaging=links)
