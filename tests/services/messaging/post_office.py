"""A mail server in the test's own process: it keeps what it takes, and behaves as a test tells it to."""

import asyncio
import time
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
        self.at_recipient: dict[str, Callable[[], Awaitable[object]]] = {}
        """What happens while somebody waits for a recipient to be taken."""
        self.before_text: dict[str, Callable[[], Awaitable[object]]] = {}
        """What happens while somebody who asked for it (`DATA`) waits to be let say the text for a recipient."""
        self.connections = 0
        self._mails: list[tuple[str, EmailMessage]] = []
        self._times: list[tuple[str, float]] = []
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

    def times(self, recipient: str) -> list[float]:
        """When that came, on the clock of `time.monotonic`."""
        return [came for to, came in self._times if to == recipient]

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.unwelcome:
            return self.unwelcome[address]
        if (happens := self.at_recipient.get(address)) is not None:
            await happens()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  as above
        [recipient] = envelope.rcpt_tos
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self._mails.append((recipient, mail))
        self._times.append((recipient, time.monotonic()))
        manner = self.manners.get(recipient)
        return await manner(server) if manner else TAKEN


class Counter(SMTP):
    """One connection's; it may take its time before it lets somebody say the text."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  aiosmtpd's name
        """Answer `DATA`."""
        assert isinstance(self.event_handler, PostOffice)
        for recipient in self.envelope.rcpt_tos if self.envelope else ():
            if (happens := self.event_handler.before_text.get(recipient)) is not None:
                await happens()
        await super().smtp_DATA(arg)


@asynccontextmanager
async def post_office() -> AsyncIterator[PostOffice]:
    """Serve on a free port while inside."""
    office, loop = PostOffice(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: office.connected(Counter(office, loop=loop)), LOOPBACK, 0)
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
