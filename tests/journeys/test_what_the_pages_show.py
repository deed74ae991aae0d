"""A newcomer types what the pages show, and it works."""

import asyncio
import os
import re
import secrets
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import omnithread
from deploy.local.suite import Suite
from deploy.sample.load import put_templates
from libs.rpc.scopes import EVERY
from omnithread import SERVICES
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_STORE_VISITED
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest
from omnithread.messaging.v1.subscription_service_pb2 import DeleteSubscriptionRequest
from tests.running_suite import Channels, until

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 60


def block(page: str, language: str, having: str) -> str:
    """The block of code on a page that has these words."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), flags=re.DOTALL)
    (found,) = [code for code in blocks if having in code]
    return str(found)


def at_this_suite(code: str, suite: Suite) -> str:
    """The same for a suite on other ports than those of `make up`."""
    for documented, service in enumerate(("profile", "cart", "preference", "messaging", "aggregator"), start=50051):
        code = code.replace(f"127.0.0.1:{documented}", f"127.0.0.1:{suite.plan.ports.services[service].grpc}")
    return code.replace(".omnithread/tls/ca.pem", str(suite.authority.file))


def where(suite: Suite) -> dict[str, str]:
    """What a channel's program is told: where the services are, and whose certificates they show."""
    addresses = suite.plan.ports.addresses()
    at = {f"{name.upper()}_ADDRESS": getattr(addresses, name) for name in SERVICES}
    return {**at, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(suite.authority.file)}


async def run(*command: str, environment: dict[str, str]) -> str:
    child = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(child.communicate(), LIMIT_SECONDS)
    assert child.returncode == 0, said.decode()
    return said.decode()


async def test_the_web_shop_in_twenty_lines(suite: Suite) -> None:
    environment = where(suite)
    code = block("libs/omnithread-client/README.md", "python", "AddItemRequest")
    said = await run(
        sys.executable, "-c", code, environment={**environment, "CHANNEL_TOKEN": suite.token("web-shop", scopes=EVERY)}
    )
    assert "in the cart: ['Purse']" in said


async def test_a_cart_page_from_the_first_article_to_the_order(suite: Suite) -> None:
    environment = where(suite)
    code = block("docs/cart-page.md", "python", "asyncio.run")
    said = await run(
        sys.executable, "-c", code, environment={**environment, "CHANNEL_TOKEN": suite.token("web-shop", scopes=EVERY)}
    )
    assert "Saved for later: Hat" in said
    assert "The same cart: ['Purse', 'Hat']" in said
    assert "Ordered: ['Purse', 'Hat'] for 124.90 EUR" in said


async def test_tea_is_two_for_one_on_the_web_and_a_fifth_off_in_the_store(suite: Suite) -> None:
    environment = where(suite)
    code = block("docs/offers.md", "python", "SaveOfferRequest")
    said = await run(
        sys.executable, "-c", code, environment={**environment, "CHANNEL_TOKEN": suite.token("web-shop", scopes=EVERY)}
    )
    lines = said.splitlines()
    assert "here: 8.00 EUR ['Tea: two for one']" in lines
    assert "  it takes 2.00 EUR more" in lines
    assert "  not tea-in-stores OTHER_CHANNEL" in lines
    assert "in the store: 12.80 EUR ['Cup']" in lines
    assert "asked of the store: 12.80 EUR" in lines
    assert "on every channel: ['tea-1-plus-1', 'tea-cup', 'tea-in-stores']" in lines


async def test_a_message_is_written_for_four_ways_looked_at_and_published(suite: Suite) -> None:
    environment = where(suite)
    code = block("docs/templates.md", "python", "SaveTemplateDraft")
    said = await run(
        sys.executable, "-c", code, environment={**environment, "CHANNEL_TOKEN": suite.token("web-shop", scopes=EVERY)}
    )
    lines = said.splitlines()
    assert "faults: []" in lines
    assert "SMS: 'The Tea House: your tea is waiting, 3.80. An offer: 0.20 less.'" in lines
    assert "  62 characters in 1 SMS" in lines
    assert "  has the brand's name and colour: True True" in lines
    assert "counts now: 1 of 1" in lines


async def test_staff_ask_why_nothing_came_and_why_something_did(suite: Suite) -> None:
    environment = where(suite)
    code = block("docs/messages.md", "python", "ExplainSilenceRequest")
    said = await run(
        sys.executable, "-c", code, environment={**environment, "CHANNEL_TOKEN": suite.token("web-shop", scopes=EVERY)}
    )
    assert said.startswith(block("docs/messages.md", "text", "silence:"))
    assert "by DELIVERY_KIND_IN_APP NO_CONSENT" in said
    assert "consent PASS - It needs no consent" in said
    assert said.splitlines()[-1].startswith("It was sent by the inbox in the app on ")


