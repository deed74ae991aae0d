"""Reads what a mail says of itself: which mails it answers, and whether a program sent it. Pure.

Everything in a mail was written by whoever sent it: it is bounded here, and what makes no sense is passed over.
"""

import re
from collections.abc import Iterable, Sequence

from services.messaging.conversations.talking import newest_mail_ids
from services.messaging.values import Message

MAX_REFERENCES = 20
MAX_MAIL_ID_CHARACTERS = 998
MAX_SUBJECT_CHARACTERS = 200
BULK = frozenset({"bulk", "junk", "list"})
_MAIL_ID = re.compile(r"[!-;=?-~]+")
"""Printable ASCII without spaces and angle brackets."""
_OUR_MESSAGE = re.compile(r"(msg_[0-9a-z]{26})@")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_CONTROLS_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]+")


def mail_id_of(text: str) -> str:
    """Give a Message-ID without its angle brackets; empty where it is none."""
    name = text.strip().removeprefix("<").removesuffix(">")
    return name if len(name) <= MAX_MAIL_ID_CHARACTERS and _MAIL_ID.fullmatch(name) else ""


def answered_mails(in_reply_to: str, references: Sequence[str]) -> tuple[str, ...]:
    """Give the ids of the mails that a mail answers, the likeliest first: In-Reply-To, then the newest reference."""
    said = (in_reply_to, *reversed(references[-MAX_REFERENCES:]))
    return tuple(dict.fromkeys(name for text in said if (name := mail_id_of(text))))


def our_message(mail_id: str) -> str:
    """Give the id of our message whose mail has this Message-ID (`<message_id@domain>`); empty where it is not ours.

    Whose domain it names is not asked: nobody can guess the id.
    """
    match = _OUR_MESSAGE.match(mail_id)
    return match[1] if match else ""


def is_automatic(auto_submitted: str, precedence: str) -> bool:
    """Say whether a program sent it by itself: nobody has to answer, and an answer might be answered for ever."""
    said = auto_submitted.partition(";")[0].strip().lower()
    return said not in {"", "no"} or precedence.strip().lower() in BULK


def clean_subject(subject: str) -> str:
    """Give a subject as one line of at most 200 characters."""
    return _CONTROLS.sub(" ", subject).strip()[:MAX_SUBJECT_CHARACTERS]


def clean_text(text: str) -> str:
    """Give a text without characters that steer anything, its lines ended by newlines alone."""
    return _CONTROLS_BUT_LINES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def reply_headers(message: Message) -> tuple[tuple[str, str], ...]:
    """Give the headers by which a mail joins the thread of those that it answers; none for other messages."""
    return thread_headers(message.answered_mail_ids)


def thread_headers(mail_ids: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Give In-Reply-To, the newest, and References, all of them; nothing can break a header, since each is an id."""
    known = [name for text in mail_ids if (name := mail_id_of(text))]
    names = [f"<{name}>" for name in newest_mail_ids(known)]
    return (("In-Reply-To", names[-1]), ("References", " ".join(names))) if names else ()
