"""Hands mails to the mail server, and tells what is certain afterwards: taken, refused, not taken, or not known.

What decides is how far the handing over had come. Until the text is sent nothing was taken; after that only the
server's answer tells, and where that is lost nobody knows.
"""

import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime

import aiosmtplib
from aiosmtplib.errors import SMTPException, SMTPRecipientRefused, SMTPResponseException

from services.messaging.settings import MessagingSettings
from services.messaging.texts.templates import Rendered

PERMANENT = range(500, 600)
QUIT_SECONDS = 2.0


class Refused(Exception):
    """The server will not take it, now or later; the message is the SMTP code, or a word."""


class NotTaken(Exception):
    """The server has certainly not taken it; it may another time."""


class Unsure(Exception):
    """The text was sent, and no answer came: it may have been taken."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails go, and whose they are."""

    host: str
    port: int
    tls: str
    user: str
    password: str
    timeout_seconds: float
    from_address: str
    from_name: str

    @classmethod
    def of(cls, settings: MessagingSettings) -> "MailServer | None":
        """Read it from the settings; None where no e-mail is sent. OSError where the password cannot be read."""
        if not settings.smtp_host:
            return None
        file = settings.smtp_password_file
        return cls(
            host=settings.smtp_host,
            port=settings.smtp_port,
            tls=settings.smtp_tls,
            user=settings.smtp_user,
            password=file.read_text(encoding="utf-8").splitlines()[0] if file else "",
            timeout_seconds=settings.smtp_timeout_seconds,
            from_address=settings.from_address,
            from_name=settings.from_name,
        )


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person."""

    sender: str
    recipient: str
    """As the server is told: the domain in ASCII."""
    content: bytes


def compose(
    server: MailServer, rendered: Rendered, *, message_id: str, address: str, language: str, now: datetime
) -> Mail:
    """Write a mail. Its Message-ID follows from the message's id, so that a second copy could be known as one.

    Raises Refused for an address that cannot be written.
    """
    local_part, _, domain = address.rpartition("@")
    if not (local_part and domain):
        raise Refused("no address")
    content = EmailMessage(policy=SMTP_POLICY)
    try:
        recipient = Address(username=local_part, domain=_ascii(domain))
        content["To"] = recipient
        content["From"] = Address(display_name=server.from_name, addr_spec=server.from_address)
        content["Subject"] = rendered.subject
        content["Date"] = format_datetime(now)
        content["Message-ID"] = f"<{message_id}@{server.from_address.rpartition('@')[2]}>"
        content["Auto-Submitted"] = "auto-generated"
        content.set_content(rendered.body_text)
        if rendered.body_html:
            content.add_alternative(rendered.body_html, subtype="html")
        content["Content-Language"] = language
        return Mail(sender=server.from_address, recipient=recipient.addr_spec, content=content.as_bytes())
    except (ValueError, MessageError) as error:
        raise Refused(type(error).__name__) from None  # its words repeat the address


class Mailer:
    """Sends one mail per connection: our few workers keep none open that the server might drop unseen."""

    def __init__(self, server: MailServer, *, tls_context: ssl.SSLContext | None = None) -> None:
        self.server = server
        self._tls_context = tls_context

    async def hand_over(self, mail: Mail) -> None:
        """Give a mail to the server and return when it has taken it. Raises Refused, NotTaken, Unsure."""
        client = self._client()
        try:
            await self._announce(client, mail)
            await self._say(client, mail.content)
            with suppress(SMTPException, OSError):
                await client.quit(timeout=QUIT_SECONDS)
        finally:
            client.close()

    async def _announce(self, client: aiosmtplib.SMTP, mail: Mail) -> None:
        try:
            await client.connect()
            await client.mail(mail.sender)
            await client.rcpt(mail.recipient)
        except SMTPResponseException as answer:
            # A login that fails, or a sender that is not liked, concerns us and not this mail: it passes.
            if answer.code in PERMANENT and isinstance(answer, SMTPRecipientRefused):
                raise Refused(str(answer.code)) from None  # the server's words repeat the address
            raise NotTaken(str(answer.code)) from None
        except UnicodeEncodeError:
            raise Refused("the address is not in ASCII") from None
        except (SMTPException, OSError, TimeoutError) as error:
            raise NotTaken(type(error).__name__) from None

    async def _say(self, client: aiosmtplib.SMTP, content: bytes) -> None:
        try:
            await client.data(content)
        except SMTPResponseException as answer:
            raise (Refused if answer.code in PERMANENT else NotTaken)(str(answer.code)) from None
        except (SMTPException, OSError, TimeoutError) as error:
            raise Unsure(type(error).__name__) from None

    def _client(self) -> aiosmtplib.SMTP:
        server = self.server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls == "implicit",
            start_tls=server.tls == "starttls",
            tls_context=self._tls_context,
            username=server.user or None,
            password=server.password or None,
            timeout=server.timeout_seconds,
        )


def _ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain
