"""Runs programs that are not in Python, with Node and our own environment's tools where they look for them."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from tests.clients.node_here import ROOT, node

COMMAND_SECONDS = 600.0
TOOLS = (str(Path(node() or "node").parent), str(ROOT / ".venv" / "bin"))


async def run(
    *command: str, folder: Path, told: Mapping[str, str] | None = None, seconds: float = COMMAND_SECONDS
) -> str:
    """Run a command to its good end, and give what it said; `told` is added to its environment."""
    child = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, "PATH": os.pathsep.join([*TOOLS, os.environ.get("PATH", "")]), **(told or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, wrong = await asyncio.wait_for(child.communicate(), seconds)
    finally:
        if child.returncode is None:
            child.kill()
    assert child.returncode == 0, said.decode() + wrong.decode()
    return said.decode()
