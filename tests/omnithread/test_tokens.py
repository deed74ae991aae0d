"""The channel's token is fetched when needed."""

import asyncio
import base64
import json
from dataclasses import dataclass, field

import pytest

from omnithread.tokens import TokenSource, seconds_good


def jwt(expires: float, **more: float) -> str:
    body = base64.urlsafe_b64encode(json.dumps({"exp": expires, **more}).encode()).decode().rstrip("=")
    return f"e30.{body}.sig"


@dataclass
class Issuer:
    """Gives tokens of 100 s; the clock of the till beside it may be wrong."""

    now: float = 1000.0
    till_is_fast_seconds: float = 0.0
    says_since_when: bool = True
    given: list[str] = field(default_factory=list)

    def source(self) -> TokenSource:
        return TokenSource(
            self.give, now=lambda: self.now + self.till_is_fast_seconds, monotonic=lambda: self.now - 1000.0
        )

    async def give(self) -> str:
        await asyncio.sleep(0)
        self.given.append(jwt(self.now + 100, **({"iat": self.now} if self.says_since_when else {})))
        return self.given[-1]


@pytest.mark.parametrize("says_since_when", [True, False])
async def test_a_token_is_fetched_once_and_again_shortly_before_it_expires(says_since_when: bool) -> None:
    issuer = Issuer(says_since_when=says_since_when)
    source = issuer.source()
    assert await source.get() == await source.get()
    assert len(issuer.given) == 1
    issuer.now = 1071.0
    assert await source.get() == issuer.given[1]


@pytest.mark.parametrize("fast_seconds", [-86400.0, -900.0, 90.0, 900.0, 86400.0])
async def test_a_till_whose_clock_is_wrong_fetches_no_more_often_and_in_time(fast_seconds: float) -> None:
    issuer = Issuer(till_is_fast_seconds=fast_seconds)
    source = issuer.source()
    for issuer.now in (1000.0, 1010.0, 1069.0):
        await source.get()
    assert len(issuer.given) == 1
    issuer.now = 1071.0
    assert await source.get() == issuer.given[1]


def test_a_token_that_the_provider_had_for_a_while_is_good_for_what_is_left() -> None:
    assert seconds_good(jwt(1900, iat=1000), now=1600) == 300


async def test_all_who_need_a_token_at_once_wait_for_one() -> None:
    issuer = Issuer()
    source = issuer.source()
    assert {await one for one in [asyncio.ensure_future(source.get()) for _ in range(20)]} == set(issuer.given)
    assert len(issuer.given) == 1


async def test_a_token_that_is_refused_late_does_not_throw_away_the_one_after_it() -> None:
    issuer = Issuer()
    source = issuer.source()
    first = await source.get()
    assert source.forget(first)
    issuer.now += 1
    second = await source.get()
    assert source.forget(first)
    assert await source.get() == second != first
    assert not TokenSource("the only one").forget("the only one")


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
    assert seconds_good(token, now=0) == float("inf")
