"""Free ports for servers on this machine."""

import asyncio
import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

LOOPBACK = "127.0.0.1"
# Below the range from which the kernel takes client ports: else, while a server is down, a client that keeps
# trying its port can be given that very port, connect to itself, and keep the server from coming back.
FIRST_PORT = 20_000
LAST_PORT = 31_999
MAX_TRIES = 200
CLAIMS = Path(tempfile.gettempdir()) / f"omnithread-ports-{os.getuid()}"
"""Locks of those who have chosen a port and not yet opened it: a service takes seconds from one to the other."""


def free_port() -> int:
    """Give a port that nobody listens on now, and that no other suite or test of ours on this machine was given.

    It is ours until this process ends. Else, with several suites on a machine, one would call another's services.
    """
    for port in random.SystemRandom().sample(range(FIRST_PORT, LAST_PORT + 1), MAX_TRIES):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            if _claim(port):
                return port
    raise OSError(f"no free port between {FIRST_PORT} and {LAST_PORT}")


def _claim(port: int) -> bool:
    CLAIMS.mkdir(mode=0o700, exist_ok=True)
    claim = os.open(CLAIMS / str(port), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(claim)
        return False
    return True  # the lock goes with this process


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
