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
from libs.rpc.scopes import EVERY, USUAL
from libs.rpc.tokens import KeyRing, TokenVerifier
from omnithread.common.v1 import channel_pb2


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
        keys=KeyRing(file=keys.jwks_file),
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


async def test_a_token_may_do_what_its_kind_of_channel_usually_does_or_what_is_named(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path / KEYS_FOLDER)
    usual = await token(tmp_path, "store-042")
    assert verifier(keys).verify(usual.stdout.strip()).scopes == USUAL[channel_pb2.CHANNEL_KIND_STORE]
    named = await token(tmp_path, "store-042", "--scopes", "cart:read audit:read")
    assert verifier(keys).verify(named.stdout.strip()).scopes == {"cart:read", "audit:read"}
    every = await token(tmp_path, "web-shop", "--scopes", "every")
    assert verifier(keys).verify(every.stdout.strip()).scopes == EVERY
    bounded = await token(tmp_path, "console", "--scopes", "every")
    assert "privacy:erase" not in verifier(keys).verify(bounded.stdout.strip()).scopes
    unknown = await token(tmp_path, "store-042", "--scopes", "cart:everything")
    assert unknown.returncode != 0
    assert "cart:everything" in unknown.stderr
