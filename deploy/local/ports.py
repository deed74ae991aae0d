"""Free ports for servers on this machine."""

import asyncio
import random
import socket

LOOPBACK = "127.0.0.1"
# Below the range from which the kernel takes client ports: else, while a server is down, a client that keeps
# trying its port can be given that very port, connect to itself, and keep the server from coming back.
FIRST_PORT = 20_000
LAST_PORT = 31_999
MAX_TRIES = 200


def free_port() -> int:
    """Give a port that nobody listens on now. Another process may still be faster."""
    for port in random.SystemRandom().sample(range(FIRST_PORT, LAST_PORT + 1), MAX_TRIES):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port between {FIRST_PORT} and {LAST_PORT}")


async def accepts(port: int) -> bool:
    """Whether somebody listens on this machine's `port`."""
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        return False
    return True
