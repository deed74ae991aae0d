"""A replica of messaging that is to stop sends those who watch inboxes and displays to another one, at once."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grpc import StatusCode

from omnithread import cookie
from omnithread.messaging.v1.inbox_service_pb2 import SubscribeDisplayRequest, SubscribeInboxRequest
from omnithread.profile.v1.profile_service_pb2 import IdentifyRequest
from services.messaging.service import SERVICE as MESSAGING
from services.profile.service import SERVICE as PROFILE
from tests.services.calls import refusal
from tests.services.messaging.conftest import EMBEDDED
from tests.services.running import Services

DRAIN_SECONDS = 60


async def test_a_stop_is_not_held_up_by_who_watches_an_inbox_or_a_display(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path: Path
) -> None:
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=new_prefix(), state=tmp_path
    ) as services:
        await services.start(PROFILE, **EMBEDDED)
        messaging = await services.start(MESSAGING, **EMBEDDED, drain_seconds=DRAIN_SECONDS)
        shop = services.connect("web-shop")
        answer = await shop.profile.Identify(IdentifyRequest(identifiers=[cookie("visitor-stops")]))
        customer_id = answer.profile.customer_id
        streams: list[Any] = [  # of two types: their answers have the same fields
            shop.inbox.SubscribeInbox(SubscribeInboxRequest(customer_id=customer_id)),
            shop.inbox.SubscribeDisplay(SubscribeDisplayRequest(customer_id=customer_id)),
        ]
        for stream in streams:
            await stream.read()
        messaging.parts.stopping()
        streams.append(shop.inbox.SubscribeInbox(SubscribeInboxRequest(customer_id=customer_id)))
        for stream in streams:
            told = await refusal(stream.read())
            assert (told.code, told.reason) == (StatusCode.UNAVAILABLE, "INBOX_STOPPED")
        begun = time.monotonic()
    assert time.monotonic() - begun < DRAIN_SECONDS / 2
