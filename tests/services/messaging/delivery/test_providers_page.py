"""What the page on providers shows, as somebody who connects one would type it."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from deploy.local.ports import free_port
from libs.clock import system_clock
from libs.webhooks.signing import check_signature
from services.messaging.delivery.adapters import NotTaken, Taken
from services.messaging.delivery.making_providers import make_providers
from services.messaging.delivery.parcels import parcel_data
from services.messaging.delivery.providers_file import read_terms
from services.messaging.delivery.reports import read_reports
from services.messaging.settings import MessagingSettings
from services.messaging.values import DeliveryKind, ReceiptKind
from tests.services.calls import until
from tests.services.messaging.delivery.parcels import parcel

ROOT = Path(__file__).resolve().parents[4]
SECRET = "a secret between the two of us"


def block(language: str, having: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs/providers.md").read_text(), flags=re.DOTALL)
    (found,) = [code for code in blocks if having in code]
    return str(found)


@asynccontextmanager
async def running(code: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


def test_the_file_that_is_shown_is_one(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(block("toml", "adapter"))
    for name in ("mail.password", "texts.secrets", "texts.receipts"):
        (tmp_path / name).write_text(f"{SECRET}\n")
    assert list(read_terms(file)) == ["mail", "texts", "audiences"]
    providers = make_providers(MessagingSettings(providers_file=file), clock=system_clock, random=Random(1))
    assert providers.kinds == ("EMAIL", "SMS", "PUSH", "AD_AUDIENCE", "IN_APP", "STORE_DISPLAY")


def test_the_body_that_is_shown_is_what_is_sent() -> None:
    shown = json.loads(block("json", "message_id"))
    sent = parcel_data(parcel(kind=DeliveryKind.SMS))
    assert set(shown) == set(sent) - {"html"}


async def test_the_provider_that_is_shown_takes_a_message_once_and_can_be_asked(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "secrets").write_text(f"another secret, a newer one\n{SECRET}\n")
    file = tmp_path / "providers.toml"
    file.write_text(
        f"""
[texts]
adapter = "webhook"
kinds = ["SMS"]
url = "http://127.0.0.1:{port}/messages"
look_up_url = "http://127.0.0.1:{port}/look-up"
secrets_file = "secrets"
allow_http = true
allowed_networks = ["127.0.0.0/8"]
"""
    )
    [provider] = make_providers(MessagingSettings(providers_file=file), clock=system_clock, random=Random(1)).all
    message = parcel("+41446681800", kind=DeliveryKind.SMS)
    async with running(block("python", "HTTPServer"), SECRET=SECRET, PORT=str(port)) as gateway:

        async def is_taken() -> Taken | None:
            try:
                return await provider.adapter.hand_over(message)
            except NotTaken:
                return None  # it is not there yet

        assert await until(is_taken) == Taken("sms-msg_1")
        assert await provider.adapter.hand_over(message) == Taken("sms-msg_1")
        assert await provider.adapter.look_up("msg_1") == Taken("sms-msg_1")
        assert await provider.adapter.look_up("msg_2") is None
        assert gateway.stdout is not None
        assert await gateway.stdout.readline() == "to +41446681800 Hallo Zoë\n".encode()
    await provider.adapter.close()


async def test_the_receipt_that_is_shown_is_signed_and_read() -> None:
    async with running(block("python", "receipts"), SECRET=SECRET, MESSAGE_ID="msg_1") as writer:
        said, _ = await writer.communicate()
    body, signature = said.decode().splitlines()
    check_signature((SECRET,), signature, body.encode(), system_clock())
    [report] = read_reports(body.encode())
    assert (report.message_id, report.receipt.kind) == ("msg_1", ReceiptKind.DELIVERED)
