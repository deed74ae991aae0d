"""I am I, and I can prove it: a code that comes to my mailbox makes me who I am, and nobody else gets what is mine."""

import json
import re
from pathlib import Path

import grpc
import pytest

import omnithread
from deploy.local.suite import Suite
from deploy.sample.load import put_templates
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest
from omnithread.profile.v1.identity_service_pb2 import StartVerificationRequest, VerifyIdentifierRequest
from omnithread.profile.v1.profile_service_pb2 import SET_ASIDE_REASON_SHARED
from tests.journeys.people import Person, add, context_of, log_in, somebody
from tests.running_suite import PHONES, Channels, until


async def code_for(suite: Suite, person: Person) -> str:
    """What stands in the newest mail to a person."""

    async def codes() -> list[str]:
        mails = suite.mailbox.mails(recipient=person.email)
        bodies = [body for mail in mails if (body := mail.get_body(("plain",)))]
        return [code for body in bodies for code in re.findall(r"\b\d{6}\b", body.get_content())]

    return (await until(codes, bool))[-1]


async def text_message_to(suite: Suite, person: Person) -> str:
    """What the newest text message to a person says."""
    folder = Path(suite.plan.settings["providers_file"]).parent / PHONES

    async def texts() -> list[str]:
        arrived = [json.loads(file.read_text()) for file in folder.glob("*.json")]
        return [one["text"] for one in arrived if one["to"] == person.phone]

    return (await until(texts, bool))[-1]


async def say(channel: omnithread.Omnithread, customer_id: str, person: Person) -> str:
    """Ask for a code to the person's address; gives the verification."""
    request = StartVerificationRequest(
        customer_id=customer_id, identifier=omnithread.email(person.email, verified=False), language="de"
    )
    return (await channel.identity.StartVerification(request)).verification_id


async def test_a_guest_proves_an_address_and_goes_on_as_the_customer(suite: Suite, channels: Channels) -> None:
    await put_templates(channels.shop)
    anna = somebody()
    known = await log_in(channels.store, anna)
    with known.carry():
        await add(channels.store, known.customer_id, "purse")

    visit = await channels.shop.start_session(
        [omnithread.cookie(anna.cookie), omnithread.email(anna.email, verified=False)]
    )
    with visit.carry():
        await add(channels.shop, visit.customer_id, "scarf")
        assert visit.customer_id != known.customer_id
        assert {line.sku for line in (await context_of(channels.shop, visit.customer_id)).cart.cart.lines} == {"scarf"}

        verification_id = await say(channels.shop, visit.customer_id, anna)
        code = await code_for(suite, anna)
        verified = await channels.shop.identity.VerifyIdentifier(
            VerifyIdentifierRequest(customer_id=visit.customer_id, verification_id=verification_id, code=code)
        )
        assert verified.profile.customer_id == known.customer_id
        session = await channels.shop.start_session([omnithread.email(anna.email, verified=True)])
    assert session.customer_id == known.customer_id
    context = await context_of(channels.app, visit.customer_id)
    assert context.customer_id == known.customer_id
    assert {line.sku for line in context.cart.cart.lines} == {"purse", "scarf"}


async def test_a_guest_proves_a_telephone_by_a_text_message(suite: Suite, channels: Channels) -> None:
    anna = somebody()
    known = await log_in(channels.store, anna)
    visit = await channels.shop.start_session([omnithread.cookie(anna.cookie)])
    with visit.carry():
        started = await channels.shop.identity.StartVerification(
            StartVerificationRequest(
                customer_id=visit.customer_id, identifier=omnithread.phone(anna.phone, verified=False), language="de"
            )
        )
        (code,) = re.findall(r"\b\d{6}\b", await text_message_to(suite, anna))
        verified = await channels.shop.identity.VerifyIdentifier(
            VerifyIdentifierRequest(customer_id=visit.customer_id, verification_id=started.verification_id, code=code)
        )
    assert verified.profile.customer_id == known.customer_id


async def test_whoever_guesses_gets_nothing_of_mine(suite: Suite, channels: Channels) -> None:
    await put_templates(channels.shop)
    anna, thief = somebody(), somebody()
    known = await log_in(channels.store, anna)
    visit = await channels.shop.start_session(
        [omnithread.cookie(thief.cookie), omnithread.email(anna.email, verified=False)]
    )
    verification_id = await say(channels.shop, visit.customer_id, anna)
    right = await code_for(suite, anna)
    wrong = [code for code in (f"{number:06}" for number in range(6)) if code != right][:5]
    reasons = []
    for code in (*wrong, right):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await channels.shop.identity.VerifyIdentifier(
                VerifyIdentifierRequest(customer_id=visit.customer_id, verification_id=verification_id, code=code)
            )
        reasons.append(omnithread.details_of(refused.value).reason)
    assert reasons == [*["CODE_WRONG"] * 5, "VERIFICATION_TRIES_USED_UP"]
    context = await context_of(channels.shop, visit.customer_id)
    assert context.customer_id == visit.customer_id != known.customer_id
    assert context.profile.given_name == ""


async def test_the_tablet_in_the_store_shows_nobody_what_another_one_left_there(channels: Channels) -> None:
    tablet = omnithread.device(somebody().device)
    for _ in range(6):
        person = somebody()
        visit = await channels.store.start_session([tablet, omnithread.email(person.email, verified=True)])
        with visit.carry():
            await add(channels.store, visit.customer_id, "purse")
    passer_by = await channels.store.start_session([tablet])
    assert [one.reason for one in passer_by.started.set_aside] == [SET_ASIDE_REASON_SHARED]
    assert not passer_by.context.cart.cart.lines
    assert not passer_by.context.profile.identifiers
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await channels.store.context.GetCustomerContext(GetCustomerContextRequest(identifier=tablet))
    assert omnithread.details_of(refused.value).reason == "CUSTOMER_NOT_FOUND"
