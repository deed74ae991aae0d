"""`make token CHANNEL=store-042` prints a token that the suite's services accept, and nothing else."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from deploy.local.keys import AUDIENCE, ISSUER, Keys, ensure_keys
from deploy.local.state import KEYS_FOLDER, ROOT
from libs.clock import system_clock
from libs.rpc.channels import ChannelRegistry
from libs.rpc.tokens import TokenVerifier


async def token(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "deploy.local", "token", *arguments],
        cwd=ROOT,
        env={**os.environ, "OMNITHREAD_STATE_DIR": str(state)},
        capture_output=True,
        text=True,
        check=False,
    )


def verifier(keys: Keys) -> TokenVerifier:
    return TokenVerifier(
        jwks_file=keys.jwks_file,
        issuer=ISSUER,
        audience=AUDIENCE,
        channels=ChannelRegistry.load(ROOT / "deploy" / "channels.toml"),
        clock=system_clock,
    )


async def test_the_printed_token_is_accepted_by_who_has_the_public_keys(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path / KEYS_FOLDER)
    printed = await token(tmp_path, "store-042", "--actor", "till-3")
    caller = verifier(keys).verify(printed.stdout.strip())
    assert (caller.channel_id, caller.store_id, caller.actor_id) == ("store-042", "042", "till-3")
    assert printed.stdout.count("\n") == 1


async def test_a_channel_that_is_not_registered_gets_no_token(tmp_path: Path) -> None:
    refused = await token(tmp_path, "fax-machine")
    assert refused.returncode != 0
    assert refused.stdout == ""
    assert "store-042" in refused.stderr
