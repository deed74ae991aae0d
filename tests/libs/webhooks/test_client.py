"""Posting to receivers that mean no good, over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest

from libs.webhooks.addresses import AddressRules, networks_from
from libs.webhooks.answers import WebhookAnswer, WebhookError, WebhookNotTaken, WebhookRefused, WebhookUnsure
from libs.webhooks.client import MAX_ANSWER_BYTES, WebhookClient, WebhookTarget, WebhookTimeouts
from libs.webhooks.signing import check_signature
from tests.libs.webhooks.hostile import Hostile, hostile_server
from tests.silent_server import silent_server

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HERE = AddressRules(allow_http=True, allowed_networks=networks_from(["127.0.0.0/8"]))
IMPATIENT = WebhookTimeouts(connect=2.0, step=0.3, total=0.6)
PATIENT = WebhookTimeouts(connect=30.0, step=30.0, total=60.0)
ENDLESS = frozenset({"slow", "drip"})
"""Answers that end only because somebody loses patience; others are what they are, however busy the machine is."""
SECRETS = ("new-secret", "old-secret")


@pytest.fixture
async def hostile() -> AsyncIterator[Hostile]:
    async with hostile_server() as server:
        yield server


@pytest.fixture
async def client(request: pytest.FixtureRequest) -> AsyncIterator[WebhookClient]:
    asked = getattr(request.node, "callspec", None)
    is_endless = asked is not None and asked.params.get("path") in ENDLESS
    made = WebhookClient(rules=HERE, timeouts=IMPATIENT if is_endless else PATIENT)
    yield made
    await made.close()


async def _post(client: WebhookClient, url: str) -> WebhookAnswer:
    target = WebhookTarget(url, SECRETS)
    return await client.post(target, key="key-1", kind="cart.cart_abandoned", body=b'{"a":1}', now=NOW)


async def test_what_is_taken_was_signed_with_every_secret_that_is_valid(
    client: WebhookClient, hostile: Hostile
) -> None:
    answer = await _post(client, hostile.url("ok"))
    assert (answer.status, answer.body, answer.is_complete) == (200, b"ok", True)
    headers, body = hostile.requests[0]
    for secret in SECRETS:
        check_signature([secret], headers["omnithread-signature"], body, NOW)
    assert headers["idempotency-key"] == "key-1"
    assert headers["accept-encoding"] == "identity"
    assert headers["host"] == f"127.0.0.1:{hostile.port}"


@pytest.mark.parametrize(
    ("path", "outcome", "why"),
    [
        ("slow", WebhookUnsure, "timeout"),
        ("drip-headers", WebhookUnsure, "garbage"),
        ("garbage", WebhookUnsure, "garbage"),
        ("silent-close", WebhookUnsure, "garbage"),
        ("status/500", WebhookUnsure, "http_500"),
        ("status/409", WebhookUnsure, "http_409"),
        ("status/400", WebhookRefused, "http_400"),
        ("status/404", WebhookRefused, "http_404"),
        ("redirect/ok", WebhookRefused, "http_307"),
        ("status/429", WebhookNotTaken, "http_429"),
        ("status/408", WebhookNotTaken, "http_408"),
    ],
)
async def test_each_bad_answer_says_what_is_certain(
    client: WebhookClient, hostile: Hostile, path: str, outcome: type[WebhookError], why: str
) -> None:
    with pytest.raises(outcome) as caught:
        await _post(client, hostile.url(path))
    assert caught.value.why == why
    assert len(hostile.requests) == 1  # nothing was sent twice, and no redirect was followed


async def test_a_receiver_may_ask_for_a_day_of_peace_at_most(client: WebhookClient, hostile: Hostile) -> None:
    with pytest.raises(WebhookNotTaken) as caught:
        await _post(client, hostile.url("status/503"))
    assert caught.value.retry_after_seconds == 86400


async def test_ten_gigabytes_are_taken_for_an_answer_of_64_kilobytes(client: WebhookClient, hostile: Hostile) -> None:
    answer = await _post(client, hostile.url("flood"))
    assert (answer.status, len(answer.body), answer.is_complete) == (200, MAX_ANSWER_BYTES, False)
    assert hostile.flooded_bytes < 64 * 1024 * 1024


@pytest.mark.parametrize("path", ["bomb", "short", "drip"])
async def test_a_body_that_is_packed_short_or_endless_is_not_read_for_facts(
    client: WebhookClient, hostile: Hostile, path: str
) -> None:
    answer = await _post(client, hostile.url(path))
    assert answer.status == 200
    assert not answer.is_complete
    assert len(answer.body) <= MAX_ANSWER_BYTES


async def test_where_nobody_listens_nothing_was_taken(client: WebhookClient) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(WebhookNotTaken):
            await _post(client, f"http://127.0.0.1:{port}/")


async def test_a_half_open_connection_that_never_speaks_tls_gets_nothing() -> None:
    client = WebhookClient(rules=HERE, timeouts=WebhookTimeouts(connect=0.3, step=0.3, total=0.6))
    async with silent_server() as port:
        with pytest.raises(WebhookNotTaken, match="timeout"):
            await _post(client, f"https://127.0.0.1:{port}/")
        await client.close()


async def test_a_name_that_leads_into_our_network_is_refused_before_anything_is_sent(hostile: Hostile) -> None:
    async def to_here(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    client = WebhookClient(rules=AddressRules(allow_http=True), timeouts=IMPATIENT, resolve=to_here)
    with pytest.raises(WebhookRefused, match="address_not_public"):
        await _post(client, f"http://hooks.example.com:{hostile.port}/ok")
    await client.close()
    assert not hostile.requests


async def test_a_name_is_looked_up_once_and_what_was_checked_is_connected_to(hostile: Hostile) -> None:
    asked: list[str] = []

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    client = WebhookClient(rules=HERE, timeouts=IMPATIENT, resolve=rebinding)
    await _post(client, f"http://hooks.example.com:{hostile.port}/ok")
    await client.close()
    assert asked == ["hooks.example.com"]
    assert hostile.requests[0][0]["host"] == f"hooks.example.com:{hostile.port}"


async def test_a_name_that_is_looked_up_for_long_is_looked_up_once_for_all_who_wait() -> None:
    asked: list[str] = []

    async def slow(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        await asyncio.sleep(3600)
        return []

    client = WebhookClient(rules=HERE, timeouts=IMPATIENT, resolve=slow)
    posts = [_post(client, "http://slow.example.com/") for _ in range(20)]
    outcomes = await asyncio.gather(*posts, return_exceptions=True)
    await client.close()
    assert all(isinstance(outcome, WebhookNotTaken) for outcome in outcomes)
    assert asked == ["slow.example.com"]


async def test_who_thinks_better_of_it_at_the_last_moment_sends_nothing(
    client: WebhookClient, hostile: Hostile
) -> None:
    class CalledOffError(Exception):
        pass

    async def think_better() -> None:
        raise CalledOffError

    target = WebhookTarget(hostile.url("ok"), SECRETS)
    await _post(client, hostile.url("ok"))  # a connection is there
    for _ in range(2):
        with pytest.raises(CalledOffError):
            await client.post(target, key="key-2", kind="x", body=b"{}", now=NOW, before_sending=think_better)
    await _post(client, hostile.url("ok"))
    assert [headers["idempotency-key"] for headers, _ in hostile.requests] == ["key-1", "key-1"]
