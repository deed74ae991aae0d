"""Whether a customer exists is profile's to say, and is remembered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import grpc
import pytest

from deploy.local.keys import Keys, write_service_token
from libs.errors import OmnithreadError, customer_not_found
from libs.rpc.client import service_channel
from libs.rpc.directory import CustomerDirectory
from omnithread.profile.v1.profile_internal_service_pb2 import ResolveCustomerRequest, ResolveCustomerResponse
from omnithread.profile.v1.profile_internal_service_pb2_grpc import (
    ProfileInternalServiceServicer,
    ProfileInternalServiceStub,
    add_ProfileInternalServiceServicer_to_server,
)
from tests.libs.rpc.opened_door import opened_door


class KnowsTwo(ProfileInternalServiceServicer):
    """Knows cus_1, and cus_2 who was merged into cus_1."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def ResolveCustomer(  # noqa: N802  the contract's name
        self, request: ResolveCustomerRequest, _context: object
    ) -> ResolveCustomerResponse:
        self.asked.append(request.customer_id)
        if request.customer_id not in {"cus_1", "cus_2"}:
            raise customer_not_found(request.customer_id)
        return ResolveCustomerResponse(customer_id="cus_1")


@asynccontextmanager
async def directory(keys: Keys, *, max_known: int = 10) -> AsyncIterator[tuple[CustomerDirectory, KnowsTwo]]:
    profile = KnowsTwo()  # type: ignore[abstract]  # the others are left out
    more = [partial(add_ProfileInternalServiceServicer_to_server, profile)]
    token_file = write_service_token(keys.state, "messaging")
    async with (
        opened_door(keys, more=more) as door,
        service_channel(f"127.0.0.1:{door.server.port}", token_file=token_file) as channel,
    ):
        yield CustomerDirectory(ProfileInternalServiceStub(channel), max_known=max_known), profile


async def test_a_customer_who_exists_is_asked_for_once(keys: Keys) -> None:
    async with directory(keys) as (customers, profile):
        assert await customers.admit("cus_1") == "cus_1"
        assert await customers.admit("cus_1") == "cus_1"
        assert await customers.exists_as_far_as_known("cus_1")
        assert profile.asked == ["cus_1"]


async def test_a_merged_customer_is_asked_for_every_time(keys: Keys) -> None:
    async with directory(keys) as (customers, profile):
        assert await customers.admit("cus_2") == "cus_1"
        assert await customers.admit("cus_2") == "cus_1"
        assert profile.asked == ["cus_2", "cus_2"]


async def test_an_id_that_was_never_given_out_is_refused(keys: Keys) -> None:
    async with directory(keys) as (customers, _):
        with pytest.raises(OmnithreadError, match="CUSTOMER_NOT_FOUND"):
            await customers.admit("cus_9")
        assert not await customers.exists_as_far_as_known("cus_9")


async def test_only_so_many_customers_are_remembered(keys: Keys) -> None:
    async with directory(keys, max_known=1) as (customers, profile):
        await customers.admit("cus_1")
        customers._remember("cus_3")
        await customers.admit("cus_1")
        assert profile.asked == ["cus_1", "cus_1"]


async def test_while_profile_is_away_nobody_new_is_admitted_and_nobody_is_denied(keys: Keys) -> None:
    async with grpc.aio.insecure_channel("127.0.0.1:1") as nowhere:
        customers = CustomerDirectory(ProfileInternalServiceStub(nowhere))
        with pytest.raises(OmnithreadError) as caught:
            await customers.admit("cus_1")
        assert (caught.value.reason, caught.value.metadata) == ("DEPENDENCY_UNAVAILABLE", {"dependency": "profile"})
        assert await customers.exists_as_far_as_known("cus_1")
