"""Messaging beside the three services that it asks, all real, on the embedded servers and a mail server."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.sample.load import put_templates
from services.cart.service import SERVICE as CART
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.services.messaging.office import Office, office_at
from tests.services.messaging.post_office import PostOffice, post_office
from tests.services.running import Services

PUBLIC = "https://my.example"
CLUB = """
[club]
kind = "marketing"
double_opt_in = true
labels = { en = "Club news", de = "Neues aus dem Club" }
"""
"""Of preference: one purpose more, which needs double opt-in."""
RESUME_LINK = "https://shop.example/cart#{token}"
EMBEDDED: dict[str, Any] = {"kafka_idle_pause_seconds": 0.2}
IMPATIENT_CART: dict[str, Any] = {**EMBEDDED, "idle_after_seconds": 0.3, "idle_sweep_seconds": 0.05}
IMPATIENT: dict[str, Any] = {
    **EMBEDDED,
    "send_sweep_seconds": 0.1,
    "retry_first_seconds": 0.2,
    "retry_longest_seconds": 0.5,
    "resume_link_template": RESUME_LINK,
}


@pytest.fixture(scope="package")
async def post() -> AsyncIterator[PostOffice]:
    async with post_office() as post:
        yield post


@asynccontextmanager
async def surroundings(*, mongo_uri: str, kafka_bootstrap: str, prefix: str, state: Path) -> AsyncIterator[Services]:
    """Profile, preference, and a cart that counts as abandoned after a moment."""
    async with Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=prefix, state=state) as services:
        await services.start(PROFILE, **EMBEDDED)
        purposes = state / "purposes.toml"
        purposes.write_text(CLUB, encoding="utf-8")
        await services.start(PREFERENCE, **EMBEDDED, purposes_file=purposes, public_base_url=PUBLIC)
        await services.start(CART, **IMPATIENT_CART)
        yield services


@pytest.fixture(scope="package")
async def services(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Services]:
    """What messaging stands beside, for most of its tests."""
    state = tmp_path_factory.mktemp("messaging")
    async with surroundings(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=new_prefix(), state=state
    ) as services:
        yield services


@pytest.fixture(scope="package")
async def patient(
    mongo_uri: str,
    kafka_bootstrap: str,
    new_prefix: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
    post: PostOffice,
) -> AsyncIterator[Office]:
    """A company of its own that reminds of a cart only after an hour."""
    state = tmp_path_factory.mktemp("patient")
    async with surroundings(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=new_prefix(), state=state
    ) as services:
        settings = {**mail_by(post), **IMPATIENT, "reminder_delay_seconds": 3600}
        running = await services.start(MESSAGING, **settings)
        await put_templates(services.connect("call-centre", at=running))
        yield office_at(services, running, post)


@pytest.fixture(scope="package")
async def office(services: Services, post: PostOffice) -> Office:
    """One replica of messaging with the sample templates; each test has customers of its own."""
    running = await services.start(MESSAGING, **mail_by(post), **IMPATIENT)
    await put_templates(services.connect("call-centre", at=running))
    return office_at(services, running, post)


@pytest.fixture(scope="package")
async def another_replica(services: Services, office: Office, post: PostOffice) -> Office:
    """A second one beside it."""
    return office_at(services, await services.start(MESSAGING, **mail_by(post), **IMPATIENT), post)


def mail_by(post: PostOffice) -> dict[str, Any]:
    """The settings that lead to a mail server."""
    return {"smtp_host": "127.0.0.1", "smtp_port": post.port, "smtp_tls": "none", "from_name": "Shop"}
