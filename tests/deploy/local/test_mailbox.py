"""The local SMTP server keeps what arrived, so that a person and a test can read it."""

from email.message import EmailMessage
from pathlib import Path

import aiosmtplib

from deploy.local.mailbox import Mailbox
from deploy.local.ports import free_port


def letter(to: str, subject: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.com", to, subject
    mail.set_content("Grüße aus dem Laden\n")
    mail.add_alternative("<p>Grüße aus dem Laden</p>", subtype="html")
    return mail


async def test_a_mail_that_was_taken_can_be_read_by_its_recipient_only(tmp_path: Path) -> None:
    port = free_port()
    async with Mailbox(data_dir=tmp_path, port=port) as mailbox:
        assert mailbox.mails() == []
        await aiosmtplib.send(letter("anna@example.com", "Ihr Warenkorb"), hostname="127.0.0.1", port=port)
        await aiosmtplib.send(letter("ben@example.com", "Hello"), hostname="127.0.0.1", port=port)
        (mail,) = mailbox.mails(recipient="anna@example.com")
    body = mail.get_body(("plain",))
    assert mail["Subject"] == "Ihr Warenkorb"
    assert body is not None
    assert body.get_content().strip() == "Grüße aus dem Laden"
    assert [mail["Subject"] for mail in mailbox.mails()] == ["Ihr Warenkorb", "Hello"]
