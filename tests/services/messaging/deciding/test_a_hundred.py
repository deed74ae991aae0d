"""A hundred channels want to write to one customer at once, who wants three messages a day at most."""

import asyncio
from collections import Counter

import grpc
import pytest

from omnithread import details_of
from omnithread.messaging.v1 import explanation_service_pb2 as pb
from omnithread.preference.v1.preference_pb2 import FrequencyCap
from tests.services.calls import until
from tests.services.messaging.office import EMAIL, Office, came_to, form
from tests.services.running import Services

MANY, AT_ONCE, AT_MOST = 100, 16, 3
BUSY = {"QUEUE_FULL", "OUTBOX_FULL", "CONFLICT", "DEADLINE_EXCEEDED"}
"""What a caller tries again later: only so many messages of one customer wait at once."""


async def accepted(office: Office, customer_id: str, gate: asyncio.Semaphore) -> str:
    """Queue a message, again and again until there is room for it."""

    async def send() -> str:
        try:
            async with gate:
                return await office.send(customer_id, "one_of_many", "cart_reminder")
        except grpc.aio.AioRpcError as error:
            if details_of(error).reason in BUSY:
                return ""
            raise

    return await until(send, seconds=120)


@pytest.mark.timeout(240)
async def test_of_a_hundred_at_once_exactly_three_go_out_and_the_others_say_why(
    services: Services, office: Office, another_replica: Office
) -> None:
    await office.put("one_of_many", form(EMAIL, "Hello"))
    anna = await office.person(EMAIL)
    cap = FrequencyCap(purpose="cart_reminder", max_messages=AT_MOST, period_days=1)
    await office.prefer(anna.customer_id, frequency_caps=[cap])

    replicas = [office, another_replica] * (MANY // 2)
    gate = asyncio.Semaphore(AT_ONCE)
    sent = await asyncio.gather(*(accepted(replica, anna.customer_id, gate) for replica in replicas))
    assert len(set(sent)) == MANY
    ended = [came_to(await office.ended(anna.customer_id, message_id)) for message_id in sent]
    assert Counter(ended) == {("SENT", ""): AT_MOST, ("SKIPPED", "CAP_REACHED"): MANY - AT_MOST}
    assert len(office.post.mails(anna.address)) == AT_MOST

    skipped = next(message_id for message_id, (state, _) in zip(sent, ended, strict=True) if state == "SKIPPED")
    why = services.connect("call-centre", at=another_replica.running).explanations
    request = pb.ExplainMessageRequest(customer_id=anna.customer_id, message_id=skipped)
    finding = (await why.ExplainMessage(request)).explanation.judgements[-1].findings[-1]
    assert finding.words == "A cap is reached: customer cart_reminder in 1 days: 3 of 3."
