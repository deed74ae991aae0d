"""The channel's token is fetched when needed."""

import base64
import json

import pytest

from omnithread.tokens import TokenSource, expiry_of


def jwt(expires: float) -> str:
    body = base64.urlsafe_b64encode(json.dumps({"exp": expires}).encode()).decode().rstrip("=")
    return f"e30.{body}.sig"


async def test_a_token_is_fetched_once_and_again_shortly_before_it_expires() -> None:
    now = 1000.0
    fetched: list[str] = []

    async def provider() -> str:
        fetched.append(jwt(now + 100))
        return fetched[-1]

    source = TokenSource(provider, now=lambda: now)
    assert await source.get() == await source.get()
    assert len(fetched) == 1
    now = 1071.0
    assert await source.get() == fetched[1]


def test_a_blocking_program_gives_a_plain_function() -> None:
    async def provider() -> str:
        return "token"

    coroutine = provider()
    with pytest.raises(TypeError, match="no coroutine"):
        TokenSource(lambda: coroutine).get_sync()
    coroutine.close()
    assert TokenSource(lambda: "token").get_sync() == "token"


@pytest.mark.parametrize("token", ["", "a.b", "a.!!.c", "e30.e30.x", "e30.bnVsbA.x"])
def test_a_token_that_does_not_say_when_it_expires_never_does(token: str) -> None:
    assert expiry_of(token) == float("inf")
