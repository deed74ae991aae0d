"""What a mail says of itself was written by whoever sent it: it is read with care."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging.conversations.mails import (
    answered_mails,
    clean_subject,
    clean_text,
    is_automatic,
    mail_id_of,
    our_message,
    thread_headers,
)

OURS = "msg_01jd3m0000aaaaaaaaaaaaaaaa"


def test_the_mail_that_is_answered_comes_first_and_the_newest_reference_next() -> None:
    assert answered_mails("<c@x>", ["<a@x>", "<b@x>", "<c@x>"]) == ("c@x", "b@x", "a@x")
    assert answered_mails("", ["<a@x>", "not an id", "<" + "a" * 1000 + ">"]) == ("a@x",)


def test_our_own_mail_is_known_by_its_id() -> None:
    assert our_message(f"{OURS}@shop.example") == OURS
    assert our_message("msg_1@shop.example") == our_message(f"x{OURS}@shop.example") == ""


@pytest.mark.parametrize(
    ("auto_submitted", "precedence", "expected"),
    [
        ("", "", False),
        ("no", "", False),
        ("No; comment", "first-class", False),
        ("auto-replied", "", True),
        ("auto-generated; type=x", "", True),
        ("", "Bulk", True),
        ("", " list ", True),
    ],
)
def test_a_mail_that_a_program_sent_says_so(auto_submitted: str, precedence: str, expected: bool) -> None:
    assert is_automatic(auto_submitted, precedence) is expected


@given(st.text(max_size=400))
def test_a_subject_is_one_line_that_breaks_no_header(subject: str) -> None:
    clean = clean_subject(subject)
    assert len(clean) <= 200
    assert clean.splitlines() in ([clean], []) or not any(mark in clean for mark in "\r\n\0")


@given(st.text(max_size=400))
def test_a_text_keeps_its_lines_and_nothing_that_steers(text: str) -> None:
    clean = clean_text(text)
    assert not any(ord(mark) < 32 and mark not in "\n\t" for mark in clean)
    assert clean_text(clean) == clean


@given(st.lists(st.text(max_size=300), max_size=12))
def test_whatever_ids_came_the_headers_of_the_answer_hold(mail_ids: list[str]) -> None:
    mail = EmailMessage(policy=SMTP)
    for name, value in thread_headers(mail_ids):
        mail[name] = value
    mail.set_content("Hello")
    known = list(dict.fromkeys(name for text in mail_ids if (name := mail_id_of(text))))
    assert (mail["In-Reply-To"] is None) == (not known)
    if known:
        assert mail["In-Reply-To"] == f"<{known[-1]}>"
        assert len(mail["References"].split()) <= 5
