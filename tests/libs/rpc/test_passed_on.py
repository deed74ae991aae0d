"""What a service passes on, or waits for, is not held against whoever called it."""

import asyncio
from pathlib import Path

from deploy.local.authority import ensure_authority
from deploy.local.keys import Keys, mint_channel_token, write_service_token
from libs.clock import system_clock
from libs.rpc.admission import Admission
from libs.rpc.certificates import Certificates
from libs.rpc.client import service_channel
from libs.rpc.importance import Importance
from libs.rpc.limit import Limit
from libs.rpc.quotas import Allowance, Quotas
from libs.rpc.slots import CURRENT_SLOT
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from tests.libs.rpc.opened_door import ASK, OpenedDoor, opened_door


async def test_a_call_that_a_service_passes_on_is_not_counted_against_the_channel_again(
    keys: Keys, tmp_path: Path
) -> None:
    authority = ensure_authority(tmp_path / "tls", ("cart", "aggregator"), now=system_clock())
    quotas = Quotas(usual=Allowance(calls_per_day=1), own=dict, clock=system_clock)
    token = tmp_path / "forwarded"
    token.write_text(mint_channel_token(keys.state, "web-shop"))
    async with opened_door(keys, certificates=Certificates(authority.files_of("cart")), quotas=quotas) as door:
        channel = service_channel(
            f"127.0.0.1:{door.server.internal_port}",
            service="cart",
            certificates=Certificates(authority.files_of("aggregator")),
            token_file=token,
        )
        async with channel:
            for _ in range(5):
                await CartServiceStub(channel).GetCart(ASK, timeout=20)


async def test_the_time_that_another_service_takes_is_not_our_own(door: OpenedDoor) -> None:
    async def take_long(_request: GetCartRequest) -> GetCartResponse:
        await asyncio.sleep(0.5)
        return GetCartResponse()

    door.will(take_long)
    slot = await Admission(limit=Limit()).enter("m", Importance.NORMAL)
    token = write_service_token(door.keys.state, "messaging")
    loop = asyncio.get_running_loop()
    async with service_channel(f"127.0.0.1:{door.server.port}", token_file=token) as channel:
        CURRENT_SLOT.set(slot)
        began = loop.time()
        asked = asyncio.gather(*(CartServiceStub(channel).GetCart(ASK, timeout=20) for _ in range(2)))
        while not slot.waits_seconds() > 0.2:
            await asyncio.sleep(0.01)
        await asked
        took = loop.time() - began
    assert slot.waits_seconds() == 0
    assert slot.own_seconds() < took - 0.4
