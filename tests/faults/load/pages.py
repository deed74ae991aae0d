"""Two clients more: who presses the buttons behind the links in mails, and an agent who looks at the console."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from deploy.local.console import fresh_sign_in_link
from deploy.local.suite import Suite
from libs.ids import new_id
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from services.console.calling.agent import Agent
from services.preference.links.tokens import Link, LinkKind, LinkTokens, watch_keys
from services.preference.values import ConsentKey
from tests.faults.load.client import CALL_SECONDS, PATIENCE_SECONDS, Client
from tests.faults.load.deeds import GRANTED, REVOKED, consent
from tests.faults.load.told import Deed, Log, Told

PAUSE_SECONDS = 2.0
"""After each press and each look: both cost more than most of what channels do."""
PURPOSE = "browse_reminder"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
AGENT = Agent("anna", "Anna")
TOO_MANY = 429
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""After these, and after 429, surely nothing was done."""
PASSING = frozenset({TOO_MANY, 500, 502, 503, 504})
"""What a page answers while a service behind it does not."""


@dataclass(slots=True)
class Pages:
    """Notes what the pages said; each press and each look is a call of its own."""

    log: Log
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=CALL_SECONDS))

    async def send(self, told: Told, method: str, url: str, **what: object) -> bool:
        """Send until it is answered well; every try that failed is noted as one that may have been done, if it may."""
        while True:
            began, may_be_done = time.monotonic(), told.deed is not Deed.READ
            try:
                answer = await self.http.request(method, url, **what)  # type: ignore[arg-type]  # one of many
            except httpx.TransportError as error:
                self.log.failures += 1
                may_be_done = may_be_done and not isinstance(error, NOT_SENT)
            else:
                if answer.status_code in {200, 303}:
                    self._note(told, began, answered=True)
                    return True
                if answer.status_code not in PASSING:
                    raise AssertionError(f"{told.client} was answered {answer.status_code}")
                self.log.failures += 1
                may_be_done = may_be_done and answer.status_code != TOO_MANY
            if may_be_done:
                self._note(told, began, answered=False)
            await asyncio.sleep(PATIENCE_SECONDS)

    def _note(self, told: Told, began: float, *, answered: bool) -> None:
        self.log.note(
            Told(
                deed=told.deed,
                client=told.client,
                channel=told.channel,
                customer_id=told.customer_id,
                request_id="",
                began=began,
                ended=time.monotonic(),
                answered=answered,
                said=told.said,
            )
        )


async def unsubscribe_again_and_again(
    suite: Suite, log: Log, customer_id: str, client: Client, stop: asyncio.Event
) -> None:
    """Say yes to a purpose on a channel, and unsubscribe behind a link, in turns."""
    tokens = LinkTokens(watch_keys(suite.keys.link_keys_file), base_url=suite.plan.public_base_url)
    async with httpx.AsyncClient(timeout=CALL_SECONDS) as http:
        pages = Pages(log, http)
        while not stop.is_set():
            await consent(client, customer_id, GRANTED, PURPOSE)
            link = Link(
                kind=LinkKind.UNSUBSCRIBE,
                customer_id=customer_id,
                key=ConsentKey(PURPOSE, DELIVERY_KIND_EMAIL, ""),
                expire_time=datetime.now(UTC).replace(microsecond=0) + timedelta(days=1),
                message_id=new_id("msg"),
            )
            told = _told("mail-reader", "public-pages", Deed.CONSENT, customer_id, f"{PURPOSE}={REVOKED}")
            await pages.send(told, "POST", tokens.url(link), data=ONE_CLICK)
            await asyncio.sleep(PAUSE_SECONDS)


async def look_at_the_console(suite: Suite, log: Log, customer_id: str, stop: asyncio.Event) -> None:
    """Sign in, and look at a customer again and again."""
    base = suite.plan.console_base_url
    async with httpx.AsyncClient(timeout=CALL_SECONDS) as http:
        pages = Pages(log, http)
        told = _told("desk", "console", Deed.READ, customer_id)
        headers = {"origin": base, "sec-fetch-site": "same-origin"}
        await pages.send(told, "POST", fresh_sign_in_link(suite.keys, base, AGENT), headers=headers, data={"x": ""})
        while not stop.is_set():
            await pages.send(told, "GET", f"{base}/customers/{customer_id}")
            await asyncio.sleep(PAUSE_SECONDS)


def _told(client: str, channel: str, deed: Deed, customer_id: str, said: str = "") -> Told:
    return Told(
        deed=deed, client=client, channel=channel, customer_id=customer_id, request_id="", began=0, ended=0, said=said
    )