async def test_a_cart_is_handed_over_and_gone_on_with(suite: Suite) -> None:
    environment = where(suite)
    code = block("docs/integrate.md", "python", "CreateHandoverRequest")
    said = await run(
        sys.executable, "-c", code, environment={**environment, "CHANNEL_TOKEN": suite.token("web-shop", scopes=EVERY)}
    )
    assert said.splitlines() == ["outcome: HANDOVER_OUTCOME_SAME_CUSTOMER", "one customer: True"]


async def test_a_conversation_goes_from_the_chat_to_a_mail_and_to_the_store(suite: Suite) -> None:
    environment = {
        **where(suite),
        "CHANNEL_TOKEN": suite.token("web-shop", scopes=EVERY),
        "STAFF_TOKEN": suite.token("call-centre", actor="agent-17", scopes=EVERY),
        "GATEWAY_TOKEN": suite.token("mail-gateway", scopes=EVERY),
    }
    code = block("docs/conversations.md", "python", "ReceiveMailRequest")
    said = await run(sys.executable, "-c", code, environment=environment)
    assert said.splitlines() == [
        "unread: 1",
        "web-shop customer: Do you have it in blue?",
        "call-centre agent: In the store.",
        "mail-gateway customer: I come at five.",
        "for agent-17: Asks for blue ones; I know no more.",
        "for 042: Put it aside, please.",
    ]


async def test_the_store_sees_live_what_the_web_shop_puts_into_the_cart(suite: Suite) -> None:
    environment = {
        **where(suite),
        "CHANNEL_TOKEN": suite.token("web-shop", scopes=EVERY),
        "STAFF_TOKEN": suite.token("store-042", actor="till-3", scopes=EVERY),
    }
    said = await run(
        sys.executable, "-c", block("docs/live-context.md", "python", "watch_context"), environment=environment
    )
    assert said == block("docs/live-context.md", "text", "in the cart")


async def test_the_public_door_tells_what_is_no_link_of_ours(suite: Suite) -> None:
    commands = block("docs/public-pages.md", "sh", "curl").replace("http://127.0.0.1:28080", suite.door.address)
    said = await run("bash", "-c", commands, environment={})
    assert said.split("\n") == ["404 text/html; charset=utf-8", "404", '{"reason":"UNKNOWN"}']


async def test_a_newsletter_is_confirmed_by_the_code_in_the_mail_and_its_proofs_are_checked(
    suite: Suite, channels: Channels
) -> None:
    await put_templates(channels.shop)
    environment = where(suite)
    told = {
        **environment,
        "CHANNEL_TOKEN": suite.token("web-shop", scopes=EVERY),
        "ADDRESS": "consent-page@example.com",
    }
    said = await run(sys.executable, "-c", block("docs/consent.md", "python", "SetConsentRequest"), environment=told)
    customer_id, record_id, state = said.split()
    assert state == "CONSENT_STATE_PENDING"

    async def codes() -> list[str]:
        mails = suite.mailbox.mails(recipient=told["ADDRESS"])
        bodies = [body for mail in mails if (body := mail.get_body(("plain",)))]
        texts = [re.sub(r"https?://\S+", "", body.get_content()) for body in bodies]
        return [code for text in texts for code in re.findall(r"\b\d{6}\b", text)]

    answered = {"CUSTOMER_ID": customer_id, "RECORD_ID": record_id, "CODE": (await until(codes, bool))[-1]}
    code = block("docs/consent.md", "python", "ConfirmConsentRequest")
    said = await run(sys.executable, "-c", code, environment={**told, **answered})
    assert said.splitlines() == ["newsletter: True", "proofs: 2 as they were noted: True"]


