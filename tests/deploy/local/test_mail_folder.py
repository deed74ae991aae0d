"""Mails that a server for development keeps as files are read, whichever way it keeps them."""

import os
from pathlib import Path

from deploy.local.mail_folder import read_mail_folder


def mail(to: str, subject: str) -> bytes:
    return f"From: shop@example.com\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nHello\r\n".encode()


def test_a_file_for_each_mail_is_read_oldest_first_and_by_recipient(tmp_path: Path) -> None:
    for age, (to, subject) in enumerate([("anna@example.com", "second"), ("anna@example.com", "first")]):
        file = tmp_path / f"{subject}.eml"
        file.write_bytes(mail(to, subject))
        os.utime(file, (1000 - age, 1000 - age))
    (tmp_path / "other.eml").write_bytes(mail("bob@example.com", "not hers"))
    (tmp_path / "notes.txt").write_text("no mail")
    assert [str(one["Subject"]) for one in read_mail_folder(tmp_path, recipient="anna@example.com")] == [
        "first",
        "second",
    ]
    assert len(read_mail_folder(tmp_path)) == 3


def test_an_empty_folder_has_no_mails(tmp_path: Path) -> None:
    assert read_mail_folder(tmp_path) == []
