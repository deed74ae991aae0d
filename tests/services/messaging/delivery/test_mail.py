"""Mails as they are written, and the way to the mail server with its lock and its doorkeeper."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from libs.clock import system_clock
from services.messaging.deciding.last_look import CalledOff
from services.messaging.delivery.adapters import NotTaken, Refused, Unsure
from services.messaging.delivery.mail import Mail, MailServer, compose
from services.messaging.delivery.smtp import SmtpAdapter
from services.messaging.texts.templates import Rendered
from tests.services.messaging.delivery.parcels import TEXTS, parcel
from tests.services.messaging.post_office import LOOPBACK, PostOffice, hang_up, post_office, text_of

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SERVER = MailServer(
    host="localhost",
    port=0,
    tls="starttls",
    user="shop",
    password="hunter2",
    timeout_seconds=5,
    from_address="noreply@example.com",
    from_name="Schöner Shop",
)


def written(address: str, rendered: Rendered = TEXTS, **changes: Any) -> Mail:
    return compose(SERVER, parcel(address, rendered, **changes), now=NOW)


def test_the_same_message_always_has_the_same_message_id() -> None:
    mail = message_from_bytes(written("zoe@example.com").content, policy=policy.default)
    assert mail["Message-ID"] == "<msg_1@example.com>"
    assert mail["From"] == "Schöner Shop <noreply@example.com>"
    assert (mail["Subject"], mail["Content-Language"], mail["Auto-Submitted"]) == ("Grüezi", "de", "auto-generated")
    assert mail.get_content_type() == "multipart/alternative"


def test_a_domain_with_umlauts_is_written_as_mail_servers_know_it() -> None:
    assert written("zoe@bücher.example").recipient == "zoe@xn--bcher-kva.example"


@pytest.mark.parametrize("address", ["a\r\nBcc: b@example.com", "a\n@example.com", ""])
def test_what_is_no_address_is_refused_before_anybody_is_called(address: str) -> None:
    with pytest.raises(Refused):
        written(address)


LINK = "https://door.example.com/u/" + "gAAAAABn" * 60


def test_the_link_that_takes_consent_back_is_written_as_mail_programs_read_it() -> None:
    headers = (
        ("List-Unsubscribe", f"<{LINK}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("References", " ".join(f"<msg_{number}@example.com>" for number in range(20))),
    )
    content = written("zoe@example.com", headers=headers).content
    assert f"List-Unsubscribe: <{LINK}>\r\n".encode() in content
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in content
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    mail = message_from_bytes(content, policy=policy.default)
    assert len(mail["References"].split()) == 20
    assert mail["To"] == "zoe@example.com"


@pytest.mark.parametrize(
    "header",
    [
        ("List-Unsubscribe", "<https://a.example/>\r\nBcc: everybody@example.com"),
        ("List-Unsubscribe", "<https://a.example/>\nX: y"),
        ("List-Unsubscribe", "x" * 901),
        ("References", "<a@b>  <c@d>"),
        ("Reply-To", "zoë@example.com"),
        ("Bcc", "everybody@example.com"),
        ("Subject", "another one"),
    ],
)
def test_no_header_comes_in_that_is_not_allowed(header: tuple[str, str]) -> None:
    with pytest.raises(Refused):
        written("zoe@example.com", headers=(header,))


@given(st.text(), st.text(min_size=1))
def test_whatever_names_and_subjects_hold_a_mail_has_the_headers_that_we_gave_it(subject: str, name: str) -> None:
    rendered = replace(TEXTS, subject=subject)
    server = replace(SERVER, from_name=name)
    try:
        content = compose(server, parcel(rendered=rendered), now=NOW).content
    except Refused:
        return
    mail = message_from_bytes(content, policy=policy.SMTP)
    expected = {"To", "From", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}
    assert set(mail.keys()) - {"Content-Language"} == expected
    assert len(mail.keys()) == len(set(mail.keys()))


class Doorkeeper:
    """Keeps what it takes, from those who know the word."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's
        assert session.ssl is not None
        self.mails.append(envelope.original_content or b"")
        return "250 Kept"


