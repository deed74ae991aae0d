"""Verified tokens are kept, and keys are changed without a restart."""

import asyncio
from datetime import timedelta
from pathlib import Path

import jwt
import pytest

from deploy.local.keys import Keys, ensure_keys, mint_channel_token, mint_service_token, renew_keys
from libs.clock import system_clock
from libs.errors import OmnithreadError
from libs.rpc import tokens
from libs.rpc.tokens import TokenVerifier
from libs.rpc.watched_file import LOOK_EVERY_SECONDS, LOOK_NOW_EVERY_SECONDS
from tests.libs.rpc.opened_door import verifier


async def test_a_token_is_verified_once_and_then_known_until_it_expires(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [system_clock()]
    checking = verifier(keys, clock=lambda: now[0])
    token = mint_channel_token(keys.state, "web-shop", lifetime_seconds=60)
    first = checking.verify(token)
    monkeypatch.setattr(jwt, "decode", None)  # nothing is verified from here on
    assert checking.verify(token) is first
    now[0] += timedelta(seconds=61)
    with pytest.raises(OmnithreadError, match="TOKEN_EXPIRED"):
        checking.verify(token)


async def test_only_so_many_tokens_are_kept(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_KNOWN_TOKENS", 3)
    checking = verifier(keys)
    for number in range(5):
        checking.verify(mint_channel_token(keys.state, "web-shop", actor=f"emp-{number}"))
    assert len(checking._known) == 3


async def test_a_new_key_counts_before_the_next_look_at_the_file_and_the_old_one_no_longer(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path / "keys")
    checking = verifier(keys)
    old = mint_channel_token(keys.state, "web-shop")
    checking.verify(old)
    renew_keys(keys.state)
    new = mint_channel_token(keys.state, "store-042")
    async with asyncio.timeout(LOOK_EVERY_SECONDS):
        while not is_good(checking, new):
            await asyncio.sleep(LOOK_NOW_EVERY_SECONDS)
    assert checking.verify(new).channel_id == "store-042"
    with pytest.raises(OmnithreadError, match="TOKEN_INVALID"):
        checking.verify(old)


async def test_a_key_that_was_taken_away_is_noticed_without_a_new_token(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path / "keys")
    checking = verifier(keys)
    old = mint_channel_token(keys.state, "web-shop")
    checking.verify(old)
    renew_keys(keys.state)
    async with asyncio.timeout(30):
        while is_good(checking, old):
            await asyncio.sleep(0.05)


async def test_a_broken_key_file_changes_nothing(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path / "keys")
    checking = verifier(keys)
    token = mint_channel_token(keys.state, "web-shop")
    for broken in ("", "{}", '{"keys": []}', '{"keys": [{"kty": "OKP"}]}', "[]", '{"keys": [7]}'):
        keys.jwks_file.write_text(broken, encoding="utf-8")
        assert checking._ring.get(look_now=True).by_id
        assert checking.verify(token).channel_id == "web-shop"


async def test_a_service_without_keys_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        verifier(Keys(tmp_path))
    (tmp_path / "jwks.json").write_text('{"keys": []}', encoding="utf-8")
    with pytest.raises(ValueError, match="without a key"):
        verifier(Keys(tmp_path))


def test_the_long_tokens_of_an_older_version_count_while_the_settings_let_them(keys: Keys) -> None:
    month, half_a_day = 30 * 24 * 3600, 12 * 3600
    of_a_service = mint_service_token(keys.state, "aggregator", lifetime_seconds=month)
    of_a_channel = mint_channel_token(keys.state, "web-shop", lifetime_seconds=half_a_day)
    assert not is_good(verifier(keys), of_a_service)
    assert not is_good(verifier(keys), of_a_channel)
    meanwhile = verifier(keys, most_seconds=2592000)
    assert meanwhile.verify(of_a_service).service == "aggregator"
    assert meanwhile.verify(of_a_channel).channel_id == "web-shop"


def is_good(checking: TokenVerifier, token: str) -> bool:
    try:
        checking.verify(token)
    except OmnithreadError:
        return False
    return True
