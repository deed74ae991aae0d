"""A channel's client balances its calls among replicas that are named one by one, over TLS, and does without one."""

from contextlib import AsyncExitStack
from pathlib import Path

import grpc

import omnithread
from deploy.local.authority import ensure_authority
from libs.clock import system_clock
from omnithread.addresses import one_address
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceServicer, add_CartServiceServicer_to_server


class Replica(CartServiceServicer):
    """Counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    async def GetCart(self, _request: GetCartRequest, _context: object) -> GetCartResponse:  # noqa: N802  as in the contract
        self.calls += 1
        return GetCartResponse()


async def test_calls_are_balanced_over_tls_and_go_on_without_a_replica(tmp_path: Path) -> None:
    authority = ensure_authority(tmp_path, ["cart"], now=system_clock())
    files = authority.files_of("cart")
    pair = (files.key.read_bytes(), files.certificate.read_bytes())
    replicas = [Replica(), Replica()]  # type: ignore[abstract]  # one method is enough here
    servers, addresses = [], []
    async with AsyncExitStack() as stack:
        for replica in replicas:
            server = grpc.aio.server()
            add_CartServiceServicer_to_server(replica, server)
            port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
            await server.start()
            stack.push_async_callback(server.stop, None)
            servers.append(server)
            addresses.append(f"127.0.0.1:{port}")
        suite = await stack.enter_async_context(
            omnithread.connect(
                one_address(addresses),
                token="a token",
                root_certificates=authority.file.read_bytes(),
            )
        )
        while not all(replica.calls for replica in replicas):
            await suite.cart.GetCart(GetCartRequest(customer_id="cus_1"))
        await servers[0].stop(5)
        before = replicas[1].calls
        for _ in range(10):
            await suite.cart.GetCart(GetCartRequest(customer_id="cus_1"))
        assert replicas[1].calls == before + 10