async def test_a_first_call_from_python(suite: Suite, tmp_path: Path) -> None:
    code = at_this_suite(block("README.md", "python", "start_session"), suite)
    make = tmp_path / "make"  # `make token` asks the suite of `make up`, and this is another one
    make.write_text(f"#!/bin/sh\necho {suite.token('mobile-app')}\n")
    make.chmod(0o755)
    said = await run(sys.executable, "-c", code, environment={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert "customer_id:" in said


async def test_a_first_call_with_grpcurl(suite: Suite, tmp_path: Path) -> None:
    command = at_this_suite(block("README.md", "sh", "grpcurl"), suite)
    command = command.replace("$(make token CHANNEL=web-shop)", suite.token("web-shop"))
    command = command.replace(".venv/bin/grpcurl", str(Path(sys.executable).parent / "grpcurl"))
    said = await run("bash", "-c", command, environment={})
    assert '"session_id"' in said


async def test_a_tills_queue_tells_of_each_sale_once(suite: Suite, tmp_path: Path) -> None:
    till = {
        **where(suite),
        "CHANNEL_TOKEN": suite.token("store-042", scopes=EVERY),
        "QUEUE_FILE": str(tmp_path / "queue.db"),
    }
    code = block("docs/tills.md", "python", "RecordOrderRequest")
    offline = {f"{name.upper()}_ADDRESS": "127.0.0.1:1" for name in SERVICES}
    assert await run(sys.executable, "-c", code, environment={**till, **offline, "RECEIPT": "R-1"}) == ""
    said = await run(sys.executable, "-c", code, environment={**till, "RECEIPT": "R-2"})
    assert said.splitlines() == ["1 told", "2 told"]
    again = {**till, "QUEUE_FILE": str(tmp_path / "another.db"), "RECEIPT": "R-2"}
    assert (await run(sys.executable, "-c", code, environment=again)).split() == ["1", "EXTERNAL_NUMBER_REUSED"]


async def test_another_system_receives_what_it_subscribed_to(suite: Suite) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **where(suite),
        "CHANNEL_TOKEN": suite.token("web-shop", scopes=EVERY),
        "RECEIVER_URL": f"http://127.0.0.1:{port}/events",
    }
    subscribing = block("docs/webhooks.md", "python", "PutSubscriptionRequest(")
    secret = (await run(sys.executable, "-c", subscribing, environment=environment)).strip()
    receiver = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        block("docs/webhooks.md", "python", "is_ours"),
        env={**os.environ, "SECRETS": f"new,{secret}", "PORT": str(port)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        said = await run(
            sys.executable, "-c", block("docs/cart-page.md", "python", "asyncio.run"), environment=environment
        )
        assert "The same cart" in said
        assert receiver.stdout is not None
        async with asyncio.timeout(LIMIT_SECONDS):
            while b"omnithread.cart.v1.ItemAdded cus_" not in await receiver.stdout.readline():
                pass
        trying = block("docs/webhooks.md", "python", "SendTestEventRequest(")
        said = await run(sys.executable, "-c", trying, environment=environment)
        assert "test: taken 204" in said
        assert "cart.item_added SUBSCRIPTION_DELIVERY_STATE_TAKEN" in said
    finally:
        receiver.kill()
        await receiver.wait()
        async with suite.connect("web-shop", scopes=EVERY) as shop:  # nobody listens there any more
            await shop.subscriptions.DeleteSubscription(DeleteSubscriptionRequest(subscription_id="warehouse"))


async def test_two_reminders_and_an_order_that_comes_before_them(suite: Suite) -> None:
    environment = where(suite)
    code = block("docs/campaigns.md", "python", "PutCampaignRequest")
    said = await run(
        sys.executable, "-c", code, environment={**environment, "CHANNEL_TOKEN": suite.token("web-shop", scopes=EVERY)}
    )
    lines = said.splitlines()
    assert "would: first QUEUED SEND " in lines
    assert "would: second QUEUED SEND " in lines
    steps = [
        ("first", "QUEUED"),
        ("pause", "WAITED"),
        ("came_back", "second"),
        ("second", "QUEUED"),
        ("enough", "EXITED"),
    ]
    assert f"Ben: COMPLETED {steps}" in lines
    assert "Anna: []" in lines


async def test_metrics_are_read_over_http_and_name_traces(suite: Suite, channels: Channels) -> None:
    await channels.shop.start_session([omnithread.cookie("metrics-page")])
    port = str(suite.plan.ports.services["cart"].metrics)
    ready = block("docs/metrics.md", "sh", "omnithread_ready").replace("52052", port)
    assert await run("bash", "-c", ready, environment={}) == "omnithread_ready 1.0\n"
    exemplars = block("docs/metrics.md", "sh", "openmetrics-text").replace("52052", port)
    assert "_bucket{" in await until(lambda: run("bash", "-c", f"{exemplars.strip()} || true", environment={}), bool)


async def test_an_analyst_searches_journeys_and_reads_the_report(suite: Suite, channels: Channels) -> None:
    session = await channels.shop.start_session([omnithread.cookie(f"analysed-{secrets.token_hex(8)}")])
    visit = RecordTouchpointRequest(customer_id=session.customer_id, kind=TOUCHPOINT_KIND_STORE_VISITED)
    await channels.store.context.RecordTouchpoint(visit)
    today = datetime.now(UTC).date()
    told = {
        **where(suite),
        "CHANNEL_TOKEN": suite.token("call-centre", actor="agent-17", scopes=EVERY),
        "FROM_DAY": (today - timedelta(days=1)).isoformat(),
        "TO_DAY": today.isoformat(),
    }
    code = block("docs/journeys.md", "python", "SearchJourneysRequest")

    async def lines() -> list[str]:
        return (await run(sys.executable, "-c", code, environment=told)).splitlines()

    # The page shows the three most frequent ones, and other stories of this suite have theirs.
    said = await until(lines, lambda seen: any(line.startswith("hand-over ") for line in seen))
    assert any(line.startswith("journeys: ") for line in said)
