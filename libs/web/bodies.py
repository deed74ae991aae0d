"""What a client sends with a POST: read within a size and a time, and forms read into fields."""

import asyncio
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from libs.web.refusals import bad_request, too_large, too_slow, wrong_type

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MOST_FORM_BYTES = 64 * 1024
MOST_FIELDS = 640
"""A preference centre of 200 choices, as many as preference gives, has three fields for each that is ticked."""
MOST_VALUE_CHARACTERS = 200
BOUNDARY = re.compile(r"""; *boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))""", re.IGNORECASE)
DISPOSITION = re.compile(rb"\ncontent-disposition: *form-data((?: *;[^\n]*)?)", re.IGNORECASE)
NAME = re.compile(rb"""; *name=(?:"([^"\n]{1,200})"|([^\s;"]{1,200}))""", re.IGNORECASE)
FILE = re.compile(rb"; *filename\*?=", re.IGNORECASE)

Fields = Mapping[str, tuple[str, ...]]
"""Of each name, all its values: a box that is ticked twice is there twice."""


async def read_body(request: Request, *, most_bytes: int, within_seconds: float) -> bytes:
    """Read the whole body. Raises TOO_LARGE, TOO_SLOW, or BAD_REQUEST where the client went away or says nonsense."""
    declared = request.headers.get("content-length", "0")
    if not (declared.isascii() and declared.isdigit() and len(declared) <= 20):
        raise bad_request()
    if int(declared) > most_bytes:
        raise too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(within_seconds):
            async for piece in request.stream():
                body += piece
                if len(body) > most_bytes:
                    raise too_large()
    except TimeoutError:
        raise too_slow() from None
    except ClientDisconnect:
        raise bad_request() from None
    return bytes(body)


async def read_form(request: Request, *, within_seconds: float, most_characters: int = MOST_VALUE_CHARACTERS) -> Fields:
    """Read a form. Raises as `read_body`, WRONG_TYPE where it is none, BAD_REQUEST for too many or too long fields."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {URLENCODED, MULTIPART}:
        raise wrong_type()
    body = await read_body(request, most_bytes=MOST_FORM_BYTES, within_seconds=within_seconds)
    pairs = _urlencoded(body) if kind == URLENCODED else _multipart(body, request.headers["content-type"])
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if len(name) > MOST_VALUE_CHARACTERS or len(value) > most_characters:
            raise bad_request()
        fields[name] = (*fields.get(name, ()), value)
    return fields


def one(fields: Fields, name: str) -> str:
    """Give the only value of a field; empty where it is missing. Raises BAD_REQUEST where there are several."""
    values = fields.get(name, ())
    if len(values) > 1:
        raise bad_request()
    return values[0] if values else ""


def _urlencoded(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise bad_request() from None


def _multipart(body: bytes, content_type: str) -> list[tuple[str, str]]:
    """Read a form as some mail providers send the one-click body. Files are no fields of ours, and left out.

    By hand, in time that grows with the body alone: parsers of mail take seconds for heads that somebody may invent.
    """
    boundary = BOUNDARY.search(content_type)
    if boundary is None:
        raise bad_request()
    mark = b"\n--" + (boundary[1] or boundary[2]).encode("latin-1")
    _, *parts = (b"\n" + body.replace(b"\r\n", b"\n")).split(mark, MOST_FIELDS + 2)
    if len(parts) < 2 or len(parts) > MOST_FIELDS + 1 or not parts[-1].startswith(b"--"):
        raise bad_request()
    pairs = []
    for part in parts[:-1]:
        head, _, content = part.lstrip(b" \t").partition(b"\n\n")
        if not head.startswith(b"\n"):
            continue  # it has no head, and so no name
        told = DISPOSITION.search(head)
        name = NAME.search(told[1]) if told else None
        if told and name and not FILE.search(told[1]):
            pairs.append((_text(name[1] or name[2]), _text(content).strip("\n")))
    return pairs


def _text(said: bytes) -> str:
    return said.decode("utf-8", errors="replace")
