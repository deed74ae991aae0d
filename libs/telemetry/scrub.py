"""What may be said of an exception in a log or on a span: its type, where it happened, and its text without values.

An exception's text is written by whoever raised it, and may quote what a customer typed (a duplicate key).
Everything that looks like a quoted value is therefore cut out; a person finds the place by the frames.
"""

import re
import traceback

MOST_TEXT_CHARACTERS = 300
MOST_FRAMES = 12
VALUES = re.compile(
    r"""'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*"  # quoted
      | \{[^{}]*\} | \[[^\[\]]*\]              # a document or a list
      | \S+@\S+                                # an address
      | \+?\d[\d\s()/-]{5,}\d                  # a number to call, or a card
    """,
    re.VERBOSE,
)


PASSWORD = re.compile(r"(?<=://)[^\s/@]*:[^\s/]*@")
"""In an address; a password may hold what ought to be escaped in one."""


def has_password(address: str) -> bool:
    """Say whether an address holds a user's password."""
    return PASSWORD.search(address) is not None


def without_passwords(text: str) -> str:
    """Give a text without the users and passwords of addresses in it."""
    return PASSWORD.sub("…@", text)


def safe_text(error: BaseException) -> str:
    """Give the exception's text with its values cut out, at most 300 characters."""
    return VALUES.sub("…", without_passwords(str(error)))[:MOST_TEXT_CHARACTERS]


def frames(error: BaseException) -> list[str]:
    """Give where it was raised, innermost last: `libs/rpc/door.py:120 answer`. At most the 12 innermost."""
    summary = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in summary]


def described(error: BaseException) -> dict[str, object]:
    """Give what a log line says of an exception, with the exception behind it."""
    description: dict[str, object] = {
        "exception_type": type_name(error),
        "exception_text": safe_text(error),
        "exception_frames": frames(error),
    }
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        description["exception_cause"] = f"{type_name(cause)}: {safe_text(cause)}"
    return description


def type_name(error: BaseException) -> str:
    """Give the exception's type with its module."""
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
