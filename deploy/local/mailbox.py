"""A local SMTP server: it takes every mail, delivers none, and keeps each in a Maildir where a person can read it.

Run as a process: `python -m deploy.local.mailbox PORT FOLDER`.
"""

import asyncio
import mailbox
import signal
import sys
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.ports import LOOPBACK, accepts
from deploy.local.server import Server

ROOT = Path(__file__).resolve().parents[2]
MAX_MAIL_BYTES = 1024 * 1024
MAX_MAILS = 10_000
INSUFFICIENT_STORAGE = "452 The mailbox is full"
RECIPIENT = "X-Envelope-To"


class Keeper:
    """What aiosmtpd calls with each mail."""

    def __init__(self, folder: Path) -> None:
        self._maildir = mailbox.Maildir(folder, create=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Keep the mail on disk before it is acknowledged, with the envelope's recipients in a header of our own."""
        if len(self._maildir) >= MAX_MAILS:
            return INSUFFICIENT_STORAGE
        content = envelope.original_content or b""
        to = ", ".join(envelope.rcpt_tos)
        self._maildir.add(f"{RECIPIENT}: {to}\r\n".encode() + content)
        return "250 Kept"


def read_mails(folder: Path, *, recipient: str = "") -> list[EmailMessage]:
    """Give the mails that arrived, oldest first; with `recipient`, only those that were addressed to it."""
    if not (folder / "new").is_dir():
        return []
    # Maildir names begin with the second and microsecond of arrival.
    files = sorted((folder / "new").iterdir(), key=lambda file: file.stat().st_mtime_ns)
    mails = [parsed(file.read_bytes()) for file in files]
    return [mail for mail in mails if not recipient or recipient in str(mail[RECIPIENT])]


def parsed(content: bytes) -> EmailMessage:
    """Read one mail."""
    mail = message_from_bytes(content, policy=policy.default)
    if not isinstance(mail, EmailMessage):
        raise TypeError("the default policy makes an EmailMessage")
    return mail


class Mailbox(Server[str]):
    """The SMTP server as a child process; its address is `host:port`."""

    def __init__(self, *, data_dir: Path, port: int) -> None:
        self.folder = data_dir / "mails"
        super().__init__(
            command=[sys.executable, "-m", "deploy.local.mailbox", str(port), self.folder],
            data_dir=data_dir,
            address=f"{LOOPBACK}:{port}",
            port=port,
            responds=lambda _: accepts(port),
            name="mailbox",
            cwd=ROOT,
        )

    def mails(self, *, recipient: str = "") -> list[EmailMessage]:
        """Give the mails that arrived, oldest first."""
        return read_mails(self.folder, recipient=recipient)


async def serve(port: int, folder: Path) -> None:
    """Take mails until the process is asked to stop."""
    loop = asyncio.get_running_loop()
    keeper = Keeper(folder)

    def one_connection() -> SMTP:
        return SMTP(keeper, data_size_limit=MAX_MAIL_BYTES, enable_SMTPUTF8=True, loop=loop)

    server = await loop.create_server(one_connection, LOOPBACK, port)
    stop = asyncio.Event()
    for asked in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(asked, stop.set)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
