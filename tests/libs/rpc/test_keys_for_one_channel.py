"""A program that signs its own tokens, as the console does, can speak as its own channel and as nobody else."""

import json
from pathlib import Path

import jwt
import pytest

from deploy.local.keys import Keys, ensure_keys
from libs.clock import system_clock
from libs.errors import OmnithreadError
from libs.rpc.channels import ChannelRegistry
from libs.rpc.tokens import TokenVerifier
from services.console.calling.agent import Agent
from services.console.calling.tokens import SCOPES, AgentTokens
from tests.libs.rpc.opened_door import CHANNELS, verifier


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return ensure_keys(tmp_path / "keys")


def console_token(keys: Keys, **claims: object) -> str:
    entry = json.loads(keys.console_key_file.read_text())
    now = system_clock().timestamp()
    told = {"iss": "omnithread", "aud": "omnithread", "iat": now, "exp": now + 60, **claims}
    return jwt.encode(told, jwt.PyJWK.from_dict(entry, algorithm="EdDSA"), "EdDSA", headers={"kid": entry["kid"]})


def test_the_registry_allows_the_console_what_its_agents_tokens_hold() -> None:
    console = ChannelRegistry.load(CHANNELS).find("console")
    assert console is not None
    assert console.scopes == SCOPES


def test_an_agents_token_says_who_acts_on_the_consoles_channel(keys: Keys) -> None:
    tokens = AgentTokens(
        key_file=keys.console_key_file,
        channel_id="console",
        issuer="omnithread",
        audience="omnithread",
        seconds=60,
        clock=system_clock,
    )
    caller = verifier(keys).verify(tokens.token(Agent("anna", "Anna")))
    assert (caller.channel_id, caller.actor_id, caller.service) == ("console", "anna", "")


@pytest.mark.parametrize(
    "claims",
    [
        {"channel": "web-shop"},
        {"channel": "call-centre", "actor": "anna"},
        {"service": "aggregator"},
        {"channel": "console", "service": "cart"},
        {"channel": ["console"]},
        {},
    ],
)
def test_its_key_signs_for_no_other_channel_and_for_no_service(keys: Keys, claims: dict[str, object]) -> None:
    with pytest.raises(OmnithreadError, match=r"TOKEN_INVALID|CHANNEL_UNKNOWN"):
        verifier(keys).verify(console_token(keys, **claims))


def test_who_has_a_token_of_that_key_is_not_taken_for_another_later(keys: Keys) -> None:
    checking: TokenVerifier = verifier(keys)
    assert checking.verify(console_token(keys, channel="console")).channel_id == "console"
    with pytest.raises(OmnithreadError, match="TOKEN_INVALID"):
        checking.verify(console_token(keys, channel="web-shop"))


@pytest.mark.parametrize("written", ["console", {"console": True}, [7], None])
def test_a_limit_that_cannot_be_read_is_never_taken_for_none(keys: Keys, written: object) -> None:
    jwks = json.loads(keys.jwks_file.read_text())
    for entry in jwks["keys"]:
        if "omnithread_channels" in entry:
            entry["omnithread_channels"] = written
    keys.jwks_file.write_text(json.dumps(jwks))
    with pytest.raises(ValueError, match="omnithread_channels"):
        verifier(keys)