def known(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object) -> AuthResult:
    ok = isinstance(data, LoginPassword) and (data.login, data.password) == (b"shop", b"hunter2")
    return AuthResult(success=ok, handled=False)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[tuple[Doorkeeper, MailServer, ssl.SSLContext]]:
    """A server that wants STARTTLS and a login, where it is, and who trusts it."""
    certificate_file, key_file = certificate(tmp_path)
    own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.load_cert_chain(certificate_file, key_file)
    keeper, loop = Doorkeeper(), asyncio.get_running_loop()

    def connection() -> SMTP:
        return SMTP(keeper, loop=loop, tls_context=own, require_starttls=True, auth_required=True, authenticator=known)

    server = await loop.create_server(connection, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    yield keeper, replace(SERVER, port=port), ssl.create_default_context(cafile=str(certificate_file))
    server.close()


async def test_a_mail_goes_over_an_encrypted_way_to_a_server_that_knows_us(
    guarded: tuple[Doorkeeper, MailServer, ssl.SSLContext],
) -> None:
    keeper, server, trusting = guarded
    adapter = SmtpAdapter(server, clock=system_clock, tls_context=trusting)
    await adapter.hand_over(parcel())
    assert len(keeper.mails) == 1
    await adapter.close()


@pytest.mark.parametrize("fault", ["an unknown certificate", "a wrong password", "nobody there"])
async def test_what_is_wrong_with_the_way_is_no_fault_of_the_mail(
    guarded: tuple[Doorkeeper, MailServer, ssl.SSLContext], fault: str
) -> None:
    keeper, server, trusting = guarded
    adapter = {
        "an unknown certificate": SmtpAdapter(server, clock=system_clock),
        "a wrong password": SmtpAdapter(replace(server, password="wrong"), clock=system_clock, tls_context=trusting),
        "nobody there": SmtpAdapter(replace(server, port=1), clock=system_clock),
    }[fault]
    with pytest.raises(NotTaken) as caught:
        await adapter.hand_over(parcel())
    assert "zoe" not in str(caught.value)
    assert keeper.mails == []


async def test_a_connection_is_used_again_and_one_that_the_server_dropped_is_noticed() -> None:
    async with post_office() as post:
        adapter = SmtpAdapter(replace(SERVER, host=LOOPBACK, port=post.port, tls="none", user=""), clock=system_clock)
        for _ in range(3):
            await adapter.hand_over(parcel("kept@example.com"))
        assert post.connections == 1
        post.drop_connections()
        await adapter.hand_over(parcel("kept@example.com"))
        assert post.connections == 2
        post.unwelcome["gone@example.com"] = "550 No such user"
        with pytest.raises(Refused) as refused:
            await adapter.hand_over(parcel("gone@example.com"))
        assert refused.value.is_hard_bounce
        post.unwelcome["full@example.com"] = "452 Mailbox full"
        with pytest.raises(NotTaken) as not_taken:
            await adapter.hand_over(parcel("full@example.com"))
        assert not not_taken.value.is_about_all
        await adapter.hand_over(parcel("kept@example.com"))
        assert (post.connections, len(post.mails("kept@example.com"))) == (2, 5)
        post.manners["lost@example.com"] = hang_up
        with pytest.raises(Unsure):
            await adapter.hand_over(parcel("lost@example.com"))
        await adapter.close()


@asynccontextmanager
async def post_at() -> AsyncIterator[tuple[PostOffice, SmtpAdapter]]:
    async with post_office() as post:
        adapter = SmtpAdapter(replace(SERVER, host=LOOPBACK, port=post.port, tls="none", user=""), clock=system_clock)
        yield post, adapter
        await adapter.close()


@pytest.mark.parametrize("answer", ["?? Welcome", "299x", "333 Go on"])
async def test_garbage_in_place_of_an_answer_to_a_mail_says_nothing_of_what_became_of_it(answer: str) -> None:
    async def garbled(_connection: SMTP) -> str:
        return answer

    async with post_at() as (post, adapter):
        post.manners["zoe@example.com"] = garbled
        with pytest.raises(Unsure):
            await adapter.hand_over(parcel())
        assert len(post.mails("zoe@example.com")) == 1


@pytest.mark.parametrize(
    ("answer", "is_hard"),
    [
        ("550 No such user", True),
        ("550 5.1.1 No such user", True),
        ("550 5.2.1 Mailbox disabled", True),
        ("550 5.7.1 Your network is on our list", False),
        ("553 5.7.1 Sender not allowed", False),
        ("554 No", False),
    ],
)
async def test_a_server_that_does_not_like_us_closes_nobodys_address(answer: str, is_hard: bool) -> None:
    async with post_at() as (post, adapter):
        post.unwelcome["zoe@example.com"] = answer
        with pytest.raises(Refused) as refused:
            await adapter.hand_over(parcel())
        assert refused.value.is_hard_bounce is is_hard


async def test_a_text_comes_as_it_was_written_though_its_lines_begin_with_dots() -> None:
    text = ".\n..\n.hidden\nend."
    async with post_at() as (post, adapter):
        await adapter.hand_over(parcel(rendered=replace(TEXTS, body_text=text)))
        [mail] = post.mails("zoe@example.com")
    assert text_of(mail).rstrip("\n") == text


async def test_a_mail_called_off_when_the_server_is_ready_for_it_is_not_said_and_the_next_one_is() -> None:
    looks = 0

    async def no_at_the_second() -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise CalledOff("no")

    async with post_at() as (post, adapter):
        with pytest.raises(CalledOff):
            await adapter.hand_over(parcel(), no_at_the_second)
        assert post.mails("zoe@example.com") == []
        await adapter.hand_over(parcel(), no_at_the_second)
        assert len(post.mails("zoe@example.com")) == 1


async def test_a_connection_that_ends_before_the_text_has_certainly_not_taken_it() -> None:
    async with post_at() as (post, adapter):

        async def hang_up_first() -> None:
            post.drop_connections()

        post.before_text["zoe@example.com"] = hang_up_first
        with pytest.raises(NotTaken):
            await adapter.hand_over(parcel())


async def test_a_server_that_is_slow_before_it_is_given_the_text_has_certainly_not_taken_it() -> None:
    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 Hello\r\n")
        while await reader.readline():
            await asyncio.sleep(0.4)
            writer.write(b"250 Go on\r\n")
        writer.close()

    server = await asyncio.start_server(slowly, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    slow = replace(SERVER, host=LOOPBACK, port=port, tls="none", user="", timeout_seconds=1)
    adapter = SmtpAdapter(slow, clock=system_clock)
    with pytest.raises(NotTaken):
        async with asyncio.timeout(1.3):  # what is left to a worker
            await adapter.hand_over(parcel())
    server.close()
