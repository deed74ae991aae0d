"""Providers report through the door; messaging, behind it, has their secrets."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from libs.webhooks.signing import SIGNATURE_HEADER, signature_header
from services.messaging.service import SERVICE as MESSAGING
from tests.services.door.house import door_to
from tests.services.running import Services

SECRET = "a-secret-of-the-provider"
PROVIDERS = """
[mail]
adapter = "smtp"
kinds = ["EMAIL"]
host = "127.0.0.1"
tls = "none"
receipt_secrets_file = "mail.secrets"
"""


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody who reports what became of messages."""

    http: httpx.AsyncClient

    async def report(
        self, *, to: str = "mail", secret: str = SECRET, body: bytes | None = None, age: timedelta = timedelta()
    ) -> httpx.Response:
        """Sign a body and post it."""
        now = datetime.now(UTC)
        receipt = {"message_id": "msg_unknown", "kind": "delivered", "time": now.isoformat().replace("+00:00", "Z")}
        sent = json.dumps({"receipts": [receipt]}).encode() if body is None else body
        headers = {SIGNATURE_HEADER: signature_header([secret], sent, now - age)}
        return await self.http.post(f"/receipts/{to}", content=sent, headers=headers)


@pytest.fixture(scope="module")
async def provider(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Provider]:
    state = tmp_path_factory.mktemp("receipts")
    (state / "mail.secrets").write_text(SECRET, encoding="utf-8")
    (state / "providers.toml").write_text(PROVIDERS, encoding="utf-8")
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=new_prefix(), state=state
    ) as services:
        messaging = await services.start(MESSAGING, providers_file=state / "providers.toml")
        address = f"127.0.0.1:{messaging.port}"
        async with (
            door_to(services, state, messaging=address, unknown_per_minute=5) as door,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{door.port}", timeout=20) as http,
        ):
            yield Provider(http)


async def test_a_signed_report_gets_through_and_a_forged_one_does_not(provider: Provider) -> None:
    told = await provider.report()
    assert (told.status_code, told.json()) == (200, {"outcomes": ["MESSAGE_UNKNOWN"]})
    forged = await provider.report(secret="another-secret-than-theirs")
    assert (forged.status_code, forged.json()) == (403, {"reason": "NOT_SIGNED"})
    assert (await provider.report(age=timedelta(hours=1))).status_code == 403
    assert (await provider.report(body=b"[]")).status_code == 400
    assert (await provider.report(to="nobody")).status_code == 404
    assert (await provider.report()).status_code == 200


async def test_who_forges_reports_is_slowed_down(provider: Provider) -> None:
    answers = [(await provider.report(secret="another-secret-than-theirs")).status_code for _ in range(6)]
    assert answers[-1] == 429
