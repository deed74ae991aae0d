"""A mail server in the test's own process: it keeps what it takes, and behaves as a test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

LOOPBACK = "127.0.0.1"
TAKEN = "250 Kept"

Manner = Callable[[SMTP], Awaitable[str]]
"""What a connection does when the text of a mail has come: gives its answer."""


class PostOffice:
    """Takes mails; `manners` has what is different for one recipient."""

    def __init__(self) -> None:
        self.port = 0
        self.manners: dict[str, Manner] = {}
        self.unwelcome: dict[str, str] = {}
        """Recipients that are refused, with the answer."""
        self.connections = 0
        self._mails: list[tuple[str, EmailMessage]] = []
        self._open: list[SMTP] = []

    def connected(self, connection: SMTP) -> SMTP:
        """Count a connection."""
        self.connections += 1
        self._open.append(connection)
        return connection

    def drop_connections(self) -> None:
        """Hang up on everybody."""
        for connection in self._open:
            if isinstance(connection.transport, asyncio.Transport):
                connection.transport.abort()
        self._open.clear()

    def mails(self, recipient: str) -> list[EmailMessage]:
        """What came for somebody, oldest first, taken or not."""
        return [mail for to, mail in self._mails if to == recipient]

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.unwelcome:
            return self.unwelcome[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  as above
        [recipient] = envelope.rcpt_tos
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self._mails.append((recipient, mail))
        manner = self.manners.get(recipient)
        return await manner(server) if manner else TAKEN


@asynccontextmanager
async def post_office() -> AsyncIterator[PostOffice]:
    """Serve on a free port while inside."""
    office, loop = PostOffice(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: office.connected(SMTP(office, loop=loop)), LOOPBACK, 0)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()


async def hang_up(connection: SMTP) -> str:
    """Take the text and say nothing."""
    assert isinstance(connection.transport, asyncio.Transport)
    connection.transport.abort()
    return TAKEN


def text_of(mail: EmailMessage) -> str:
    """The plain text of a mail, with single line ends."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def html_of(mail: EmailMessage) -> str:
    """The HTML of a mail."""
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())
