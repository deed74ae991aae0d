"""Reads the mails that a server for development keeps in a folder: a Maildir, or a file `*.eml` for each."""

from email.message import EmailMessage
from pathlib import Path

from deploy.local.mailbox import RECIPIENT, parsed, read_mails


def read_mail_folder(folder: Path, *, recipient: str = "") -> list[EmailMessage]:
    """Give the mails that arrived, oldest first; with `recipient`, only those that were addressed to it."""
    if (folder / "new").is_dir():
        return read_mails(folder, recipient=recipient)
    files = sorted(folder.rglob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
    mails = [parsed(file.read_bytes()) for file in files]
    return [mail for mail in mails if recipient in f"{mail.get(RECIPIENT, '')} {mail.get('To', '')}"]
