"""Hands mails to a mail server, and tells what is certain afterwards: taken, refused, not taken, or not known.

What decides is how far the handing over had come. Until the text is sent nothing was taken; after that only the
server's answer tells, and where that is lost nobody knows.
The last look is taken twice: before the server is asked whether it wants the text, since until then a connection can
go on with another mail, and when it wants it, since it may take its time to say so.
"""

import asyncio
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib.errors import SMTPException, SMTPRecipientRefused, SMTPResponseException, SMTPServerDisconnected

from libs.clock import Clock
from services.messaging.deciding.last_look import CalledOff
from services.messaging.delivery.adapters import (
    Look,
    NotTaken,
    Parcel,
    Refused,
    Taken,
    Unsure,
    nothing_to_look_at,
)
from services.messaging.delivery.mail import Mail, MailServer, compose

PASSING = range(400, 500)
PERMANENT = range(500, 600)
NO_SUCH_MAILBOX = frozenset({550, 551, 553})
ENHANCED = re.compile(r"5\.(\d{1,3})\.(\d{1,3})\b")
OF_ADDRESSES = "1"
DISABLED_MAILBOX = ("2", "1")
LINE_END = re.compile(rb"\r\n|\r|\n")
DOT_AT_START = re.compile(rb"(?m)^\.")
GO_ON = 354
TAKEN = 250
LEAST_SECONDS = 1.0
QUIT_SECONDS = 2.0
MOST_IDLE = 4
IDLE_SECONDS = 20.0
MOST_MAILS = 100
"""So many over one connection: some servers end it then by themselves."""


@dataclass(slots=True)
class _Connection:
    client: aiosmtplib.SMTP
    mails: int = 0
    idle_since: float = 0.0

    @property
    def is_used(self) -> bool:
        return self.mails > 0


class SmtpAdapter:
    """Keeps a few connections open; one that the server dropped meanwhile is noticed before anything is sent on it."""

    can_look_up = False
    takes_once = False

    def __init__(self, server: MailServer, *, clock: Clock, tls_context: ssl.SSLContext | None = None) -> None:
        self.server = server
        self._clock = clock
        self._tls_context = tls_context
        self._idle: list[_Connection] = []

    async def hand_over(self, parcel: Parcel, last_look: Look = nothing_to_look_at) -> Taken:
        """Give a mail to the server and return when it has taken it. Raises Refused, NotTaken, Unsure, CalledOff."""
        mail = compose(self.server, parcel, now=self._clock())
        now = asyncio.get_running_loop().time
        until = now() + self.server.timeout_seconds
        connection = await self._announced(mail)
        try:
            await last_look()
            await _ask_for_the_word(connection.client, seconds=max(until - now(), LEAST_SECONDS))
            await _look_with_the_word(connection.client, last_look)
            await self._say(connection.client, mail.content)
        except (NotTaken, Refused, CalledOff):
            await self._keep(connection, reset=True)
            raise
        except BaseException:
            connection.client.close()
            raise
        await self._keep(connection, reset=False)
        return Taken()

    async def look_up(self, _idempotency_key: str) -> Taken | None:
        """Say that nobody can be asked."""
        raise Unsure("a mail server cannot be asked")

    async def close(self) -> None:
        """End the connections that are kept."""
        while self._idle:
            await _part(self._idle.pop())

    async def _announced(self, mail: Mail) -> _Connection:
        """Say to whom it goes, within the time that one step may take: by that nothing is taken.

        So a server that is slow at each step is tried again, and nobody has to wonder.
        """
        try:
            async with asyncio.timeout(self.server.timeout_seconds):
                return await self._announced_on_some(mail)
        except TimeoutError:
            raise NotTaken("slow") from None

    async def _announced_on_some(self, mail: Mail) -> _Connection:
        """Say it on a connection that was kept, and again on another one where that was dead."""
        while (connection := self._kept()) is not None:
            try:
                await self._announce(connection, mail)
            except _Dead:
                connection.client.close()
            else:
                return connection
        connection = _Connection(self._client())
        try:
            await self._announce(connection, mail)
        except _Dead as dead:
            raise NotTaken(str(dead)) from None
        return connection

    async def _announce(self, connection: _Connection, mail: Mail) -> None:
        client = connection.client
        try:
            if not connection.is_used:
                await client.connect()
            await client.mail(mail.sender)
            await client.rcpt(mail.recipient)
        except SMTPRecipientRefused as answer:
            await self._keep(connection, reset=True)
            # The server's words repeat the address.
            if answer.code in PERMANENT:
                raise Refused(str(answer.code), is_hard_bounce=_is_about_the_mailbox(answer)) from None
            raise NotTaken(str(answer.code), is_about_all=False) from None
        except SMTPResponseException as answer:
            # A login that fails, or a sender that is not liked, concerns us and not this mail: it passes.
            if connection.is_used:
                raise _Dead(str(answer.code)) from None
            client.close()
            raise NotTaken(str(answer.code)) from None
        except UnicodeEncodeError:
            client.close()
            raise Refused("the address is not in ASCII") from None
        except (SMTPException, OSError, TimeoutError) as error:
            client.close()
            raise _Dead(type(error).__name__) from None
        except BaseException:
            client.close()
            raise

    async def _say(self, client: aiosmtplib.SMTP, content: bytes) -> None:
        protocol = client.protocol
        try:
            if protocol is None:
                raise SMTPServerDisconnected("hung up")
            protocol.write(_as_sent(content))
        except SMTPServerDisconnected as error:
            raise NotTaken(type(error).__name__) from None
        try:
            answer = await protocol.read_response(timeout=self.server.timeout_seconds)
        except (SMTPException, OSError, TimeoutError) as error:
            raise Unsure(type(error).__name__) from None
        if answer.code != TAKEN:
            _raise_refusal(answer.code)
            raise Unsure("garbage")  # the text is there, and this is no word about it

    def _kept(self) -> _Connection | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            if connection.client.is_connected and now - connection.idle_since < IDLE_SECONDS:
                return connection
            connection.client.close()
        return None

    async def _keep(self, connection: _Connection, *, reset: bool) -> None:
        connection.mails += 1
        connection.idle_since = asyncio.get_running_loop().time()
        try:
            if reset:
                await connection.client.rset(timeout=QUIT_SECONDS)
        except (SMTPException, OSError, TimeoutError):
            connection.client.close()
            return
        if connection.mails < MOST_MAILS and len(self._idle) < MOST_IDLE:
            self._idle.append(connection)
        else:
            await _part(connection)

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


