"""Whether a watcher is led on from one customer to another, while merges go on."""

from typing import Any

from libs.errors import customer_not_found
from omnithread.profile.v1.profile_internal_service_pb2 import ResolveCustomerRequest, ResolveCustomerResponse
from services.aggregator.watching.lineage import Lineage


class Standing:
    """Says who stands for whom, as profile does."""

    def __init__(self, **standing: str) -> None:
        self._standing = standing

    async def ResolveCustomer(  # noqa: N802  the contract names it
        self, request: ResolveCustomerRequest, **_: object
    ) -> ResolveCustomerResponse:
        if request.customer_id not in self._standing:
            raise customer_not_found(request.customer_id)
        return ResolveCustomerResponse(customer_id=self._standing[request.customer_id])


def lineage(**standing: str) -> Lineage:
    profile: Any = Standing(**standing)  # the class of a stub is known to type checkers only
    return Lineage(profile)


async def test_who_was_merged_is_led_on_also_where_the_survivor_was_merged_since_it_was_read() -> None:
    assert await lineage(bob="anna", anna="anna").leads("bob", to="anna")
    assert await lineage(bob="eva", anna="eva", eva="eva").leads("bob", to="anna")


async def test_who_was_parted_or_forgotten_is_not() -> None:
    parted = lineage(bob="bob", anna="anna")
    assert not await parted.leads("anna", to="bob")
    assert not await parted.leads("bob", to="anna")
    assert not await parted.leads("forgotten", to="anna")
    assert not await parted.leads("forgotten", to="forgotten-too")
