"""What the console gives away comes back unchanged, or is not taken."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.calling.agent import agent_of
from services.console.web.own_address import is_meant_for_us, is_sent_from_us
from services.console.web.sealing import Seal
from services.console.web.sessions import Sessions

SEAL = Seal("s" * 64)
FACTS = st.dictionaries(st.text(max_size=10), st.text(max_size=20) | st.floats(allow_nan=False), max_size=5)


@given(FACTS)
def test_what_was_sealed_is_read_again_for_the_same_use_only(facts: dict[str, str | float]) -> None:
    sealed = SEAL.seal("one", facts)
    if len(sealed) <= 1000:
        assert SEAL.unseal("one", sealed) == facts
    assert SEAL.unseal("other", sealed) is None
    assert Seal("t" * 64).unseal("one", sealed) is None


@given(st.text(max_size=200))
def test_nothing_else_is_read(text: str) -> None:
    assert SEAL.unseal("one", text) is None


@given(FACTS)
def test_whatever_is_sealed_as_a_session_is_read_or_refused_without_a_fault(facts: dict[str, str | float]) -> None:
    sessions = Sessions(seal=SEAL, hours=1, idle_minutes=1, secure=False, new_id=lambda prefix: f"{prefix}_1")
    now = datetime.now(UTC)
    oddities: list[dict[str, str | float]] = [{}, {"agent": "anna", "began": 1e300}, {"agent": "anna", "began": "x"}]
    for wanted in oddities:
        sealed = SEAL.seal("session", {**facts, **wanted})
        assert sessions.read({sessions.cookie_name: sealed}, now) is None


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 characters"):
        Seal("too short")


@given(st.text(max_size=100), st.text(max_size=100))
def test_an_agents_id_is_one_that_a_token_can_carry(agent_id: str, name: str) -> None:
    agent = agent_of(agent_id, name)
    if agent is not None:
        assert agent.agent_id == agent_id
        assert agent.agent_id.isascii()
        assert 1 <= len(agent.name) <= 80


@pytest.mark.parametrize(
    ("host", "meant"),
    [
        ("127.0.0.1:28090", True),
        ("localhost", True),
        ("LOCALHOST:1", True),
        ("[::1]:28090", True),
        ("[::1]", True),
        ("", False),
        ("evil.example", False),
        ("127.0.0.1.evil.example:80", False),
        ("[::2]:80", False),
    ],
)
def test_without_a_name_of_its_own_only_this_machine_is_meant(host: str, meant: bool) -> None:
    assert is_meant_for_us(host, base_url="") is meant


def test_a_form_is_ours_only_with_our_origin() -> None:
    ours = {"host": "console.example.com", "origin": "https://console.example.com"}
    base = "https://console.example.com"
    assert is_sent_from_us(ours, base_url=base)
    for origin in ("http://console.example.com", "https://console.example.com.evil.example", "null", ""):
        assert not is_sent_from_us({**ours, "origin": origin}, base_url=base)
