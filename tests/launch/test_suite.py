"""The launcher brings everything up, names what does not come up, and leaves nothing behind."""

import asyncio
import sysconfig
from pathlib import Path

import grpc
import httpx
import pytest

import omnithread
from deploy.local.keys import ensure_keys, mint_channel_token
from deploy.local.suite import Suite
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest

pytestmark = pytest.mark.timeout(180)

PUBLIC = {
    "profile": "omnithread.profile.v1.ProfileService",
    "cart": "omnithread.cart.v1.CartService",
    "preference": "omnithread.preference.v1.PreferenceService",
    "messaging": "omnithread.messaging.v1.MessagingService",
    "aggregator": "omnithread.context.v1.ContextService",
}


async def test_a_channel_with_a_minted_token_is_let_in(suite: Suite) -> None:
    async with suite.connect("web-shop") as client:
        session = await client.start_session([omnithread.cookie("visitor-1")])
    assert session.customer_id
    assert session.labels.journey_id


async def test_a_token_of_another_key_is_not(suite: Suite, tmp_path: Path) -> None:
    strange = mint_channel_token(ensure_keys(tmp_path).state, "web-shop")
    async with omnithread.connect(
        suite.plan.ports.addresses(), token=strange, root_certificates=suite.root_certificates
    ) as client:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.context.GetCustomerContext(GetCustomerContextRequest(customer_id="cus_1"))
    assert omnithread.details_of(refused.value).reason == "TOKEN_INVALID"


@pytest.mark.parametrize("service", PUBLIC)
async def test_reflection_lists_the_services_to_a_foreign_client(suite: Suite, service: str) -> None:
    grpcurl = Path(sysconfig.get_path("scripts")) / "grpcurl"
    child = await asyncio.create_subprocess_exec(
        *[str(grpcurl), "-cacert", str(suite.authority.file), suite.services[service].address, "list"],
        stdout=asyncio.subprocess.PIPE,
    )
    listed, _ = await child.communicate()
    assert {PUBLIC[service], "grpc.health.v1.Health"} <= set(listed.decode().split())


async def test_the_door_answers_where_links_lead(suite: Suite) -> None:
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(f"{suite.plan.public_base_url}/r/token")
    assert answer.status_code == 404
    assert "We do not know this link" in answer.text


async def test_a_killed_service_comes_back_at_the_same_address(suite: Suite) -> None:
    profile = suite.services["profile"]
    before = profile.pid
    await suite.kill("profile")
    assert not await profile.answers()
    await suite.restart("profile")
    assert await profile.answers()
    assert profile.pid != before


async def test_a_part_that_ends_by_itself_is_noticed_and_named(suite: Suite) -> None:
    noticed = asyncio.create_task(suite.failure())
    await suite.kill("messaging")
    failure = await asyncio.wait_for(noticed, 10)
    assert "messaging ended with exit code -9" in str(failure)
    await suite.restart("messaging")
    assert await suite.services["messaging"].answers()
