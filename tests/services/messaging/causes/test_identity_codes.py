"""A customer proves an address by the code that comes by mail; the code is in that mail and nowhere else."""

import re
from pathlib import Path

import pytest

from libs.ids import new_id
from libs.mongo.connection import connect, database
from libs.purposes import DEFAULT_PURPOSES, IDENTITY_CODE, load_purposes
from omnithread import cookie, email
from omnithread.profile.v1 import profile_pb2
from omnithread.profile.v1.identity_service_pb2 import (
    StartVerificationRequest,
    StartVerificationResponse,
    VerifyIdentifierRequest,
    VerifyIdentifierResponse,
)
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest, IdentifyRequest
from services.messaging.service import SERVICE as MESSAGING
from tests.services.calls import refusal, until
from tests.services.messaging.office import Office, came_to, new_person
from tests.services.messaging.post_office import PostOffice, text_of
from tests.services.running import Services

CODE = re.compile(r"\b\d{6}\b")


async def start(office: Office, customer_id: str, address: str, language: str = "") -> StartVerificationResponse:
    request = StartVerificationRequest(
        customer_id=customer_id, identifier=email(address, verified=False), language=language
    )
    return await office.identity.StartVerification(request)


async def verify(office: Office, customer_id: str, verification_id: str, code: str) -> VerifyIdentifierResponse:
    return await office.identity.VerifyIdentifier(
        VerifyIdentifierRequest(customer_id=customer_id, verification_id=verification_id, code=code)
    )


async def text_to(post: PostOffice, address: str) -> str:
    async def came() -> list[str]:
        return [text_of(mail) for mail in post.mails(address)]

    return (await until(came))[-1]


async def everything_in_database(services: Services) -> str:
    """All that messaging remembers, written out."""
    settings = services.settings(MESSAGING)
    client = connect(settings.mongo_uri, app_name="test")
    found = database(client, settings.database_name(MESSAGING.name))
    written = [
        repr(document)
        for name in await found.list_collection_names()
        for document in await found[name].find({}).to_list(None)
    ]
    client.close()
    return "\n".join(written)


def code_in(text: str) -> str:
    [code] = CODE.findall(text)
    return str(code)


async def test_the_code_comes_by_mail_and_makes_the_guest_the_customer(office: Office) -> None:
    anna = await new_person(office.profile)
    guest = await office.guest()
    started = await start(office, guest, anna.address)
    code = code_in(await text_to(office.post, anna.address))
    verified = await verify(office, guest, started.verification_id, code)
    assert verified.profile.customer_id == anna.customer_id
    assert [merge.source_customer_id for merge in verified.profile.merges] == [guest]


async def test_who_only_says_that_an_address_is_theirs_gets_a_mail_sent_and_nothing_else(office: Office) -> None:
    anna = await new_person(office.profile)
    claimed = await office.profile.Identify(
        IdentifyRequest(identifiers=[cookie(new_id("visitor")), email(anna.address, verified=False)])
    )
    stranger = claimed.profile.customer_id
    started = await start(office, stranger, anna.address)
    right = code_in(await text_to(office.post, anna.address))
    wrong = "000000" if right != "000000" else "000001"
    refused = await refusal(verify(office, stranger, started.verification_id, wrong))
    assert (refused.reason, refused.metadata["tries_left"]) == ("CODE_WRONG", "4")
    profile = (await office.profile.GetProfile(GetProfileRequest(customer_id=stranger))).profile
    assert profile.customer_id == stranger
    assert profile.kind == profile_pb2.CUSTOMER_KIND_ANONYMOUS
    assert profile.given_name == ""


async def test_the_mail_is_in_the_language_that_was_asked_for_and_names_nobody(office: Office) -> None:
    guest = await office.profile.Identify(
        IdentifyRequest(identifiers=[cookie(new_id("visitor"))], given_name="Wilhelmine")
    )
    address = f"{new_id('anna')}@example.com"
    await start(office, guest.profile.customer_id, address, language="de-CH")
    text = await text_to(office.post, address)
    assert "Ihr Code lautet" in text
    assert "Wilhelmine" not in text


async def test_the_stored_message_has_neither_the_code_nor_the_address(office: Office, services: Services) -> None:
    guest, address = await office.guest(), f"{new_id('anna')}@example.com"
    await start(office, guest, address)
    code = code_in(await text_to(office.post, address))
    queued = await office.first_message(guest)
    message = await office.ended(guest, queued.message_id)
    assert came_to(message) == ("SENT", "")
    assert (message.template_id, message.purpose) == ("identity_code", "identity_code")
    assert (message.subject, message.body_text) == ("", "")
    stored = str(await office.overview(guest)) + str(await office.events(guest)) + str(message)
    stored += await everything_in_database(services)
    assert not re.search(rf"\b{code}\b", stored)
    assert address not in stored


async def test_each_code_that_is_asked_for_is_sent_once(office: Office, another_replica: Office) -> None:
    guest, address = await office.guest(), f"{new_id('anna')}@example.com"
    request = StartVerificationRequest(customer_id=guest, identifier=email(address, verified=False))
    once = await office.identity.StartVerification(request)
    await text_to(office.post, address)
    await start(office, guest, f"other.{address}")
    await text_to(office.post, f"other.{address}")
    assert once.verification_id
    assert len(office.post.mails(address)) == 1
    assert len(await another_replica.messages(guest)) == 2


async def test_a_code_that_was_used_is_sent_no_more(office: Office) -> None:
    guest, address = await office.guest(), f"{new_id('anna')}@example.com"
    office.post.manners[address] = not_now
    started = await start(office, guest, address)
    await verify(office, guest, started.verification_id, code_in(await text_to(office.post, address)))
    message = await office.ended(guest, (await office.first_message(guest)).message_id)
    assert came_to(message) == ("SKIPPED", "EXPIRED")


async def not_now(_connection: object) -> str:
    """Take no mail at the moment."""
    return "451 later"


def test_the_purpose_of_codes_is_there_whatever_the_file_says(tmp_path: Path) -> None:
    purposes = tmp_path / "purposes.toml"
    purposes.write_text('[cart_reminder]\nkind = "marketing"\n', encoding="utf-8")
    assert load_purposes(purposes)[IDENTITY_CODE] == DEFAULT_PURPOSES[IDENTITY_CODE]


def test_a_purposes_file_cannot_make_codes_wait_for_consent(tmp_path: Path) -> None:
    purposes = tmp_path / "purposes.toml"
    purposes.write_text('[identity_code]\nkind = "marketing"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="transactional"):
        load_purposes(purposes)