class _Dead(Exception):
    """The connection was of no use before anything was said on it."""


def _is_about_the_mailbox(answer: SMTPResponseException) -> bool:
    """Say whether a mailbox does not exist: many servers say 550 as well to a sender whom they do not like.

    Where the server says it in detail (RFC 3463), that holds: `5.1.x` is about the address, `5.7.x` about us.
    """
    if answer.code not in NO_SUCH_MAILBOX:
        return False
    told = ENHANCED.match(answer.message.strip())
    return told is None or told[1] == OF_ADDRESSES or told.groups() == DISABLED_MAILBOX


async def _ask_for_the_word(client: aiosmtplib.SMTP, *, seconds: float) -> None:
    """Return when the server wants the text; whatever else it says or does not say, nothing is taken."""
    try:
        answer = await client.execute_command(b"DATA", timeout=seconds)
    except (SMTPException, OSError, TimeoutError) as error:
        client.close()
        raise NotTaken(type(error).__name__) from None
    if answer.code != GO_ON:
        _raise_refusal(answer.code)
        client.close()
        raise NotTaken("garbage")


async def _look_with_the_word(client: aiosmtplib.SMTP, last_look: Look) -> None:
    try:
        await last_look()
    except CalledOff:
        client.close()  # there is no other way not to say a text that a server waits for
        raise


def _raise_refusal(code: int) -> None:
    if code in PERMANENT:
        raise Refused(str(code))
    if code in PASSING:
        raise NotTaken(str(code), is_about_all=False)


def _as_sent(content: bytes) -> bytes:
    """Write a text as it goes over the wire: a line that begins with a dot gets another, and one by itself ends it."""
    lines = LINE_END.sub(b"\r\n", content).removesuffix(b"\r\n") + b"\r\n"
    return DOT_AT_START.sub(b"..", lines) + b".\r\n"


async def _part(connection: _Connection) -> None:
    with suppress(SMTPException, OSError, TimeoutError):
        await connection.client.quit(timeout=QUIT_SECONDS)
    connection.client.close()
